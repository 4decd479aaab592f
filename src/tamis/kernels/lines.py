"""Lines and paragraphs: spans, hashes, lengths, and how lines begin and end."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import other_breaks
from tamis.kernels.jit import jit
from tamis.kernels.unicode import code_points, first_visible, last_visible, padded, valid
from tamis.kernels.word_hash import hash_long

BULLET, PUNCTUATED, ELLIPSIS = 1, 2, 4
"""Flags of a line: begins with a bullet; ends with an end mark; ends with an ellipsis mark."""

NONE = np.uint32(0xFFFFFFFF)
_0 = np.uint64(0)


@jit
def breaks(data: np.ndarray, offsets: np.ndarray, counts: np.ndarray) -> None:
    """How many newlines each text has, how many bytes that are not ASCII, other ends of lines.

    The last are those that `str.splitlines` knows: 1 where there are any.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            breaks_within(data, start, end, counts[i])
        else:
            breaks_within(padded(data, start, end), 0, end - start, counts[i])


@jit
def breaks_within(data: np.ndarray, start: int, end: int, row: np.ndarray) -> None:
    """Fill a row of `counts` for `data[start:end]`."""
    newlines = high = np.int64(0)
    others = _0
    for at in range(start, end, 64):
        inside = valid(at, end)
        newlines += mask.popcount(mask.equal(data, at, 0x0A) & inside)
        beyond = mask.between(data, at, 0x80, 0xFF) & inside
        high += mask.popcount(beyond)
        others |= other_breaks(data, at, beyond != _0) & inside
    row[0], row[1], row[2] = newlines, high, np.int64(others != _0)


@jit
def lines(
    data: np.ndarray,
    offsets: np.ndarray,
    counts: np.ndarray,
    table: np.ndarray,
    line_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    flags: np.ndarray,
    hollow: np.ndarray,
) -> None:
    """The lines of each text that are not blank, split at `\\n`; `counts` are those of `breaks`.

    `spans` (int32, one row a line): start, end, start and end of what is visible, characters.
    `hollow` is set for texts in which a line has nothing but white space.
    """
    found = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        plain = counts[i, 1] == 0
        own = slice(found, found + counts[i, 0] + 1)
        out = (spans[own], hashes[own], flags[own], hollow[i : i + 1])
        if end + 128 <= len(data):
            found += lines_within(data, start, end, plain, table, out)
        else:
            found += lines_within(padded(data, start, end), 0, end - start, plain, table, out)
        line_offsets[i + 1] = found


@jit
def lines_within(data, start, end, plain, table, out):
    """The lines of `data[start:end]`; `plain` where it is ASCII, `out` the last four of `lines`."""
    spans, hashes, flags, hollow = out
    begin, at, found = start, start, 0
    hollow[0] = False
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
            spans[found, 4] = stop - begin if plain else code_points(data, begin, stop)
            hashes[found] = hash_long(data, begin, stop)
            flags[found] = _flags(data, first, last)
            found += 1
        elif begin < stop:
            hollow[0] = True
        begin = stop + 1
    return found


