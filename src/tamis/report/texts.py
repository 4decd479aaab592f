"""Which column shows what a record is, and which files belong to one task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_column(figures: Mapping[str, Any]) -> str | None:
    """The column that shows what a record is: `text`, or the first text the recipe's steps name."""
    columns = figures["input"]["columns"]
    if "text" in columns:
        return "text"
    for step in figures["steps"]:
        on = step.get("entry", {}).get("on")
        for name in (
            on.values() if isinstance(on, Mapping) else on if isinstance(on, list) else [on]
        ):
            if name in columns:
                return str(name)
    return None


def stem(part: str) -> str:
    """What the files of one task have in common: the number of the part, and its token.

    >>> stem("kept/lang=en/part-00003-1.5be1-0.jsonl.zst"), stem("ledger/part-00003-1.5be1.parquet")
    ('part-00003-1.5be1', 'part-00003-1.5be1')
    """
    number, _, rest = part.rsplit("/", 1)[-1].partition(".")
    return f"{number}.{rest.partition('.')[0].partition('-')[0]}"
