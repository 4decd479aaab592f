"""Lines and paragraphs that a text has more than once, as each reading of Gopher splits them."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import newline
from tamis.kernels.jit import jit
from tamis.kernels.unicode import code_points, first_visible, last_visible, padded
from tamis.kernels.word_hash import hash_long

COLUMNS = ("parts", "duplicates", "duplicate_characters", "characters")


@jit
def repeated(
    data: np.ndarray,
    offsets: np.ndarray,
    spaces: np.ndarray,
    newlines: int,
    runs: bool,
    strip_text: bool,
    strip_parts: bool,
    drop_blank: bool,
    all_copies: bool,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, one column for each of `COLUMNS`) for text i.

    Parts end at `newlines` (1 or 2) newlines; with `runs`, at that many or more. A part is a
    duplicate if it equals an earlier one; with `all_copies`, if it equals any other.
    """
    most = 0
    for i in range(len(offsets) - 1):
        most = max(most, _newlines(data, offsets[i], offsets[i + 1]))
    spans = np.empty((most + 1, 2), np.int64)
    hashes, first = np.empty(most + 1, np.uint64), np.empty(most + 1, np.int64)
    size = 16
    while size < 2 * most + 2:
        size *= 2
    table, copies = np.empty(size, np.int64), np.empty(most + 1, np.int64)
    scratch = (spans, hashes, first, table, copies)
    how = (newlines, runs, strip_text, strip_parts, drop_blank, all_copies)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            _text(data, start, end, spaces, how, scratch, counts[i])
        else:
            _text(padded(data, start, end), 0, end - start, spaces, how, scratch, counts[i])


@jit
def _newlines(data: np.ndarray, start: int, end: int) -> int:
    count, at = np.int64(0), start
    while at + 64 <= end:
        count += mask.popcount(mask.equal(data, at, 0x0A))
        at += 64
    while at < end:
        count += np.int64(data[at] == 0x0A)
        at += 1
    return count


@jit
def _text(data, start, end, spaces, how, scratch, row):
    newlines, runs, strip_text, strip_parts, drop_blank, all_copies = how
    spans, hashes, first, table, copies = scratch
    if strip_text:
        start, end = (
            first_visible(data, start, end, spaces),
            last_visible(data, start, end, spaces),
        )
        end = max(start, end)
    parts, begin = 0, start
    while begin <= end:
        stop, after = _next(data, begin, end, newlines, runs)
        low, high = begin, stop
        if strip_parts or drop_blank:
            visible = first_visible(data, low, high, spaces)
            if strip_parts:
                low, high = visible, last_visible(data, visible, high, spaces)
            if drop_blank and visible == stop:
                low = high + 1
        if low <= high:
            spans[parts, 0], spans[parts, 1] = low, high
            hashes[parts] = hash_long(data, low, high)
            parts += 1
        begin = after
    _group(data, parts, spans, hashes, first, table, copies)
    duplicates = lost = characters = np.int64(0)
    for part in range(parts):
        length = code_points(data, spans[part, 0], spans[part, 1])
        characters += length
        if copies[first[part]] > 1 if all_copies else first[part] != part:
            duplicates += 1
            lost += length
    row[0], row[1], row[2], row[3] = parts, duplicates, lost, characters


@jit
def _next(data, begin, end, newlines, runs):
    """Where the part from `begin` ends, and where the next starts (`end + 1` after the last)."""
    at = begin
    while True:
        stop = newline(data, at, end)
        if stop == end:
            return end, end + 1
        at = stop
        while at < end and data[at] == 0x0A and (runs or at - stop < newlines):
            at += 1
        if at - stop >= newlines:
            return stop, at


@jit
def _group(data, parts, spans, hashes, first, table, copies):
    """Give each part the first one equal to it, and each first one how many there are."""
    size = 16
    while size < 2 * parts:
        size *= 2
    table[:size] = -1
    for part in range(parts):
        slot = np.int64(hashes[part] & np.uint64(size - 1))
        while table[slot] >= 0 and not _equal(data, spans, hashes, table[slot], part):
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = part
            copies[part] = 0
        first[part] = table[slot]
        copies[table[slot]] += 1


@jit
def _equal(data, spans, hashes, one, two):
    size = spans[one, 1] - spans[one, 0]
    if hashes[one] != hashes[two] or size != spans[two, 1] - spans[two, 0]:
        return False
    a, b = spans[one, 0], spans[two, 0]
    for k in range(size):  # noqa: SIM110
        if data[a + k] != data[b + k]:
            return False
    return True