@jit
def _flags(data: np.ndarray, first: int, last: int) -> int:
    """The flags of a line whose visible part is `data[first:last]`, at least one byte."""
    flags = np.int64(0)
    if data[first] == 0xE2 and last - first >= 3:
        code = np.int64(data[first + 1]) << 8 | np.int64(data[first + 2])
        if (
            code == 0x80A2 or code == 0x80A3 or code == 0x8183 or code == 0x818C or code == 0x818D
            or code == 0x8899 or code == 0x978B or code == 0x978F or code == 0x9798
            or code == 0x97A6 or code == 0xA6BE or code == 0xA6BF
        ):  # fmt: skip
            flags |= BULLET
    byte = np.int64(data[last - 1])
    mark = (byte == 0x2E) | (byte == 0x3F) | (byte == 0x21) | (byte == 0x22) | (byte == 0x27)
    flags |= np.int64(mark) << 1  # . ? ! " '
    if last - first < 3:
        return flags
    pair = np.int64(data[last - 2]) << 8 | byte
    dots = (pair == 0x2E2E) | (pair == 0x2E5D) | (pair == 0x2E29) | (pair == 0xA65D)  # .. .] .) …]
    rest = (pair == 0x80A6) | (pair == 0xC2BB) | (pair | 0x2020 == 0x7265)  # … » re
    if dots | rest:
        if dots:
            flags |= _dots(data, first, last)
        elif pair == 0x80A6:
            flags |= ELLIPSIS if data[last - 3] == 0xE2 else 0
        elif pair == 0xC2BB:
            flags |= ELLIPSIS if data[last - 3] == 0x2D else 0
        elif _read_more(data, first, last):
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
    counts: np.ndarray,
    table: np.ndarray,
    paragraph_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    hollow: np.ndarray,
) -> None:
    """The paragraphs of each text, split at `\\n\\n`, blank ones too; `counts` as for `lines`.

    `spans` (int32, one row a paragraph): start, end, characters. `hollow` is set for texts in which
    a paragraph is blank or begins with a newline, as after three of them.
    """
    found = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        plain = counts[i, 1] == 0
        own = slice(found, found + counts[i, 0] // 2 + 1)
        out = (spans[own], hashes[own], hollow[i : i + 1])
        if end + 128 <= len(data):
            found += paragraphs_within(data, start, end, plain, table, out)
        else:
            found += paragraphs_within(padded(data, start, end), 0, end - start, plain, table, out)
        paragraph_offsets[i + 1] = found


@jit
def paragraphs_within(data, start, end, plain, table, out):
    """The paragraphs of `data[start:end]`; arguments as for `lines_within`."""
    spans, hashes, hollow = out
    begin, at, found = start, start, 0
    hollow[0] = False
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
        spans[found, 2] = stop - begin if plain else code_points(data, begin, stop)
        hashes[found] = hash_long(data, begin, stop)
        found += 1
        if begin == stop or data[begin] == 0x0A or first_visible(data, begin, stop, table) == stop:
            hollow[0] = True
        begin = stop + 2 if stop < end else end + 1
    return found


@jit
def compare(
    data: np.ndarray,
    offsets: np.ndarray,
    part_offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    flags: np.ndarray,
    first: np.ndarray,
    tallies: np.ndarray,
) -> None:
    """For each part (line or paragraph) of a text the first one with the same bytes, from 0.

    Per text (row of `tallies`): distinct parts, characters in them, characters in all parts, and
    how many parts have each flag.
    """
    most = 0
    for i in range(len(offsets) - 1):
        most = max(most, part_offsets[i + 1] - part_offsets[i])
    capacity = 16
    while capacity < 2 * most:
        capacity *= 2
    table = np.empty(capacity, np.uint32)
    for i in range(len(offsets) - 1):
        own = slice(part_offsets[i], part_offsets[i + 1])
        _compare(data, offsets[i], spans[own], hashes[own], first[own], table, tallies[i])
        for bit in range(3):
            count = np.int64(0)
            for flag in flags[own]:
                count += flag >> bit & 1
            tallies[i, 3 + bit] = count


@jit
def _compare(data, start, spans, hashes, first, table, row):
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    table[:size] = NONE
    last = np.uint64(size - 1)
    distinct = fresh = total = np.int64(0)
    for part in range(len(hashes)):
        slot = hashes[part] & last
        found = table[slot]
        while found != NONE and not equal_parts(data, start, spans, hashes, found, part):
            slot = (slot + np.uint64(1)) & last
            found = table[slot]
        new = found == NONE
        table[slot] = first[part] = np.uint32(part) if new else found
        characters = np.int64(spans[part, -1])
        total += characters
        distinct += np.int64(new)
        fresh += characters if new else 0
    row[0], row[1], row[2] = distinct, fresh, total


@jit
def equal_parts(data, start, spans, hashes, one, two):
    """Whether two parts of a text, given by their places in it, have the same bytes."""
    if hashes[one] != hashes[two]:
        return False
    size = np.int64(spans[one, 1]) - spans[one, 0]
    if size != np.int64(spans[two, 1]) - spans[two, 0]:
        return False
    return same_bytes(data, start + spans[one, 0], start + spans[two, 0], size)


@jit
def same_bytes(data: np.ndarray, one: int, two: int, size: int) -> bool:
    """Whether the `size` bytes from `one` are those from `two`."""
    at = 0
    while at + 8 <= size:
        if mask.load64(data, one + at) != mask.load64(data, two + at):
            return False
        at += 8
    for k in range(at, size):  # noqa: SIM110  a loop compiles to a loop
        if data[one + k] != data[two + k]:
            return False
    return True
