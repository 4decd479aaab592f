"""How lines begin and end, and symbols per text, as each reading of Gopher has it."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import line_break
from tamis.kernels.jit import jit
from tamis.kernels.unicode import first_visible, last_visible, padded, valid

PAPER, DATATROVE, DCLM, DOLMA = 0, 1, 2, 3
LINE_COLUMNS = ("lines", "bullets", "ellipses")
SYMBOL_COLUMNS = ("hashes", "dots", "ellipses", "spaced_dots", "words")

# By the last two bytes of UTF-8 after 0xE2: NeMo Curator's bullets
_BULLETS = np.array([int.from_bytes(mark.encode()[1:], "big") for mark in "•‣⁃⁌⁍∙○●◘◦⦾⦿"], np.int64)
_0, _1 = np.uint64(0), np.uint64(1)


@jit
def line_ends(
    data: np.ndarray,
    offsets: np.ndarray,
    breaks: np.ndarray,
    line_offsets: np.ndarray,
    spans: np.ndarray,
    spaces: np.ndarray,
    reading: int,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, one column for each of `LINE_COLUMNS`) for text i.

    `breaks`, `line_offsets` and `spans` are those of `kernels.lines`: a line that is blank has
    neither bullet nor ellipsis in any reading.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        own = spans[line_offsets[i] : line_offsets[i + 1]]
        split = reading == DATATROVE and breaks[i, 2] != 0
        whole = data
        if end + 128 > len(data):
            whole, start, end = padded(data, start, end), 0, end - start
        if split:
            ends_of_split(whole, start, end, spaces, counts[i])
        else:
            ends_of_lines(whole, start, end, breaks[i, 0], own, reading, counts[i])


@jit
def ends_of_lines(data, start, end, newlines, spans, reading, row):
    """Fill a row from lines that are not blank, split at `\\n`."""
    bullets = ellipses = np.int64(0)
    column = 0 if reading == DOLMA else 2  # with or without white space around them
    for line in range(len(spans)):
        first, last = start + spans[line, column], start + spans[line, column + 1]
        bullets += np.int64(_bullet(data, first, last, reading))
        ellipses += np.int64(_ellipsis(data, first, last, reading))
    lines = np.int64(len(spans))
    if reading == DOLMA:
        lines = newlines + 1
    elif reading == DATATROVE:  # str.splitlines gives no line after the last break
        lines = newlines + np.int64(start < end and data[end - 1] != 0x0A)
    row[0], row[1], row[2] = lines, bullets, ellipses


@jit
def ends_of_split(data, start, end, spaces, row):
    """Fill a row from lines as datatrove splits them, where they end with more than `\\n`."""
    lines = bullets = ellipses = np.int64(0)
    begin = start
    while begin < end:
        stop, after = line_break(data, begin, end)
        first = first_visible(data, begin, stop, spaces)
        last = last_visible(data, first, stop, spaces)
        lines += 1
        bullets += np.int64(_bullet(data, first, last, DATATROVE))
        ellipses += np.int64(_ellipsis(data, first, last, DATATROVE))
        begin = after
    row[0], row[1], row[2] = lines, bullets, ellipses


@jit
def _bullet(data: np.ndarray, first: int, last: int, reading: int) -> bool:
    if first == last:
        return False
    byte = data[first]
    if byte == 0x2D:
        return True
    if byte == 0x2A:
        return reading != DATATROVE
    if byte != 0xE2 or reading == DOLMA:
        return False
    code = np.int64(data[first + 1]) << 8 | np.int64(data[first + 2])
    if code == 0x80A2:
        return True
    if reading == DCLM:
        return code == 0x978F
    if reading == PAPER:
        for k in range(len(_BULLETS)):
            if code == _BULLETS[k]:
                return True
    return False


@jit
def _ellipsis(data: np.ndarray, first: int, last: int, reading: int) -> bool:
    size = last - first
    if size < 3:
        return False
    byte = data[last - 1]
    if byte == 0xA6:
        return data[last - 2] == 0x80 and data[last - 3] == 0xE2
    if byte != 0x2E or reading == DOLMA:
        return False
    if data[last - 2] == 0x2E and data[last - 3] == 0x2E:
        return True
    return reading == DCLM and size >= 5 and _spaced_dots(data, last - 5)


@jit
def _spaced_dots(data: np.ndarray, at: int) -> bool:
    return (
        data[at] == 0x2E
        and data[at + 1] == 0x20
        and data[at + 2] == 0x2E
        and data[at + 3] == 0x20
        and data[at + 4] == 0x2E
    )


@jit
def symbols(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    ends: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, `SYMBOL_COLUMNS`): how often `#`, `...`, `…`, `. . .` stand.

    As `str.count` counts, each by itself; last the words with `#` or `…` in them.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        word_ends = ends[word_offsets[i] : word_offsets[i + 1]]
        if end + 128 <= len(data):
            symbols_within(data, start, end, start, word_ends, counts[i])
        else:
            symbols_within(padded(data, start, end), 0, end - start, 0, word_ends, counts[i])


@jit
def symbols_within(data, start, end, base, ends, row):
    """Fill a row for `data[start:end]` of a text; its words end at `ends`, counted from `base`."""
    hashes = dots = ellipses = spaced = words = np.int64(0)
    dots_free, spaced_free, word, last = start, start, 0, -1
    for at in range(start, end, 64):
        inside = valid(at, end)
        dot = mask.equal(data, at, 0x2E) & inside
        dotted = dot & (mask.equal(data, at + 2, 0x2E))
        while dotted != _0:
            here = at + mask.trailing_zeros(dotted)
            dotted &= dotted - _1
            if here + 3 <= end and here >= dots_free and data[here + 1] == 0x2E:
                dots += 1
                dots_free = here + 3
            if here + 5 <= end and here >= spaced_free and _spaced_dots(data, here):
                spaced += 1
                spaced_free = here + 5
        wide = mask.equal(data, at, 0xE2) & mask.equal(data, at + 1, 0x80)
        wide &= mask.equal(data, at + 2, 0xA6) & inside
        sharp = mask.equal(data, at, 0x23) & inside
        hashes += mask.popcount(sharp)
        ellipses += mask.popcount(wide)
        both = sharp | wide
        while both != _0:
            here = at + mask.trailing_zeros(both) - base
            both &= both - _1
            while word < len(ends) and ends[word] <= here:
                word += 1
            words += np.int64(word != last)
            last = word
    row[0], row[1], row[2], row[3], row[4] = hashes, dots, ellipses, spaced, words
