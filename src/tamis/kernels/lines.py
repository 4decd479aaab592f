"""Lines and paragraphs: spans, hashes, lengths, and how lines begin and end."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import code_points, first_visible, last_visible, padded, valid
from tamis.kernels.word_hash import hash_long

BULLET, PUNCTUATED, ELLIPSIS = 1, 2, 4
"""Flags of a line: begins with a bullet; ends with an end mark; ends with an ellipsis mark."""


@jit
def newlines(data: np.ndarray, offsets: np.ndarray, counts: np.ndarray) -> None:
    """How many newlines each text has."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            counts[i] = _newlines(data, start, end)
        else:
            counts[i] = _newlines(padded(data, start, end), 0, end - start)


@jit
def _newlines(data: np.ndarray, start: int, end: int) -> int:
    count = np.int64(0)
    for at in range(start, end, 64):
        count += mask.popcount(mask.equal(data, at, 0x0A) & valid(at, end))
    return count


@jit
def lines(
    data: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    line_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    flags: np.ndarray,
) -> None:
    """The lines of each text that are not blank, split at `\\n`.

    `spans` (int32, one row a line): start, end, start and end of what is visible, characters.
    """
    found = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            found = _lines(data, start, end, table, found, spans, hashes, flags)
        else:
            copy = padded(data, start, end)
            found = _lines(copy, 0, end - start, table, found, spans, hashes, flags)
        line_offsets[i + 1] = found


@jit
def _lines(data, start, end, table, found, spans, hashes, flags):
    begin, at = start, start
    bits = np.uint64(0)
    while begin <= end:
        while bits == np.uint64(0) and at < end:
            bits = mask.equal(data, at, 0x0A) & valid(at, end)
            at += 64
        stop = end
        if bits != np.uint64(0):
            stop = at - 64 + mask.trailing_zeros(bits)
            bits &= bits - np.uint64(1)
        first = first_visible(data, begin, stop, table)
        if first < stop:
            last = last_visible(data, first, stop, table)
            spans[found, 0], spans[found, 1] = begin - start, stop - start
            spans[found, 2], spans[found, 3] = first - start, last - start
            spans[found, 4] = code_points(data, begin, stop)
            hashes[found] = hash_long(data, begin, stop)
            flags[found] = _flags(data, first, last)
            found += 1
        begin = stop + 1
    return found


@jit
def _flags(data: np.ndarray, first: int, last: int) -> int:
    """The flags of a line whose visible part is `data[first:last]`, at least one byte."""
    flags = 0
    if data[first] == 0xE2 and last - first >= 3:
        code = np.int64(data[first + 1]) << 8 | np.int64(data[first + 2])
        if (
            code == 0x80A2 or code == 0x80A3 or code == 0x8183 or code == 0x818C or code == 0x818D
            or code == 0x8899 or code == 0x978B or code == 0x978F or code == 0x9798
            or code == 0x97A6 or code == 0xA6BE or code == 0xA6BF
        ):  # fmt: skip
            flags |= BULLET
    byte = data[last - 1]
    if byte == 0x2E or byte == 0x3F or byte == 0x21 or byte == 0x22 or byte == 0x27:  # . ? ! " '
        flags |= PUNCTUATED
    if byte == 0x2E or byte == 0x5D or byte == 0x29:  # . ] )
        flags |= _dots(data, first, last)
    elif byte == 0xA6 or byte == 0xBB:  # … and -»
        if last - first >= 3 and data[last - 3] == 0xE2 and data[last - 2] == 0x80 and byte == 0xA6:
            flags |= ELLIPSIS
        if last - first >= 3 and data[last - 3] == 0x2D and data[last - 2] == 0xC2 and byte == 0xBB:
            flags |= ELLIPSIS
    elif byte | 0x20 == 0x65 and _read_more(data, first, last):
        flags |= ELLIPSIS
    return flags


