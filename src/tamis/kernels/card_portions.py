"""A text shared out among the threads of a block: each takes a portion that it can judge alone.

Loops of the processor walk a text from its start to its end. Where what they count is a sum over
stretches of it, a block of threads walks it at once: each thread runs the same loop on a portion
that begins where the loop has nothing in mind: anywhere, after white space, or after a line.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import newline
from tamis.kernels.unicode import valid

LANES = 32
"""The most threads of a block that share a text; kernels have room for so many."""


def portion(start: int, end: int, lane: int, lanes: int) -> tuple[int, int]:
    """Whole blocks of 64 bytes, counted from the start of the text; the same number a thread."""
    blocks = (end - start + 63) >> 6
    own = ((blocks + lanes - 1) // lanes) << 6
    low = min(start + lane * own, end)
    return low, min(low + own, end)


def share(low: int, high: int, lane: int, lanes: int) -> tuple[int, int]:
    """Of the entries from `low` to `high` as many a thread."""
    own = (high - low + lanes - 1) // lanes
    first = min(low + lane * own, high)
    return first, min(first + own, high)


def after_white(data: np.ndarray, at: int, start: int, end: int) -> int:
    """The first place from `at` on that white space stands before and no full stop behind.

    The start and the end of the text are such places too.
    """
    if at <= start:
        return start
    while at < end:
        byte = data[at - 1]
        if (byte == 0x20 or (9 <= byte <= 13)) and data[at] != 0x2E:
            return at
        at += 1
    return end


def after_line(data: np.ndarray, at: int, start: int, end: int) -> int:
    """The first place from `at` on that a newline stands before; or the text's start or end."""
    if at <= start:
        return start
    return min(newline(data, at - 1, end) + 1, end)


def part_from(
    data: np.ndarray, at: int, start: int, end: int, newlines: int, runs: bool
) -> tuple[int, int]:
    """Where the part before ends, and where the first one begins from `at` on.

    Parts end at so many newlines, from left to right; with `runs`, at that many or more. Where none
    begins from `at` on, they are `end` and what is behind it.
    """
    if at <= start:
        return start, start
    run = at
    while run > start and data[run - 1] == 0x0A:
        run -= 1
    while run < end:
        run = newline(data, run, end)
        beyond = run
        while beyond < end and data[beyond] == 0x0A:
            beyond += 1
        number = (beyond - run) // newlines
        if runs:
            if number > 0 and beyond >= at:
                return run, beyond
        else:
            which = max(1, (at - run + newlines - 1) // newlines)
            if which <= number:
                return run + (which - 1) * newlines, run + which * newlines
        run = beyond
    return end, end + 1


def parts_of(data, start, end, lane, lanes, newlines, runs):
    """The parts that begin in a thread's portion: where the first begins, where the last ends, and
    where the next thread's begin. The first is behind `end` where the thread has none."""
    low, high = portion(start, end, lane, lanes)
    if lane > 0 and low >= end:
        return end + 1, end, end + 1
    _, begin = part_from(data, low, start, end, newlines, runs)
    stop, beyond = end, end + 1
    if high < end:
        stop, beyond = part_from(data, high, start, end, newlines, runs)
    if begin >= beyond:
        return end + 1, end, end + 1
    return begin, stop, beyond


def newlines_in(data: np.ndarray, start: int, end: int) -> int:
    """How many newlines `data[start:end]` has."""
    found = np.int64(0)
    for at in range(start, end, 64):
        found += mask.popcount(mask.equal(data, at, 0x0A) & valid(at, end))
    return found


def before(counts: np.ndarray, lane: int) -> int:
    """The sum of what the threads before have counted."""
    found = np.int64(0)
    for k in range(lane):
        found += counts[k]
    return found


def collect(rows: np.ndarray, lane: int, lanes: int, columns: int, total: np.ndarray) -> None:
    """Put the sums of `rows`, one a thread, into `total`; each thread sums some columns."""
    for column in range(lane, columns, lanes):
        found = np.int64(0)
        for k in range(lanes):
            found += rows[k, column]
        total[column] = found
