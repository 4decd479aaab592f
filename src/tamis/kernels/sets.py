"""The set of shingles of a text, sorted; and how much two such sets share.

A set is built by inserting hashes into a table that is kept in order while it is filled: the place
of a hash is its leading bits, a run of occupied places ascends, and equal hashes meet. Read from
the front, such a table is sorted. Hashes are spread evenly, so insertion costs a few steps.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mixing import finalise
from tamis.kernels.normal import prepare, room
from tamis.kernels.shingle import STATE, UNITS, begin, next_shingles, next_units

_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)
_CERTAIN = 1.0 - 2.0**-50  # of a threshold: products of floats round by less, and 0.55 * 100 > 55


@jit
def shingle_sets(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    unit: int,
    ngram: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    ends: np.ndarray,
) -> np.ndarray:
    """The sets of the texts at `rows`, one after another; set i ends at `ends[i + 1]`."""
    largest = 0
    for row in rows:
        largest = max(largest, offsets[row + 1] - offsets[row])
    text = np.zeros(room(largest), np.uint8)
    inside = np.zeros(room(largest) // 64 + 2, np.uint64)
    breaks = np.zeros(room(largest) // 64 + 2, np.uint64)
    units = np.zeros(UNITS + ngram, np.uint64)
    shingles = np.zeros(UNITS + ngram, np.uint64)
    edges = np.zeros(UNITS, np.int64)
    state = np.zeros(STATE, np.int64)
    content = np.zeros(2, np.uint64)
    table = np.full(4096, _EMPTY, np.uint64)
    values = np.zeros(4096, np.uint64)
    filled = 0
    for i in range(rows.size):
        start, end = offsets[rows[i]], offsets[rows[i] + 1]
        size = prepare(unit, data, start, end, pages, entries, longer, text, inside, breaks)
        begin(state, content)
        bits, held = 6, 0
        while size >> bits > 2:  # about two bytes to a place: most sets need no second table
            bits += 1
        if table.size < 2 << bits:
            table = grown(table, 2 << bits)
        while True:
            got = next_units(unit, text, size, inside, breaks, state, units, edges)
            if got < 0:
                break
            made = next_shingles(units, got, ngram, size, state, content, shingles)
            for k in range(made):
                shingles[k] = finalise(shingles[k])
            wanted = bits
            while 2 * (held + made) > 1 << wanted:  # kept at most half full
                wanted += 1
            if table.size < 2 << wanted:
                table = grown(table, 2 << wanted)
            if wanted > bits and held > 0:
                spread(table, 2 << bits, 64 - wanted)
            bits = wanted
            held += insert(table, 64 - bits, shingles, made)
        if filled + held >= values.size:
            larger = np.empty(2 * (filled + held), np.uint64)
            for k in range(filled):
                larger[k] = values[k]
            values = larger
        drain(table, held, values[filled:])
        filled += held
        ends[i + 1] = filled
    return values[:filled]


@jit
def grown(table: np.ndarray, size: int) -> np.ndarray:
    """A longer table with the same hashes."""
    longer = np.full(size, _EMPTY, np.uint64)
    for k in range(table.size):
        longer[k] = table[k]
    return longer


@jit
def spread(table: np.ndarray, size: int, shift: int) -> None:
    """Move the hashes in the first `size` places to where they stand under another shift."""
    count = 0
    held = np.zeros(size, np.uint64)
    for k in range(size):
        if table[k] != _EMPTY:
            held[count] = table[k]
            table[k] = _EMPTY
            count += 1
    insert(table, shift, held, count)


@jit
def insert(table: np.ndarray, shift: int, hashes: np.ndarray, count: int) -> int:
    """Put hashes in; gives how many were new."""
    new = 0
    for k in range(count):
        value = hashes[k]
        if value == _EMPTY:
            value -= _ONE
        at = np.int64(value >> np.uint64(shift))
        while table[at] < value:
            at += 1
        if table[at] == value:
            continue
        new += 1
        while table[at] != _EMPTY:  # make room: the run moves up by one
            pushed = table[at]
            table[at] = value
            value = pushed
            at += 1
        table[at] = value
    return new


@jit
def drain(table: np.ndarray, held: int, values: np.ndarray) -> None:
    """Take all `held` hashes out, in ascending order; `values` has one place to spare."""
    count = at = 0
    while count < held:  # no other branch: which places are taken cannot be guessed
        values[count] = table[at]
        count += np.int64(table[at] != _EMPTY)
        at += 1
    table[:at] = _EMPTY


@jit
def jaccard(left: np.ndarray, right: np.ndarray, threshold: float) -> float:
    """Shared over all of two sorted sets; -1 where it is certain to stay below the threshold."""
    n, m = left.size, right.size
    threshold *= _CERTAIN
    if min(n, m) < threshold * max(n, m):
        return -1.0
    i = j = common = 0
    while i + 32 <= n and j + 32 <= m:
        for _ in range(32):
            a, b = left[i], right[j]
            common += np.int64(a == b)
            i += np.int64(a <= b)
            j += np.int64(b <= a)
        most = common + min(n - i, m - j)
        if most < threshold * (n + m - most):
            return -1.0
    while i < n and j < m:
        a, b = left[i], right[j]
        common += np.int64(a == b)
        i += np.int64(a <= b)
        j += np.int64(b <= a)
    return common / (n + m - common)


@jit
def containment(left: np.ndarray, right: np.ndarray, threshold: float) -> float:
    """Shared over the smaller of two sorted sets; -1 where it is certain to stay below."""
    n, m = left.size, right.size
    smaller = min(n, m)
    threshold *= _CERTAIN
    i = j = common = 0
    while i < n and j < m:
        if i % 32 == 0 and common + min(n - i, m - j) < threshold * smaller:
            return -1.0
        a, b = left[i], right[j]
        common += np.int64(a == b)
        i += np.int64(a <= b)
        j += np.int64(b <= a)
    return common / smaller if smaller > 0 else 0.0