@jit
def _dots(data: np.ndarray, first: int, last: int) -> int:
    """ELLIPSIS if the line ends with `...`, `[...]`, `(...)`, `[…]` or `read more..`."""
    byte, end = data[last - 1], last
    opening = np.int64(0)
    if byte != 0x2E:
        end -= 1
        opening = np.int64(0x5B) if byte == 0x5D else np.int64(0x28)
    if end - first < 3:
        return 0
    three = data[end - 3] == 0x2E and data[end - 2] == 0x2E and data[end - 1] == 0x2E
    one = data[end - 3] == 0xE2 and data[end - 2] == 0x80 and data[end - 1] == 0xA6
    if opening == 0:
        return (
            ELLIPSIS if three or (data[end - 2] == 0x2E and _read_more(data, first, end - 2)) else 0
        )
    if end - first < 4 or data[end - 4] != opening:
        return 0
    return ELLIPSIS if three or (one and opening == 0x5B) else 0


@jit
def _read_more(data: np.ndarray, first: int, last: int) -> bool:
    """Whether `data[first:last]` ends with "read more" in either case."""
    if last - first < 9:
        return False
    word = mask.load64(data, last - 8) | np.uint64(0x2020202020202020)
    # "ead more" as it stands in memory; the space is checked apart, since a NUL folds to it
    return (
        word == np.uint64(0x65726F6D20646165)
        and data[last - 5] == 0x20
        and data[last - 9] | 0x20 == 0x72
    )


@jit
def paragraphs(
    data: np.ndarray,
    offsets: np.ndarray,
    paragraph_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
) -> None:
    """The paragraphs of each text, split at `\\n\\n`, blank ones too.

    `spans` (int32, one row a paragraph): start, end, characters.
    """
    found = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            found = _paragraphs(data, start, end, found, spans, hashes)
        else:
            found = _paragraphs(padded(data, start, end), 0, end - start, found, spans, hashes)
        paragraph_offsets[i + 1] = found


@jit
def _paragraphs(data, start, end, found, spans, hashes):
    begin, at = start, start
    bits = np.uint64(0)
    while begin <= end:
        stop = end
        while True:
            while bits == np.uint64(0) and at < end:
                bits = mask.equal(data, at, 0x0A) & mask.equal(data, at + 1, 0x0A)
                bits &= valid(at, end - 1)
                at += 64
            if bits == np.uint64(0):
                break
            here = at - 64 + mask.trailing_zeros(bits)
            bits &= bits - np.uint64(1)
            if here >= begin:  # else its first newline ended the paragraph before
                stop = here
                break
        spans[found, 0], spans[found, 1] = begin - start, stop - start
        spans[found, 2] = code_points(data, begin, stop)
        hashes[found] = hash_long(data, begin, stop)
        found += 1
        begin = stop + 2 if stop < end else end + 1
    return found


@jit
def first_equal(
    data: np.ndarray,
    offsets: np.ndarray,
    part_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    first: np.ndarray,
) -> None:
    """For each part (line or paragraph) of a text the first one with the same bytes, from 0."""
    most = 0
    for i in range(len(offsets) - 1):
        most = max(most, part_offsets[i + 1] - part_offsets[i])
    capacity = 16
    while capacity < 2 * most:
        capacity *= 2
    table = np.empty(capacity, np.int32)
    for i in range(len(offsets) - 1):
        low, high = part_offsets[i], part_offsets[i + 1]
        size = 16
        while size < 2 * (high - low):
            size *= 2
        table[:size] = -1
        for part in range(low, high):
            slot = np.int64(hashes[part] & np.uint64(size - 1))
            while table[slot] >= 0 and not _equal(
                data, offsets[i], spans, hashes, low + table[slot], part
            ):
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = part - low
            first[part] = table[slot]


@jit
def _equal(data, start, spans, hashes, one, two):
    if hashes[one] != hashes[two]:
        return False
    size = np.int64(spans[one, 1]) - spans[one, 0]
    if size != np.int64(spans[two, 1]) - spans[two, 0]:
        return False
    a, b = start + spans[one, 0], start + spans[two, 0]
    for k in range(size):  # noqa: SIM110  a loop compiles to a loop
        if data[a + k] != data[b + k]:
            return False
    return True
