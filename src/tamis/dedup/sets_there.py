"""Sketches and sets of shingles of texts that lie on a card, of which no byte comes to the host.

Sets are made some at a time, and only of texts of cuDF columns: those of the host would have to be
copied there, and sets of 1.3 times their size back, while sixteen cores make sets about as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tamis import device_columns
from tamis.array_device import Device
from tamis.dedup import content, on_card
from tamis.dedup.card import on_host
from tamis.dedup.families import Family, Sketched
from tamis.dedup.normalisation import AS_IT_IS, LOWER_WORDS
from tamis.frame import Texts
from tamis.kernels.cuda_sets import shingle_sets
from tamis.kernels.letters import letters
from tamis.kernels.shingle import RAW, WORDS

LEAST = device_columns.FLOOR  # bytes of text of which sets are made at a time, when memory is short
SPACE = 80  # times as much is in use meanwhile, of characters


def unit_of(family: Family) -> int | None:
    """What kernels take for the units of a family; None where texts are rewritten first."""
    if family.curator and family.normal == AS_IT_IS:
        return RAW
    if not family.curator and family.normal == LOWER_WORDS and family.unit == "words":
        return WORDS
    return None


def sketched(
    family: Family, series: Any, rows: int, into: Sketched, there: Device
) -> np.ndarray | None:
    """`Family.sign` of a cuDF column, and which texts are not null; None where it is not done."""
    unit = unit_of(family)
    assert unit is not None
    data, offsets, valid = device_columns.device_buffers(series)
    signing = on_card.begun(family, Texts(data, offsets, valid), unit, rows, into)
    if signing is None or not signing.finished():
        return None
    into.blank[:] = content.blank(data, offsets, there)
    without = into.shingles == 0
    if family.curator or without.any():
        exact = content.hashed(data, offsets, there)
        if family.curator:
            into.content[:] = exact
        into.content[:, without] = ~exact[:, without]
    return on_host(valid)


def evidence(family: Family, series: Any, rows: np.ndarray, there: Device) -> pa.Table:
    """`shingles`: the sorted sets of some rows of a cuDF column, as `FuzzyDedup.evidence` has."""
    unit, xp = unit_of(family), there.xp
    assert unit is not None
    data, offsets, _ = device_columns.device_buffers(series.iloc[rows])
    tables = tuple(there.put(table) for table in letters())
    ends = on_host(offsets)
    values, sizes = [np.empty(0, np.uint64)], [np.zeros(1, np.int64)]

    def look(some: slice) -> None:
        low, high = int(ends[some.start]), int(ends[some.stop])
        own = xp.ascontiguousarray(offsets[some.start : some.stop + 1] - low)
        part = xp.ascontiguousarray(data[low:high])
        found, counts = shingle_sets(xp, part, own, unit, family.ngram, tables)
        made = on_host(found), on_host(counts)
        values.append(made[0])
        sizes.append(made[1])

    device_columns.through(ends, look, there)
    whole = np.cumsum(np.concatenate(sizes))
    sets = pa.LargeListArray.from_arrays(pa.array(whole), pa.array(np.concatenate(values)))
    return pa.table({"shingles": sets})
