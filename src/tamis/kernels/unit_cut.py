"""Texts with some of their units cut out."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.unit_split import ready, split


@jit
def cut_units(
    data: np.ndarray,
    offsets: np.ndarray,
    kind: int,
    tables: tuple,
    runs: np.ndarray,
    run_offsets: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> int:
    """Write each text without some runs of its units; gives a text that lacks such units, or -1.

    The runs of text `i` are pairs of `runs` (first unit, and the one after the last), ascending,
    from `run_offsets[i]` to `run_offsets[i + 1]`. Of the stretches of white space around what is
    cut one stays: that with most line breaks, of these the longest, of these the first. White space
    before the first and after the last unit of a text stays.
    """
    spaces, classes = tables
    spans = np.empty((64, 2), np.int32)
    into = 0
    out_offsets[0] = 0
    for i in range(len(offsets) - 1):
        text, start, end = ready(data, offsets[i], offsets[i + 1])
        count, spans = split(text, start, end, kind, spaces, classes, spans)
        at, stop = run_offsets[i], run_offsets[i + 1]
        if stop > at and runs[stop - 1] > count:
            return i
        kept = 0
        begin, close = start, start  # the stretch of white space that is to stay
        for k in range(count):
            first, last = start + spans[k, 0], start + spans[k, 1]
            before = start + spans[k - 1, 1] if k > 0 else start
            if k == 0:
                begin, close = start, first
            elif kept > 0 and _better(text, before, first, begin, close):
                begin, close = before, first
            while at < stop and runs[at + 1] <= k:
                at += 2
            if at < stop and runs[at] <= k:
                continue
            into = _copied(text, begin, close, out, into)
            into = _copied(text, first, last, out, into)
            begin = close = last
            kept += 1
        if count > 0:
            into = _copied(text, start + spans[count - 1, 1], end, out, into)
        else:
            into = _copied(text, start, end, out, into)
        out_offsets[i + 1] = into
    return -1


@jit
def _better(text: np.ndarray, start: int, end: int, begin: int, close: int) -> bool:
    """Whether the white space from `start` is to stay rather than that from `begin`."""
    if begin == close:
        return end > start
    ours, theirs = _newlines(text, start, end), _newlines(text, begin, close)
    return ours > theirs or (ours == theirs and end - start > close - begin)


@jit
def _newlines(text: np.ndarray, start: int, end: int) -> int:
    count = 0
    for k in range(start, end):
        count += text[k] == 0x0A
    return count


@jit
def _copied(text: np.ndarray, start: int, end: int, out: np.ndarray, into: int) -> int:
    for k in range(start, end):
        out[into] = text[k]
        into += 1
    return into
