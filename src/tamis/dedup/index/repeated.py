"""A delivery that an index holds already, told by its source, ids and contents.

Whoever added it and was stopped before he could use the verdicts adds it again and gets them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.dedup.index.delivery import Written
from tamis.dedup.index.ledger import State
from tamis.dedup.index.segment import REMOVED
from tamis.dedup.index.view import View

_TOLD_BY = ("id_hash", "hash_lo", "hash_hi", "valid", "priority")


def held(
    view: View, state: State, written: Sequence[Written], source: str | None
) -> tuple[str, np.ndarray] | None:
    """The source and the positions of the delivery that is the same; None where there is none.

    It has the same records in the same order, none of them removed since. Without `source` it is
    one that was added without.
    """
    rows = sum(len(item.segment) for item in written)
    if not rows:
        return None
    for number, delivery in enumerate(state.deliveries):
        name, first = delivery["source"], delivery["first"]
        if delivery["rows"] != rows or name != (source or f"delivery-{number + 1}"):
            continue
        positions = view.between(first, first + rows)
        if len(positions) == rows and _same(view, positions, written):
            return name, positions
    return None


def _same(view: View, positions: np.ndarray, written: Sequence[Written]) -> bool:
    if not _equal(view, positions[:1], written[0], slice(0, 1)):  # other deliveries cost a look
        return False
    start = 0
    for item in written:
        part = positions[start : start + len(item.segment)]
        if not _equal(view, part, item, slice(None)):
            return False
        start += len(part)
    return True


def _equal(view: View, positions: np.ndarray, item: Written, rows: slice) -> bool:
    theirs, mine = view.records(positions), item.segment.records[rows]
    return (
        all(
            np.array_equal(theirs[name], mine[name], equal_nan=name == "priority")
            for name in _TOLD_BY
            if name in (mine.dtype.names or ())
        )
        and not (view.verdicts(positions)["witness"] == REMOVED).any()
        and bool(view.ids(positions).equals(item.segment.ids(np.arange(len(mine)))))
    )
