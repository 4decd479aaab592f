"""Rows and fields of CSV (RFC 4180): quotes, doubled quotes, line breaks inside quotes."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import equal, trailing_zeros
from tamis.kernels.move import copy, move

# What a field is: nothing, text, text with doubled quotes.
EMPTY, PLAIN, DOUBLED = range(3)
# How a row ended.
WHOLE, CUT, AFTER_QUOTE, UNCLOSED = range(4)

_ZERO = np.uint64(0)


@jit
def find(data: np.ndarray, at: int, end: int, first: int, second: int) -> int:
    """The next byte from `at` that is one of two; `end` if there is none before it."""
    while at < end:
        found = equal(data, at, first) | equal(data, at, second)
        if found != _ZERO:
            return min(at + trailing_zeros(found), end)
        at += 64
    return end


@jit
def split_row(
    data: np.ndarray,
    at: int,
    end: int,
    delimiter: int,
    quote: int,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
) -> tuple[int, int, int]:
    """The fields of the row at `at`: where the next row begins, how many, and how it ended.

    Fields beyond the length of `starts` are only counted. CUT means that `data` ended in the row.
    `quote` is 34, or -1 where quotes are letters like others.
    """
    fields = 0
    while True:
        kind = PLAIN
        if at < end and data[at] == quote:
            first = at + 1
            close = first
            while True:
                close = find(data, close, end, 34, 34)
                if close + 1 >= end or data[close + 1] != 34:
                    break
                kind = DOUBLED
                close += 2
            if close >= end:
                return end, fields, UNCLOSED
            last = close
            at = close + 1
            if at < end and data[at] == 13 and (at + 1 >= end or data[at + 1] == 10):
                at += 1
            if at < end and data[at] != delimiter and data[at] != 10:
                return min(find(data, at, end, 10, 10) + 1, end), fields, AFTER_QUOTE
        else:
            first = at
            at = find(data, at, end, delimiter, 10)
            last = at
            if (at >= end or data[at] == 10) and last > first and data[last - 1] == 13:
                last -= 1
            if last == first:
                kind = EMPTY
        if fields < len(starts):
            starts[fields], ends[fields], kinds[fields] = first, last, kind
        fields += 1
        if at >= end:
            return end, fields, CUT
        if data[at] == 10:
            return at + 1, fields, WHOLE
        at += 1


@jit
def split_rows(
    data: np.ndarray,
    at: int,
    end: int,
    final: bool,
    delimiter: int,
    quote: int,
    max_row: int,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    fields: np.ndarray,
    states: np.ndarray,
    rows_at: np.ndarray,
) -> tuple[int, int]:
    """The rows of `data[at:end]` that are whole, without blank lines; how many, where they end.

    A row that does not end within `max_row` bytes, or a quote that does not close before the end of
    data that is `final`, makes a bad row of its first line, and the next line begins a row again.
    """
    row = 0
    while at < end and row < len(fields):
        if data[at] == 10 or (data[at] == 13 and at + 1 < end and data[at + 1] == 10):
            at += 1 if data[at] == 10 else 2
            continue
        after, count, state = split_row(
            data, at, end, delimiter, quote, starts[row], ends[row], kinds[row]
        )
        if after == end and not final and state != WHOLE and end - at <= max_row:
            break
        if state == UNCLOSED or (state == CUT and not final) or after - at > max_row:
            state = UNCLOSED
            after = min(find(data, at, end, 10, 10) + 1, end)
        rows_at[row], fields[row], states[row] = at, count, state
        row += 1
        at = after
    return row, at


@jit
def read_fields(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    good: np.ndarray,
    out: np.ndarray,
    offsets: np.ndarray,
    valid: np.ndarray,
) -> int:
    """The texts of a column of fields into `out`; returns the number of nulls.

    `data` and `out` need SLACK after them. An empty field without quotes is null.
    """
    to = 0
    nulls = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        valid[row] = good[row] and kind != EMPTY
        if not valid[row]:
            nulls += 1
        elif kind == PLAIN:
            to = copy(data, starts[row], ends[row], out, to)
        else:
            to = unquote(data, starts[row], ends[row], out, to)
        offsets[row + 1] = to
    return nulls


@jit
def unquote(data: np.ndarray, at: int, end: int, out: np.ndarray, to: int) -> int:
    """Write `data[at:end]` with doubled quotes as one; the position after it."""
    while at < end:
        quote = find(data, at, end, 34, 34)
        stop = min(quote + 1, end)
        while at < stop:
            move(data, at, out, to)
            step = min(64, stop - at)
            at += step
            to += step
        at = quote + 2 if quote < end else end
    return to
