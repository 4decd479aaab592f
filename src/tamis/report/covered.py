"""What is not shown of a run whose recipe redacts: texts that were dropped before, and what the
recipe's own finders find in whatever else is shown (values, reasons, ids, other columns)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from tamis import text
from tamis.errors import TamisError
from tamis.io.fetch import fetch_rows
from tamis.io.store import Store
from tamis.unsaid import REDACTING

COVERED = "(dropped before its text was redacted: not shown)"
_FINDING = ("entities", "min_score", "finders", "regions", "labels")
_IDS = frozenset({"id", "duplicate_of", "with", "kept", "other", "part"})

Cover = Callable[[Sequence[str]], list[str]]


def cover(steps: Sequence[Mapping[str, Any]]) -> Cover | None:
    """What takes out of texts all that the redacting steps look for; None: no step redacts.

    Where a finder cannot be had any more (its model is gone) nothing is shown at all.
    """
    entries = [step.get("entry", {}) for step in steps]
    asked = [
        {name: _tuples(entry[name]) for name in _FINDING if name in entry}
        if entry["edit"] == "text.redact" else {}  # spans that a column named: by patterns here
        for entry in entries if entry.get("edit") in REDACTING
    ]  # fmt: skip
    if not asked:
        return None

    def covering(values: Sequence[str]) -> list[str]:
        if not values:
            return []
        column = pd.Series(list(values), dtype="string[pyarrow]")
        try:
            for settings in asked:
                column = text.redact(column, **settings)
        except TamisError:
            return [COVERED] * len(values)
        return [str(value) for value in column]

    return covering


def figures_covered(found: Any, cover: Cover, ids: bool) -> Any:
    """Figures with all their texts covered; `ids`: those of records, too."""
    texts: dict[str, str] = {}
    _each(found, ids, lambda value: texts.setdefault(value, value))
    texts = dict(zip(texts, cover(list(texts)), strict=True))
    return _each(found, ids, texts.__getitem__)


def _each(found: Any, ids: bool, change: Callable[[str], str]) -> Any:
    """The same figures with each text changed, but for names of columns and settings of steps."""
    if isinstance(found, Mapping):
        return {
            key: value if key in ("entry", "step", "column") or (key in _IDS and not ids)
            else _each(value, ids, change)
            for key, value in found.items()
        }  # fmt: skip
    if isinstance(found, list | tuple):
        return [_each(value, ids, change) for value in found]
    return change(found) if isinstance(found, str) else found


def record_covered(record: Mapping[str, Any], cover: Cover) -> dict[str, Any]:
    """A record with all that is text covered, and what holds texts written as JSON."""
    plain = (int, float, bool, bytes, type(None))
    told = {k: _text(v) for k, v in record.items() if not isinstance(v, plain)}
    return {**record, **dict(zip(told, cover(list(told.values())), strict=True))}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def showing(steps: Sequence[Mapping[str, Any]], column: str) -> frozenset[str] | None:
    """The steps that drop records whose text is redacted already; None: no step redacts it."""
    for place in range(len(steps) - 1, -1, -1):
        entry = steps[place].get("entry", {})
        if entry.get("edit") in REDACTING and _target(entry) == column:
            return frozenset(step["name"] for step in steps[place + 1 :])
    return None


def fetch_shown(
    store: Store, parts: Sequence[str], column: str, ids: Iterable[str],
    after: frozenset[str] | None,
) -> dict[str, str]:  # fmt: skip
    """The texts of those of the ids that these parts hold, as far as they may be shown."""
    columns = [column] if after is None else [column, "dropped_by"]
    found = fetch_rows(store, parts, columns, ids, as_text=True)
    return {
        name: row[column] if after is None or may_show(row["dropped_by"], after) else COVERED
        for name, row in found.items()
        if row[column] is not None
    }


def may_show(dropped_by: str | None, after: frozenset[str]) -> bool:
    """Whether the text of a record is redacted: it is kept, or was dropped `after` that."""
    return dropped_by is None or dropped_by in after


def _target(entry: Mapping[str, Any]) -> str:
    """The column that an edit writes."""
    on = entry.get("on", "text")
    first = on.get("text", "text") if isinstance(on, Mapping) else on
    if isinstance(first, list | tuple):
        first = first[0]
    return str(entry.get("to") or first)
