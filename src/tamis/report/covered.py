"""Texts that a report does not show: of records that were dropped before a step redacted them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tamis.io.fetch import fetch_rows
from tamis.io.store import Store

REDACTING = frozenset({"text.redact", "text.redact_spans"})
COVERED = "(dropped before its text was redacted: not shown)"


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
        name: row[column] if after is None or _may(row["dropped_by"], after) else COVERED
        for name, row in found.items()
        if row[column] is not None
    }


def _may(dropped_by: str | None, after: frozenset[str]) -> bool:
    return dropped_by is None or dropped_by in after


def _target(entry: Mapping[str, Any]) -> str:
    """The column that an edit writes."""
    on = entry.get("on", "text")
    first = on.get("text", "text") if isinstance(on, Mapping) else on
    if isinstance(first, list | tuple):
        first = first[0]
    return str(entry.get("to") or first)
