"""Lines and paragraphs of texts on a device: found, compared, counted; a block a text.

A text's parts are first put into slots, as many as it has newlines (or pairs of them) and one;
`kept` has 1 where a slot was filled. What follows is given those alone, one after another.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.card_portions import (
    LANES,
    after_line,
    before,
    collect,
    newlines_in,
    parts_of,
    portion,
    share,
)
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.gopher_ends import DATATROVE, DOLMA, ends_of_lines, ends_of_split
from tamis.kernels.gopher_parts import split
from tamis.kernels.line_counts import of_length, with_end_mark
from tamis.kernels.lines import equal_parts, lines_within, paragraphs_within
from tamis.kernels.notices import notices_within
from tamis.kernels.phrases import FILLER, KELVIN, NOTICE, POLICY
from tamis.kernels.unicode import first_visible, last_visible

TALLIES = 8
"""Per text: distinct parts, characters in them, characters in all parts, how many parts have each
of three flags (all that `Parts.tallies` has), parts that stand once, characters in those."""


@kernel(
    "uint8[::1], int64[::1], int64[:, ::1], int64[::1], uint8[::1], int32[:, ::1], uint64[::1], "
    "uint8[::1], uint8[::1]"
)
def text_lines(data, offsets, counts, slots, spaces, spans, hashes, flags, kept):
    """As `lines.lines`; `counts` are those of `byte_counts`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    newlines = cuda.shared.array(LANES, np.int64)
    blank = cuda.local.array(1, np.uint8)
    start, end = offsets[i], offsets[i + 1]
    begin, stop, beyond = parts_of(data, start, end, lane, lanes, 1, False)
    newlines[lane] = newlines_in(data, begin, min(beyond, end))
    cuda.syncthreads()
    if begin <= end:
        slot, last = slots[i] + before(newlines, lane), slots[i + 1]
        out = (spans[slot:last], hashes[slot:last], flags[slot:last], blank)
        found = lines_within(data, begin, stop, counts[i, 6] == 0, spaces, out)
        for part in range(slot, slot + found):
            kept[part] = 1
            for k in range(4):
                spans[part, k] += begin - start


@kernel(
    "uint8[::1], int64[::1], int64[:, ::1], int64[::1], uint8[::1], int32[:, ::1], uint64[::1], "
    "uint8[::1]"
)
def text_paragraphs(data, offsets, counts, slots, spaces, spans, hashes, kept):
    """As `lines.paragraphs`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    newlines = cuda.shared.array(LANES, np.int64)
    hollow = cuda.local.array(1, np.uint8)
    start, end = offsets[i], offsets[i + 1]
    begin, stop, beyond = parts_of(data, start, end, lane, lanes, 2, False)
    newlines[lane] = newlines_in(data, begin, min(beyond, end))
    cuda.syncthreads()
    if begin <= end:
        slot, last = slots[i] + before(newlines, lane) // 2, slots[i + 1]
        out = (spans[slot:last], hashes[slot:last], hollow)
        found = paragraphs_within(data, begin, stop, counts[i, 6] == 0, spaces, out)
        for part in range(slot, slot + found):
            kept[part] = 1
            spans[part, 0] += begin - start
            spans[part, 1] += begin - start


@kernel(
    "uint8[::1], int64[::1], int64[:, ::1], int64[::1], uint8[::1], int64, boolean, boolean, "
    "boolean, boolean, int32[:, ::1], uint64[::1], uint8[::1]"
)
def text_parts(
    data, offsets, counts, slots, spaces, newlines, runs, strip_text, strip_parts, drop_blank,
    spans, hashes, kept,
):  # fmt: skip
    """The parts that `gopher_parts.repeated` compares."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    met = cuda.shared.array(LANES, np.int64)
    first, end = offsets[i], offsets[i + 1]
    start = first
    if strip_text:
        start = first_visible(data, start, end, spaces)
        end = last_visible(data, start, end, spaces)
    begin, stop, beyond = parts_of(data, start, end, lane, lanes, newlines, runs)
    met[lane] = newlines_in(data, begin, min(beyond, end))
    cuda.syncthreads()
    if begin <= end:
        slot, last = slots[i] + before(met, lane) // newlines, slots[i + 1]
        how = (newlines, runs, strip_parts, drop_blank, counts[i, 6] == 0)
        found = split(data, begin, stop, spaces, how, spans[slot:last], hashes[slot:last])
        for part in range(slot, slot + found):
            kept[part] = 1
            spans[part, 0] -= first
            spans[part, 1] -= first


