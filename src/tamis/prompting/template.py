"""Prompts with places for columns: `"Summarise: {text}"`, or messages with roles."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis.errors import SettingError

ROLES = ("system", "developer", "user", "assistant")
Message = tuple[str, str]


@dataclass(frozen=True)
class Template:
    """Messages, each a role and a text with places; the last is what is asked.

    >>> Template.of("Translate into {lang}: {text}").columns
    ('lang', 'text')
    >>> Template.of("{{not a place}} {text}").filled({"text": "a {b}"})
    (('user', '{not a place} a {b}'),)
    """

    messages: tuple[Message, ...]

    @classmethod
    def of(
        cls, given: Any, system: str | None = None, examples: Sequence[Mapping[str, Any]] = ()
    ) -> Template:
        """From a text (what the user says), or a list of mappings `role` and `content`.

        Each of the `examples` maps the places to values, and `answer` to what the model should say
        then: they become turns before the text. `SettingError`s say what is wrong.
        """
        if isinstance(given, Template):
            return given
        if isinstance(given, str):
            messages: list[Message] = [("user", given)]
        else:
            messages = [_message(one) for one in _several(given)]
        for _, text in messages:
            _places(text)
        if examples:
            shown = _shown(messages, examples)
            first = next((k for k, (role, _) in enumerate(messages) if role not in ROLES[:2]), 0)
            messages[first:first] = shown
        if system is not None:
            if not isinstance(system, str):
                raise SettingError("system= is a text")
            _places(system)
            messages.insert(0, ("system", system))
        if messages[-1][0] == "assistant" or not messages[-1][1].strip():
            raise SettingError(
                "a prompt ends with what the model is to answer, and that has a text"
            )
        return cls(tuple(messages))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it has places for, in order."""
        return tuple(dict.fromkeys(p for _, text in self.messages for p in _places(text)))

    def filled(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages with values in their places."""
        words = {name: spoken(value) for name, value in values.items()}
        return tuple((role, _filled(text, words)) for role, text in self.messages)

    def to_data(self) -> Any:
        """As a recipe has it: the text alone where there is nothing but one."""
        if len(self.messages) == 1 and self.messages[0][0] == "user":
            return self.messages[0][1]
        return [{"role": role, "content": text} for role, text in self.messages]


def spoken(value: Any) -> str:
    """A value as it stands in a prompt: text as it is, everything else as JSON.

    >>> spoken("a"), spoken(2), spoken(0.5), spoken(True), spoken(["a"])
    ('a', '2', '0.5', 'true', '["a"]')
    """
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, bytes | bytearray | memoryview):
        raise SettingError("a prompt has no place for bytes; pictures go with images=")
    return str(value)


def _several(given: Any) -> Sequence[Any]:
    if isinstance(given, Sequence) and len(given) and not isinstance(given, bytes):
        return given
    raise SettingError(
        "a prompt is a text such as 'Summarise: {text}', or a list of messages such as "
        "{'role': 'user', 'content': 'Summarise: {text}'}"
    )


def _message(one: Any) -> Message:
    if not isinstance(one, Mapping) or set(one) != {"role", "content"}:
        raise SettingError(f"a message is a mapping with role and content, found {one!r}")
    if one["role"] not in ROLES:
        raise SettingError(f"role {one['role']!r} is unknown (known: {', '.join(ROLES)})")
    if not isinstance(one["content"], str):
        raise SettingError(f"the content of a message is a text, found {one['content']!r}")
    return one["role"], one["content"]


def _shown(messages: Sequence[Message], examples: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Examples as turns: the last message filled in, and the answer to it."""
    asked = messages[-1][1]
    wanted = {*_places(asked), "answer"}
    if "answer" in _places(asked):
        raise SettingError("examples= name the answer 'answer': give a column of that name another")
    if isinstance(examples, str | Mapping) or not all(isinstance(e, Mapping) for e in examples):
        raise SettingError("examples= is a list of mappings of the template's places, and answer")
    found: list[Message] = []
    for one in examples:
        if set(one) != wanted:
            told = f"an example has {', '.join(map(str, one)) or 'nothing'}"
            raise SettingError(f"{told}; it needs {', '.join(sorted(wanted))}")
        words = {name: spoken(value) for name, value in one.items()}
        found.append(("user", _escaped(_filled(asked, words))))
        found.append(("assistant", _escaped(words["answer"])))
    return found


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _places(text: str) -> list[str]:
    """The columns named in a text; `SettingError` for what is no plain place."""
    found = []
    try:
        for _, name, spec, conversion in string.Formatter().parse(text):
            if name is None:
                continue
            if not name or spec or conversion:
                shown = (
                    name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
                )
                raise SettingError(
                    f"{{{shown}}} is no place for a column; write {{text}}, {{{{ }}}} for braces"
                )
            found.append(name)
    except SettingError:
        raise
    except ValueError as error:
        raise SettingError(
            f"the prompt {text[:60]!r}: {error}; write {{{{ and }}}} for braces that are meant"
        ) from None
    return found


def _filled(text: str, words: Mapping[str, str]) -> str:
    """A text with its places filled; what a value holds is never taken for a place."""
    parts = []
    for literal, name, _, _ in string.Formatter().parse(text):
        parts.append(literal)
        if name is not None:
            parts.append(words[name])
    return "".join(parts)
