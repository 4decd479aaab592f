"""Which columns show what a record is, and which files belong to one task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.exhibits import Subject, subject


def subject_of(figures: Mapping[str, Any]) -> Subject:
    """What shows the records of a run: as the run noted it, or from its columns and steps."""
    noted = figures.get("shown_by")
    if noted:
        return Subject(noted["text"], tuple(noted["columns"]), noted["medium"])
    steps = [step.get("entry", {}) for step in figures["steps"]]
    return subject(figures["input"]["columns"], steps)


def stem(part: str) -> str:
    """What the files of one task have in common: the number of the part, and its token.

    >>> stem("kept/lang=en/part-00003-1.5be1-0.jsonl.zst"), stem("ledger/part-00003-1.5be1.parquet")
    ('part-00003-1.5be1', 'part-00003-1.5be1')
    """
    number, _, rest = part.rsplit("/", 1)[-1].partition(".")
    return f"{number}.{rest.partition('.')[0].partition('-')[0]}"