@kernel(
    "uint8[::1], int64[::1], int64[::1], int32[:, ::1], uint64[::1], uint8[::1], int64[::1], "
    "int32[::1], int32[::1], int32[::1], int64[:, ::1]"
)
def parts_compared(
    data, offsets, part_offsets, spans, hashes, flags, tables, table, first, copies, tallies
):
    """As `lines.compare`, with the further `TALLIES`.

    Text i has the entries from `tables[i]` on of `table`, a power of two of them, more than it has
    parts; all are -1 at first, and all of `copies` 0. A slot speaks of equal parts, in the end by
    the first of them: whichever thread fills it, the others find it by comparing bytes.
    """
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, TALLIES), np.int64)
    low, high, base = part_offsets[i], part_offsets[i + 1], tables[i]
    own, last = spans[low:high], np.uint64(tables[i + 1] - base - 1)
    for k in range(TALLIES):
        rows[lane, k] = 0
    for part in range(low + lane, high, lanes):
        mine, slot = part - low, hashes[part] & last
        while True:
            place = base + np.int64(slot)
            found = table[place]
            if found < 0:
                found = cuda.atomic.cas(table, place, -1, mine)
                if found < 0:
                    break
            if equal_parts(data, offsets[i], own, hashes[low:high], found, mine):
                cuda.atomic.min(table, place, mine)
                break
            slot = (slot + np.uint64(1)) & last
        first[part] = place - base
    cuda.syncthreads()
    for part in range(low + lane, high, lanes):
        first[part] = table[base + first[part]]
        cuda.atomic.add(copies, low + first[part], 1)
    cuda.syncthreads()
    for part in range(low + lane, high, lanes):
        characters = np.int64(spans[part, spans.shape[1] - 1])
        new, once = first[part] == part - low, copies[low + first[part]] == 1
        rows[lane, 0] += np.int64(new)
        rows[lane, 1] += characters if new else 0
        rows[lane, 2] += characters
        for bit in range(3):
            rows[lane, 3 + bit] += np.int64(flags[part]) >> bit & 1
        rows[lane, 6] += np.int64(once)
        rows[lane, 7] += characters if once else 0
    cuda.syncthreads()
    collect(rows, lane, lanes, TALLIES, tallies[i])


@kernel(
    "uint8[::1], int64[::1], int64[:, ::1], int64[::1], int32[:, ::1], uint8[::1], int64, "
    "int64[:, ::1]"
)
def line_ends(data, offsets, breaks, line_offsets, spans, spaces, reading, counts):
    """As `gopher_ends.line_ends`; `breaks` are those of `byte_counts`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 3), np.int64)
    start, end, newlines = offsets[i], offsets[i + 1], breaks[i, 5]
    if reading == DATATROVE and breaks[i, 7] != 0:
        low, high = portion(start, end, lane, lanes)
        low, high = after_line(data, low, start, end), after_line(data, high, start, end)
        ends_of_split(data, low, high, spaces, rows[lane])
    else:
        low, high = share(line_offsets[i], line_offsets[i + 1], lane, lanes)
        ends_of_lines(data, start, end, newlines, spans[low:high], reading, rows[lane])
        whole = reading == DATATROVE  # in these two all have counted the lines of the whole text
        whole |= reading == DOLMA
        if lane > 0 and whole:
            rows[lane, 0] = 0
    cuda.syncthreads()
    collect(rows, lane, lanes, 3, counts[i])


@kernel("int64[::1], int32[:, ::1], int64, int64, int64[::1]")
def lines_of_length(line_offsets, spans, low, high, counts):
    """As `line_counts.of_length`; a thread a text."""
    i = cuda.grid(1)
    if i < counts.size:
        of_length(line_offsets[i : i + 2], spans, low, high, counts[i : i + 1])


@kernel("uint8[::1], int64[::1], int64[::1], int32[:, ::1], int64, uint8[::1], int64[::1]")
def lines_with_end_mark(data, offsets, line_offsets, spans, column, classes, counts):
    """As `line_counts.with_end_mark`; a thread a text."""
    i = cuda.grid(1)
    if i < counts.size:
        own, lines = offsets[i : i + 2], line_offsets[i : i + 2]
        with_end_mark(data, own, lines, spans, column, classes, counts[i : i + 1])


@kernel("uint8[::1], int64[::1], uint8[::1], int64[::1], int32[:, ::1], uint8[::1], int64[:, ::1]")
def text_notices(data, offsets, marks, paragraph_offsets, spans, copies, counts):
    """As `notices.notices`; `copies` is as large as `data`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 2), np.int64)
    rows[lane, 0] = rows[lane, 1] = 0
    if marks[i] & (POLICY | NOTICE | FILLER | KELVIN) != 0:
        kelvin = marks[i] & KELVIN != 0
        for part in range(paragraph_offsets[i] + lane, paragraph_offsets[i + 1], lanes):
            into = offsets[i] + spans[part, 0]
            own = spans[part : part + 1]
            notices_within(data, offsets[i], own, kelvin, copies, into, rows[lane])
    cuda.syncthreads()
    collect(rows, lane, lanes, 2, counts[i])
    if lane == 1 % lanes:
        counts[i, 1] = min(counts[i, 1], 1)
