"""Which columns of a set show what a record is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tamis import registry
from tamis.errors import SettingError

CAPTIONS = ("caption", "txt", "alt", "title")  # texts of media, as shards and lists name them
BYTES = ("image", "jpg", "png", "audio", "video")  # columns that hold bytes, as Hugging Face's do
_SPAN = (("start", "end"),)  # seconds within a recording
PAIRS = (("offset", "size"), *_SPAN)


class Subject(NamedTuple):
    """What shows the records of a set.

    `text` is a column of texts or None. `pointer` names the columns that say where the bytes are:
    `path`, then `offset` and `size`, `start` and `end` where there are such; it is empty where rows
    point to nothing. `medium` is what the steps take the bytes for, None where that is to be told
    from the bytes.
    """

    text: str | None = None
    pointer: Mapping[str, str] = {}
    medium: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the pointer."""
        return tuple(self.pointer.values())


def subject(columns: Mapping[str, str], steps: Iterable[Mapping[str, Any]] = ()) -> Subject:
    """What shows records with these columns (name to dtype); `steps` are entries of a recipe.

    The medium is what a step looks at: `filter: image.brightness` on `path` shows pictures. Where
    none does, a column of bytes, or `path`, is looked into. The text is `text`, or the first text a
    step names, or a caption.

    >>> subject({"id": "str", "path": "str", "caption": "str"})
    Subject(text='caption', pointer={'path': 'path'}, medium=None)
    """
    steps = list(steps)
    pointer, medium = _looked_at(columns, steps) or (_pointed(columns), None)
    return Subject(_text(columns, steps, pointer, medium), pointer, medium)


def subject_of(figures: Mapping[str, Any]) -> Subject:
    """What shows the records of a run: as the run noted it, or from its columns and steps."""
    noted = figures.get("shown_by")
    if noted:
        return Subject(noted["text"], dict(noted["pointer"]), noted["medium"])
    steps = [step.get("entry", {}) for step in figures["steps"]]
    found = subject(figures["input"]["columns"], steps)
    written = tuple(figures.get("output", {}).get("pointer", ()))  # of what is kept, as it is now
    if not written or found.pointer.get("path") != written[0]:
        return found
    return found._replace(pointer={**found.pointer, **{name: name for name in written}})


def _looked_at(
    columns: Mapping[str, str], steps: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], str] | None:
    """The pointer that the first step over media reads, and what it takes it for."""
    for entry in steps:
        op = _op(entry)
        medium = None if op is None else op.medium()
        if medium is not None:
            on = op.bind(entry.get("on"))
            return pointing(columns, on["path"], on), medium
    return None


def _op(entry: Mapping[str, Any]) -> Any:
    """The op of a step; None where there is none, or it was that of a notebook."""
    name = next((entry[word] for word in ("filter", "score", "edit", "cut") if word in entry), "")
    try:
        return registry.find(str(name))
    except SettingError:
        return None


def _pointed(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns that may point to media, by dtype and name."""
    for name, kind in columns.items():
        if kind.startswith(("binary", "large_binary", "struct<bytes")):
            return pointing(columns, name, pairs=_SPAN)
    for name in BYTES:
        if columns.get(name) == "object":
            return pointing(columns, name, pairs=_SPAN)
    return pointing(columns, "path") if "path" in columns else {}


def pointing(
    columns: Iterable[str], path: str, on: Mapping[str, str] | None = None,
    pairs: Iterable[tuple[str, str]] = PAIRS,
) -> dict[str, str]:  # fmt: skip
    """The pointer's columns by what they are; without the pairs of which there is not both."""
    named, found = dict(on or {}), {"path": path}
    have = set(columns) - {path}
    for pair in pairs:
        wanted = {name: named.get(name, name) for name in pair}
        if have.issuperset(wanted.values()):
            found |= wanted
    return found


def _text(
    columns: Mapping[str, str], steps: Iterable[Mapping[str, Any]], pointer: Mapping[str, str],
    medium: str | None,
) -> str | None:  # fmt: skip
    if "text" in columns:
        return "text"
    named: list[Any] = []
    for entry in steps:
        if medium is None or not ("dedup" in entry or _op(entry) is None):
            named += _names(entry.get("on"))  # hashes and embeddings say nothing to a person
    if pointer:
        texts = {name for name, kind in columns.items() if _is_text(kind)}
        named = [
            name for name in (*CAPTIONS, *named) if name in texts and name not in pointer.values()
        ]
    return next((str(name) for name in named if name in columns), None)


def _names(on: Any) -> list[Any]:
    """The columns that a step names, however it does."""
    return list(on.values()) if isinstance(on, Mapping) else on if isinstance(on, list) else [on]


def _is_text(kind: str) -> bool:
    return kind in ("str", "object", "category") or kind.startswith(("string", "large_string"))
