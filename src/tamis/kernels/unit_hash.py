"""A 128-bit hash and a length for every unit of every text."""

from __future__ import annotations

import numpy as np

from tamis.kernels.content import hash_span
from tamis.kernels.folding import fold
from tamis.kernels.jit import jit
from tamis.kernels.mask import frozen
from tamis.kernels.unicode import code_points
from tamis.kernels.unit_split import ready, split


@jit
def hash_units(
    data: np.ndarray,
    offsets: np.ndarray,
    kind: int,
    tables: tuple,
    table: np.ndarray,
    squeeze: bool,
    unit_offsets: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The hashes (two arrays, uint64) of the units of each text, and their lengths in characters.

    `tables` is `unicode.classes()` and `letter_classes()`. With a `table` of `folding.folded` a
    unit is hashed as what it counts as (with an empty one as it stands); one that nothing is left
    of has the hash 0. The units of text `i` are `unit_offsets[i]` to `unit_offsets[i + 1]`.
    """
    spaces, classes = tables
    room = 64 + (offsets[-1] - offsets[0]) // 64
    low, high = np.empty(room, np.uint64), np.empty(room, np.uint64)
    sizes = np.empty(room, np.int32)
    spans, scratch = np.empty((64, 2), np.int32), np.zeros(128, np.uint8)
    copy = np.empty(0, np.uint8)
    found = 0
    unit_offsets[0] = 0
    for i in range(len(offsets) - 1):
        text, start, end = ready(data, offsets[i], offsets[i + 1])
        count, spans = split(text, start, end, kind, spaces, classes, spans)
        if found + count > low.size:
            more = max(2 * low.size, found + count)
            low, high = _grown(low, more), _grown(high, more)
            sizes = _grown(sizes, more)
        for k in range(count):
            first, last = start + spans[k, 0], start + spans[k, 1]
            sizes[found] = code_points(text, first, last)
            if table.size == 0:
                low[found], high[found] = hash_span(text, first, last, scratch)
            else:
                if copy.size < 2 * (last - first) + 4:
                    copy = np.empty(4 * (last - first) + 4, np.uint8)
                size = fold(text, first, last, table, squeeze, copy)
                low[found], high[found] = np.uint64(0), np.uint64(0)
                if size > 0:
                    low[found], high[found] = hash_span(frozen(copy[:size]), 0, size, scratch)
            found += 1
        unit_offsets[i + 1] = found
    return low[:found], high[:found], sizes[:found]


@jit
def _grown(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.empty(size, array.dtype)
    for k in range(array.size):
        larger[k] = array[k]
    return larger
