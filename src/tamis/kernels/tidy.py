"""Texts rewritten character by character: white space, what is left out, what is repeated."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.unicode import SPACE
from tamis.kernels.utf8 import decode, width


@jit
def reaching(data: np.ndarray, offsets: np.ndarray, byte: int, found: np.ndarray) -> None:
    """Which texts have a byte of at least this value."""
    for i in range(len(offsets) - 1):
        most = np.uint8(0)
        for at in range(offsets[i], offsets[i + 1]):
            most = max(most, data[at])
        found[i] = most >= byte


@jit
def white_space(
    data: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    most: int,
    indent: bool,
    out: np.ndarray,
    ends: np.ndarray,
) -> bool:
    """Write texts with their white space in order; whether any has changed.

    A line ends where `str.splitlines` ends one. `most` newlines may follow each other; `indent`
    leaves the white space before a line's first visible character. `out` has room for all bytes;
    `ends` gets the offsets of what is left.
    """
    to = np.int64(0)
    for i in range(len(offsets) - 1):
        to = _ordered(data, offsets[i], offsets[i + 1], table, most, indent, out, to)
        ends[i + 1] = to
    if to != offsets[-1] - offsets[0]:
        return True
    first = offsets[0]
    for k in range(to):  # noqa: SIM110  a loop compiles to a loop
        if out[k] != data[first + k]:
            return True
    return False


@jit
def _ordered(
    data: np.ndarray,
    start: int,
    end: int,
    table: np.ndarray,
    most: int,
    indent: bool,
    out: np.ndarray,
    to: int,
) -> int:
    begin, at, line = to, start, start  # `line`: where the present line starts
    breaks: int = np.int64(0)
    gap = False  # what separates the last visible character from the next
    while at < end:
        byte = data[at]
        if 0x21 <= byte < 0x7F:  # by far the commonest
            count = 1
        else:
            count = width(byte)
            code = decode(data, at, count)
            if table[code] & SPACE:
                if _ends_line(code):
                    if not (code == 0x0A and at > start and data[at - 1] == 0x0D):
                        breaks += 1
                    line, gap = at + count, False
                else:
                    gap = True
                at += count
                continue
        if gap or breaks > 0:
            if to > begin:
                for _ in range(min(breaks, most)):
                    out[to] = 0x0A
                    to += 1
            if indent and (breaks > 0 or to == begin):
                for k in range(line, at):
                    out[to] = data[k]
                    to += 1
            elif gap and breaks == 0 and to > begin:
                out[to] = 0x20
                to += 1
            breaks, gap = 0, False
        for k in range(at, at + count):
            out[to] = data[k]
            to += 1
        at += count
    return to


@jit
def _ends_line(code: int) -> bool:
    return (
        0x0A <= code <= 0x0D
        or 0x1C <= code <= 0x1E
        or code == 0x85
        or code == 0x2028
        or code == 0x2029
    )


@jit
def without(
    data: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    classes: int,
    out: np.ndarray,
    ends: np.ndarray,
) -> bool:
    """Write texts without the characters that have one of the class bits; whether any has one."""
    to = np.int64(0)
    for i in range(len(offsets) - 1):
        at, end = offsets[i], offsets[i + 1]
        while at < end:
            count = width(data[at])
            if table[decode(data, at, count)] & classes == 0:
                for k in range(at, at + count):
                    out[to] = data[k]
                    to += 1
            at += count
        ends[i + 1] = to
    return to != offsets[-1] - offsets[0]


@jit
def shortened(
    data: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    classes: int,
    most: int,
    out: np.ndarray,
    ends: np.ndarray,
) -> bool:
    """Write texts with at most so many in a row of the same character of these classes."""
    to = np.int64(0)
    for i in range(len(offsets) - 1):
        at, end = offsets[i], offsets[i + 1]
        last, run = np.int64(-1), np.int64(0)
        while at < end:
            count = width(data[at])
            code = decode(data, at, count)
            run = run + 1 if code == last else 1
            last = code
            if run <= most or table[code] & classes == 0:
                for k in range(at, at + count):
                    out[to] = data[k]
                    to += 1
            at += count
        ends[i + 1] = to
    return to != offsets[-1] - offsets[0]
