"""Which files belong to one task."""

from __future__ import annotations


def stem(part: str) -> str:
    """What the files of one task have in common: the number of the part, and its token.

    >>> stem("kept/lang=en/part-00003-1.5be1-0.jsonl.zst"), stem("ledger/part-00003-1.5be1.parquet")
    ('part-00003-1.5be1', 'part-00003-1.5be1')
    """
    number, _, rest = part.rsplit("/", 1)[-1].partition(".")
    return f"{number}.{rest.partition('.')[0].partition('-')[0]}"
