"""Recipes: YAML to steps, every mistake found before anything runs and shown with its line."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from tamis.cuts import Cut
from tamis.decontamination import Decontaminate
from tamis.dedup import DEDUPS
from tamis.errors import ColumnError, SettingError
from tamis.filters import Filter
from tamis.notation import Loader
from tamis.prompting import Embed, Prompt
from tamis.spelling import meant
from tamis.steps import Edit, Score, Step

LARGEST = 1_000_000  # bytes; a recipe is written by a person
DEEPEST = 20
_STEPS: dict[str, type] = {"score": Score, "filter": Filter, "edit": Edit, "cut": Cut}
_ASKING: dict[str, type] = {"prompt": Prompt, "embed": Embed}
_WORDS = (*_STEPS, "dedup", "decontaminate", *_ASKING, "recipe")
_TOP = {"steps", "name", "description", "source"}


def load(source: str | os.PathLike[str], settings: Mapping[str, Any] | None = None) -> list[Step]:
    """The steps of a recipe: YAML text, a file, or the name of a packaged recipe.

    `settings` changes some, as `override` does: `{"word_count.min": 100}`.

    >>> steps = load("steps: [{filter: text.word_count, min: 50}]", {"word_count.min": 100})
    >>> [(step.name, step.bounds.min) for step in steps]
    [('word_count', 100)]
    """
    text, label = read(source)
    steps = list(parse(text, label))
    for place, value in (settings or {}).items():
        name, dot, key = place.rpartition(".")
        if not dot:
            raise SettingError(f"{place}=…: name the step and the setting, as word_count.min=100")
        steps = override(steps, name, key, value)
    return steps


def read(source: str | os.PathLike[str]) -> tuple[str, str]:
    """The text of a recipe, and what to call it in messages."""
    name = os.fspath(source)
    if "\n" in name or name.lstrip().startswith("steps:"):
        return name, "recipe"
    path = Path(name)
    if path.is_file():
        if path.stat().st_size > LARGEST:
            raise SettingError(f"{name} is {path.stat().st_size} bytes; that is not a recipe")
        try:
            return path.read_text("utf-8"), path.name
        except UnicodeDecodeError as error:
            raise SettingError(f"{name} is not UTF-8 ({error.reason}); a recipe is text") from None
        except OSError as error:
            raise SettingError(f"{name} cannot be read: {error.strerror}") from error
    packaged = resources.files("tamis.recipes") / f"{name}.yaml"
    if packaged.is_file():
        return packaged.read_text("utf-8"), name
    hint = meant(name, packaged_names(), 3, 0.5) or f" ({', '.join(packaged_names())})"
    raise SettingError(f"no recipe {name!r}: neither a file nor a packaged one{hint}")


def packaged_names() -> list[str]:
    """The recipes that come with tamis."""
    found = resources.files("tamis.recipes").iterdir()
    return sorted(item.name.removesuffix(".yaml") for item in found if item.name.endswith(".yaml"))


def parse(text: str, label: str = "recipe") -> Iterator[Step]:
    """The steps of YAML text; a `SettingError` quotes the line it is about."""
    if len(text) > LARGEST:
        raise SettingError(f"{label} has {len(text)} characters; that is not a recipe")
    where = _Lines(label, text)
    root = where.compose()
    top = where.mapping(root, "a recipe is a mapping with the key 'steps'")
    for key, (_, node) in top.items():
        if key not in _TOP:
            raise where.error(
                node, f"unknown key {key!r} (known: {', '.join(sorted(_TOP))}){meant(key, _TOP)}"
            )
    if "steps" not in top:
        raise where.error(root, "there is no key 'steps'")
    listed = top["steps"][0]
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise where.error(listed, "'steps' is a list of steps, and cannot be empty")
    for node in listed.value:
        keys = where.mapping(node, "a step is a mapping such as `filter: text.word_count`")
        yield from _step_at(where, node, keys)


def step_from(entry: Mapping[str, Any]) -> Step:
    """One step from a recipe entry. `ValueError`s say what is wrong with it.

    >>> step_from({"filter": "text.word_count", "min": 50}).bounds.min
    50
    """
    entry = dict(entry)
    word = next((key for key in entry if key in _WORDS), None)
    if word is None:
        first = next(iter(entry), None)
        raise SettingError(
            f"{first!r} is no kind of step; begin with one of {', '.join(_WORDS)}"
            f"{meant(first, _WORDS)}"
        )
    what = entry.pop(word)
    if word == "decontaminate":
        _check_keys("decontaminate", Decontaminate, entry)
        return _made(Decontaminate, (what,), entry)
    if word in _ASKING:
        _check_keys(word, _ASKING[word], entry)
        return _made(_ASKING[word], (what,), entry)
    if not isinstance(what, str):
        raise SettingError(f"{word}: {what!r} is not a name")
    if word == "dedup":
        if what not in DEDUPS:
            known = ", ".join(DEDUPS)
            raise SettingError(f"dedup: {what!r} is unknown (known: {known}){meant(what, DEDUPS)}")
        _check_keys(f"dedup {what}", DEDUPS[what], entry)
        return _made(DEDUPS[what], (), entry)
    return _made(_STEPS[word], (what,), entry)


def override(steps: list[Step], name: str, key: str, value: Any) -> list[Step]:
    """The steps with one setting changed: `min` of the step `word_count` to 100, say.

    Where no step has that name it may be a kind of step, such as `prompt`: then the setting is
    changed in all of that kind (the `model` that they ask).
    """
    from tamis.segments import unique_names

    named = unique_names(steps)
    if name in dict(named):
        chosen = {name}
    else:
        chosen = {own for own, step in named if name in _WORDS and name in step.to_dict()}
    if not chosen:
        hint = meant(name, dict(named), 3, 0.4) or f" (has: {', '.join(dict(named))})"
        raise SettingError(f"no step {name!r}{hint}")
    return [
        step_from(step.to_dict() | {key: value, "name": own}) if own in chosen else step
        for own, step in named
    ]


def _check_keys(what: str, kind: Any, entry: Mapping[str, Any]) -> None:
    """Refuse settings that a step of this kind has not."""
    known = list(inspect.signature(kind).parameters)
    for key in entry:
        if key in known or not isinstance(key, str):
            continue
        hint = meant(key, known)
        raise SettingError(f"{what} has no setting {key!r} (has: {', '.join(known)}){hint}")


def _made(kind: Any, args: tuple[Any, ...], entry: dict[str, Any]) -> Step:
    for key in entry:
        if not isinstance(key, str):
            raise SettingError(f"{key!r} is not the name of a setting")
    try:
        return kind(*args, **entry)
    except TypeError as error:
        raise SettingError(str(error).replace(".__init__() got", " got")) from None


def _step_at(where: _Lines, node: Any, keys: Mapping[str, tuple[Any, Any]]) -> Iterator[Step]:
    entry = {key: where.value(value) for key, (value, _) in keys.items()}
    if "recipe" in entry:
        if len(entry) > 1 or not isinstance(entry["recipe"], str):
            raise where.error(node, "`recipe: NAME` stands alone and names a packaged recipe")
        if entry["recipe"] not in packaged_names():
            raise where.error(
                node,
                f"no packaged recipe {entry['recipe']!r}"
                f"{meant(entry['recipe'], packaged_names(), 3, 0.5)}",
            )
        yield from load(entry["recipe"])
        return
    try:
        yield step_from(entry)
    except (SettingError, ColumnError) as error:
        said = str(error)
        named = [
            key for key in keys if f"{key!r}" in said or f"{key} " in said or f"{key}=" in said
        ]
        raise where.error(keys[named[-1]][1] if named else node, said) from None


class _Lines:
    """YAML nodes of a text, and errors that quote its lines."""

    def __init__(self, label: str, text: str) -> None:
        self.label, self.text, self.lines = label, text, text.splitlines()

    def compose(self) -> Any:
        """The root node; aliases and tags are refused, so a recipe stays as small as it looks."""
        try:
            depth = 0
            for event in yaml.parse(self.text, Loader=Loader):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST:
                    raise SettingError(self._quote(_line(event), "nested too deeply"))
                tag = getattr(event, "tag", None)
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or tag:
                    line = _line(event)
                    raise SettingError(self._quote(line, "anchors, aliases and tags have no place"))
            root = yaml.compose(self.text, Loader=Loader)
        except yaml.YAMLError as error:
            mark: Any = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or "this is not YAML"
            if "'\\t'" in what:
                what = "a tab, which YAML does not take there; indent by blanks"
            raise SettingError(self._quote(mark.line if mark else 0, what)) from None
        if root is None:
            raise SettingError(f"{self.label} is empty; it needs the key 'steps'")
        return root

    def mapping(self, node: Any, otherwise: str) -> dict[str, tuple[Any, Any]]:
        """Key to (value node, key node); a key given twice is an error."""
        if not isinstance(node, yaml.MappingNode) or not node.value:
            raise self.error(node, otherwise)
        found: dict[str, tuple[Any, Any]] = {}
        for key, value in node.value:
            name = self.value(key)
            if not isinstance(name, str):
                raise self.error(key, f"{name!r} is not the name of a setting; names are text")
            if name in found:
                raise self.error(key, f"{name!r} is given twice")
            found[name] = (value, key)
        return found

    def value(self, node: Any) -> Any:
        """A node as plain data."""
        return Loader("").construct_object(node, deep=True)

    def error(self, node: Any, what: str) -> SettingError:
        """An error that quotes the line of a node."""
        return SettingError(self._quote(node.start_mark.line, what))

    def _quote(self, line: int, what: str) -> str:
        shown = self.lines[line].strip() if line < len(self.lines) else ""
        return f"{self.label}, line {line + 1}: {what}\n  {line + 1} | {shown}"


def _line(event: Any) -> int:
    """The line, from 0, where a YAML event begins."""
    return int(event.start_mark.line)
