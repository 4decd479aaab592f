"""Counts from the bytes of texts on a device: a block a text, the processor's loops in it.

`data` has 128 bytes behind the last text, as loops read past their end.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.c4 import c4_within, promising
from tamis.kernels.card_portions import (
    LANES,
    after_line,
    after_white,
    collect,
    portion,
)
from tamis.kernels.characters import count_within
from tamis.kernels.code import lines_within
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.lines import breaks_within
from tamis.kernels.phrases import marks_within
from tamis.kernels.sentences import sentences_within
from tamis.kernels.unicode import first_visible
from tamis.kernels.urls import urls_within

COLUMNS = 9
"""Of `byte_counts`: those of `characters.COLUMNS`, of `lines.breaks`, and 1 for a blank text."""


@kernel("uint8[::1], int64[::1], uint8[::1], int64[:, ::1]")
def byte_counts(data, offsets, spaces, counts):
    """Fill a row of `counts` for each text; `spaces` is `unicode.classes()`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, COLUMNS), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    count_within(data, low, high, rows[lane, :5])
    breaks_within(data, low, high, rows[lane, 5:8])
    rows[lane, 8] = 0
    if lane == 0:
        rows[0, 8] = np.int64(first_visible(data, start, end, spaces) == end)
    cuda.syncthreads()
    collect(rows, lane, lanes, COLUMNS, counts[i])
    if lane == 7 % lanes:  # which has summed the column
        counts[i, 7] = min(counts[i, 7], 1)


@kernel("uint8[::1], int64[::1], uint8[::1]")
def text_marks(data, offsets, found):
    """The flags of `kernels.phrases` of each text."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array(LANES, np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    rows[lane] = marks_within(data, start, end, low, high)
    cuda.syncthreads()
    if lane == 0:
        flags = np.int64(0)
        for k in range(lanes):
            flags |= rows[k]
        found[i] = flags


@kernel("uint8[::1], int64[::1], uint8[::1], int64[:, ::1]")
def text_urls(data, offsets, table, counts):
    """As `urls.urls`; the second column says how many threads have met "porn"."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 2), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    low, high = after_white(data, low, start, end), after_white(data, high, start, end)
    urls_within(data, low, high, table, rows[lane])
    cuda.syncthreads()
    collect(rows, lane, lanes, 2, counts[i])


@kernel("uint8[::1], int64[::1], uint8[::1], int64[:, ::1]")
def text_sentences(data, offsets, classes, counts):
    """How many sentences each text has (one column); `classes` is `letter_classes()`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 1), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    low, high = after_line(data, low, start, end), after_line(data, high, start, end)
    rows[lane, 0] = sentences_within(data, low, high, classes)
    cuda.syncthreads()
    collect(rows, lane, lanes, 1, counts[i])


@kernel("uint8[::1], int64[::1], int64[:, ::1]")
def text_code_lines(data, offsets, counts):
    """As `code.lines`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 3), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    low, high = after_line(data, low, start, end), after_line(data, high, start, end)
    lines_within(data, low, high, rows[lane])
    rows[lane, 0] -= np.int64(lane > 0)  # each has counted one more than newlines
    cuda.syncthreads()
    collect(rows, lane, lanes, 2, counts[i])
    if lane == 0:
        longest = np.int64(0)
        for k in range(lanes):
            longest = max(longest, rows[k, 2])
        counts[i, 2] = longest


@kernel(
    "uint8[::1], int64[::1], uint8[::1], uint8[::1], uint8[::1], int64[::1], uint8[::1], "
    "int64[:, ::1]"
)
def text_c4(data, offsets, marks, spaces, classes, rules, out, counts):
    """As `c4.c4_seen`, how many threads have met each; `out` is as large as `data`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 2), np.int64)
    start, end = offsets[i], offsets[i + 1]
    rows[lane, 0] = rows[lane, 1] = 0
    if promising(marks[i]):
        low, high = portion(start, end, lane, lanes)
        low, high = after_line(data, low, start, end), after_line(data, high, start, end)
        tables = (spaces, classes, rules, marks[i])
        c4_within(data, low, high, tables, out, low, rows[lane])
    cuda.syncthreads()
    collect(rows, lane, lanes, 2, counts[i])
