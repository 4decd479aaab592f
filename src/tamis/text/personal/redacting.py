"""Spans of a text taken out, covered or replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple, get_args

from tamis.errors import SettingError
from tamis.spelling import meant
from tamis.text.personal.drawing import Draw, digest, normal, read_key
from tamis.text.personal.spans import Spans
from tamis.text.personal.surrogates import surrogate

Action = Literal["replace", "redact", "mask", "hash", "surrogate"]
Actions = tuple[tuple[str, str], ...]
Scope = Literal["dataset", "record"]
ACTIONS = get_args(Action)
_BRACES = re.compile(r"\{([^{}]*)\}")
_KEYED = frozenset({"hash", "surrogate"})


class How(NamedTuple):
    """What is done to spans: `action`, and others for some entities; the rest are its settings."""

    action: str
    others: Mapping[str, str]
    placeholder: str
    numbered: bool
    mask: str
    keep_last: int
    key: bytes
    scope: str


def how(
    action: str, actions: Actions, placeholder: str, numbered: bool, mask: str, keep_last: int,
    key_file: str | None, scope: str,
) -> How:  # fmt: skip
    """The settings of a redaction, checked; the key is read. Raises `SettingError`."""
    others = dict(actions)
    for entity, other in others.items():
        if other not in ACTIONS:
            raise SettingError(
                f"actions: {other!r} (for {entity}) is none of {', '.join(ACTIONS)}"
                f"{meant(other, ACTIONS)}"
            )
    keyed = sorted(_KEYED & {action, *others.values()})
    if keyed and key_file is None:
        raise SettingError(
            f"action {keyed[0]!r} needs key_file='…', a file with a secret of 16 bytes or more: "
            "without it anybody could try all values"
        )
    if len(mask) != 1:
        raise SettingError(f"mask={mask!r} must be one character")
    if keep_last < 0:
        raise SettingError(f"keep_last={keep_last} must not be negative")
    if placeholder.count("{") != placeholder.count("}"):
        raise SettingError(
            f"placeholder={placeholder!r}: a brace stands alone; {{entity}} is known"
        )
    for name in _BRACES.findall(placeholder):
        if name != "entity":
            raise SettingError(
                f"placeholder={placeholder!r}: {{{name}}} is unknown, only {{entity}}"
            )
    key = read_key(key_file) if keyed and key_file is not None else b""
    return How(action, others, placeholder, numbered, mask, keep_last, key, scope)


def check_actions(actions: Actions, entities: Collection[str] | None) -> None:
    """Raise `SettingError` if there are no `entities`, or an action for one that is not of them.

    None: any may come.
    """
    if entities is None:
        return
    if not entities:
        raise SettingError("entities is empty: nothing would be taken out; leave it out for all")
    for entity, _ in actions:
        if entity not in entities:
            raise SettingError(
                f"actions: {entity!r} is not looked for ({', '.join(sorted(entities))})"
            )


def redacted(text: str, spans: Spans, how: How) -> str:
    """The text with its spans (in order, without overlap) dealt with."""
    parts, at = [], 0
    seen: dict[tuple[str, str], int] = {}
    scope = digest(how.key, text).hex() if how.scope == "record" and how.key else ""
    for span in spans:
        value = text[span.start : span.end]
        act = _ACTS[how.others.get(span.entity, how.action)]
        parts += [text[at : span.start], act(span.entity, value, how, scope, seen)]
        at = span.end
    return "".join([*parts, text[at:]])


def _replace(entity: str, value: str, how: How, scope: str, seen: dict) -> str:
    if not how.numbered:
        return how.placeholder.replace("{entity}", entity)
    key = (entity, normal(value))
    if key not in seen:
        seen[key] = 1 + sum(1 for other, _ in seen if other == entity)
    return how.placeholder.replace("{entity}", f"{entity}_{seen[key]}")


def _redact(entity: str, value: str, how: How, scope: str, seen: dict) -> str:
    return ""


def _mask(entity: str, value: str, how: How, scope: str, seen: dict) -> str:
    """Letters and digits covered, all but the last few."""
    ends = [k for k, c in enumerate(value) if c.isalnum()]
    kept = set(ends[len(ends) - how.keep_last :]) if 0 < how.keep_last < len(ends) else set()
    return "".join(how.mask if c.isalnum() and k not in kept else c for k, c in enumerate(value))


def _hash(entity: str, value: str, how: How, scope: str, seen: dict) -> str:
    told = digest(how.key, scope, entity, normal(value)).hex()[:16]
    return how.placeholder.replace("{entity}", f"{entity}:{told}")


def _surrogate(entity: str, value: str, how: How, scope: str, seen: dict) -> str:
    seed = digest(how.key, scope, entity, normal(value))
    made = surrogate(entity, value, Draw(seed))
    return made if made is not None else _replace(entity, value, how, scope, seen)


_ACTS: dict[str, Callable[[str, str, How, str, dict], str]] = {
    "replace": _replace,
    "redact": _redact,
    "mask": _mask,
    "hash": _hash,
    "surrogate": _surrogate,
}
