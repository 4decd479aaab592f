"""Lines and paragraphs that a text has more than once, as each reading of Gopher splits them."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.lines import same_bytes
from tamis.kernels.unicode import code_points, first_visible, last_visible, padded, valid
from tamis.kernels.word_hash import hash_long

COLUMNS = ("parts", "duplicates", "duplicate_characters", "characters")
NONE = np.uint32(0xFFFFFFFF)
_0, _1 = np.uint64(0), np.uint64(1)


@jit
def repeated(
    data: np.ndarray,
    offsets: np.ndarray,
    breaks: np.ndarray,
    chosen: np.ndarray,
    spaces: np.ndarray,
    newlines: int,
    runs: bool,
    strip_text: bool,
    strip_parts: bool,
    drop_blank: bool,
    all_copies: bool,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, one column for each of `COLUMNS`) for each text i `chosen`.

    Parts end at `newlines` (1 or 2) newlines; with `runs`, at that many or more. A part is a
    duplicate if it equals an earlier one; with `all_copies`, if it equals any other. `breaks` are
    those of `lines.breaks`.
    """
    most = 0
    for i in range(len(offsets) - 1):
        if chosen[i]:
            most = max(most, breaks[i, 0])
    spans = np.empty((most + 1, 3), np.int64)
    hashes, first = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint32)
    size = 16
    while size < 2 * most + 2:
        size *= 2
    table, copies = np.empty(size, np.uint32), np.empty(most + 1, np.uint32)
    scratch = (spans, hashes, first, table, copies)
    for i in range(len(offsets) - 1):
        if not chosen[i]:
            continue
        start, end = offsets[i], offsets[i + 1]
        plain = breaks[i, 1] == 0
        how = (newlines, runs, strip_text, strip_parts, drop_blank, all_copies, plain)
        if end + 128 <= len(data):
            _text(data, start, end, spaces, how, scratch, counts[i])
        else:
            _text(padded(data, start, end), 0, end - start, spaces, how, scratch, counts[i])


@jit
def split(data, start, end, spaces, how, spans, hashes):
    """The parts of `data[start:end]`: `spans` has start, end, characters; how many there are.

    `how`: newlines that end a part, runs of them as one, strip parts, drop blank ones, ASCII alone.
    """
    newlines, runs, strip_parts, drop_blank, plain = how
    parts, begin, at, bits = 0, start, start, _0
    while begin <= end:
        stop, after = end, end + 1
        while True:  # to the next newlines that end a part
            while bits == _0 and at < end:
                bits = mask.equal(data, at, 0x0A) & valid(at, end)
                if newlines == 2:
                    bits &= mask.equal(data, at + 1, 0x0A) & valid(at, end - 1)
                at += 64
            if bits == _0:
                break
            here = at - 64 + mask.trailing_zeros(bits)
            bits &= bits - _1
            if here >= begin:  # else what ended the part before goes on
                stop, after = here, here + newlines
                while runs and after < end and data[after] == 0x0A:
                    after += 1
                break
        low, high = begin, stop
        if strip_parts or drop_blank:
            visible = first_visible(data, low, high, spaces)
            if strip_parts:
                low, high = visible, last_visible(data, visible, high, spaces)
            if drop_blank and visible == stop:
                low = high + 1
        if low <= high:
            spans[parts, 0], spans[parts, 1] = low, high
            spans[parts, 2] = high - low if plain else code_points(data, low, high)
            hashes[parts] = hash_long(data, low, high)
            parts += 1
        begin = after
    return parts


@jit
def _text(data, start, end, spaces, how, scratch, row):
    newlines, runs, strip_text, strip_parts, drop_blank, all_copies, plain = how
    spans, hashes, first, table, copies = scratch
    if strip_text:
        start = first_visible(data, start, end, spaces)
        end = last_visible(data, start, end, spaces)
    own = (newlines, runs, strip_parts, drop_blank, plain)
    parts = split(data, start, end, spaces, own, spans, hashes)
    _group(data, parts, spans, hashes, first, table, copies)
    duplicates = lost = characters = np.int64(0)
    for part in range(parts):
        length = spans[part, 2]
        again = copies[first[part]] > 1 if all_copies else first[part] != part
        characters += length
        duplicates += np.int64(again)
        lost += length if again else 0
    row[0], row[1], row[2], row[3] = parts, duplicates, lost, characters


@jit
def _group(data, parts, spans, hashes, first, table, copies):
    """Give each part the first one equal to it, and each first one how many there are."""
    size = 16
    while size < 2 * parts:
        size *= 2
    table[:size] = NONE
    last = np.uint64(size - 1)
    for part in range(parts):
        slot = hashes[part] & last
        found = table[slot]
        while found != NONE and not _equal(data, spans, hashes, found, part):
            slot = (slot + _1) & last
            found = table[slot]
        new = found == NONE
        found = np.uint32(part) if new else found
        table[slot] = first[part] = found
        copies[part] = 0
        copies[found] += np.uint32(1)


@jit
def _equal(data, spans, hashes, one, two):
    size = spans[one, 1] - spans[one, 0]
    if hashes[one] != hashes[two] or size != spans[two, 1] - spans[two, 0]:
        return False
    return same_bytes(data, spans[one, 0], spans[two, 0], size)
