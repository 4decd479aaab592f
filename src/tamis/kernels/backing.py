"""Which units go: in order of the records, whatever stands in a record before that stays.

Units (or runs of `length` units in a row) with equal keys form a group; the first that stands whole
in what is kept backs the others. A record that is dropped backs nothing.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

CUT, DROP, SCORE = range(3)
"""What is done: cut the units, drop records with a large share of them, or only count."""


@jit
def within_range(
    low: np.ndarray, high: np.ndarray, least: np.uint64, most: np.uint64, at: np.ndarray
) -> int:
    """List in `at` the keys that are not 0 and whose lower half lies in a range; gives how many."""
    found = 0
    for k in range(low.size):
        at[found] = k
        found += np.int64(
            (low[k] >= least) & (low[k] <= most) & ((low[k] | high[k]) != np.uint64(0))
        )
    return found


@jit
def number_groups(
    first: np.ndarray, valid: np.ndarray, least: int, start: int, group: np.ndarray
) -> int:
    """Number the groups of at least `least` rows from `start`; `group` is -1 elsewhere.

    `first` is what `links.first_equal` fills in. Gives the next free number.
    """
    count = np.zeros(first.size, np.int32)
    for row in range(first.size):
        group[row] = -1
        if valid[row]:
            count[first[row]] += 1
    number = start
    for row in range(first.size):
        if not valid[row]:
            continue
        if first[row] == row:
            if count[row] >= least:
                group[row] = number
                number += 1
        else:
            group[row] = group[first[row]]
    return number


@jit
def settle(
    order: np.ndarray,
    starts: np.ndarray,
    groups: np.ndarray,
    at: np.ndarray,
    owner: np.ndarray,
    place: np.ndarray,
    length: int,
    sizes: np.ndarray,
    totals: np.ndarray,
    before: np.ndarray,
    rules: tuple,
    seen: np.ndarray,
    cut: np.ndarray,
    gone: np.ndarray,
    shared: np.ndarray,
    witness: np.ndarray,
) -> None:
    """Decide on records in `order`, filling in what `cut`, `gone`, `shared` and `witness` say.

    The members of record r are `starts[r]` to `starts[r + 1]`, ascending: each is of a group,
    starts at the unit `at` and takes `length` units of `sizes` characters. `owner` is the record of
    each member, `place` that of each record in the order. `totals` are the characters of each
    record, `before` those it has lost already. `rules`: what is done; whether a record's own units
    back others of it; the characters a record must have left; the share from which it goes. `seen`
    (-1 for each group) is the member that backs the group. `cut` says of each unit whether it is
    duplicated, `shared` how many characters of a record are, `witness` the record that backs most
    of them, or -1.
    """
    action, within, least, threshold = rules
    backed = np.full(groups.size, -1, np.int64)
    for r in order:
        a, b = starts[r], starts[r + 1]
        end = 0  # of what is cut because of other records, so far
        for m in range(a, b):
            backed[m] = seen[groups[m]]
            if backed[m] >= 0:
                end = _mark(cut, max(at[m], end), at[m] + length)
        first = at[a]  # the next unit that other records have cut
        end = 0  # of what is cut because of this record
        settled = a  # members before back nothing that is cut, as far as this can still change
        for m in range(a, b):
            first = max(first, at[m])
            while first < at[m] + length and not cut[first]:
                first += 1
            if backed[m] >= 0:
                continue
            other = seen[groups[m]]  # of this record, if any
            if other >= 0:
                if within and at[m] - at[other] >= length:
                    backed[m] = other
                    j = m - 1
                    while action == CUT and j >= settled and at[j] > at[m] - length:
                        if seen[groups[j]] == j:
                            seen[groups[j]] = -1
                        j -= 1
                    settled = m
                    end = _mark(cut, max(at[m], end), at[m] + length)
            elif action != CUT or (first >= at[m] + length and end <= at[m]):
                seen[groups[m]] = m
        lost = 0
        for unit in range(at[a], at[b - 1] + length):
            if cut[unit]:
                lost += sizes[unit]
        shared[r] = lost
        if lost == 0:
            continue
        witness[r] = _most(backed[a:b], at[a:b], sizes, owner, place, r)
        left = totals[r] - before[r] - lost
        gone[r] = (action == CUT and left < least) or (
            action == DROP and lost >= threshold * totals[r]
        )
        if gone[r]:
            for m in range(a, b):
                if seen[groups[m]] == m:
                    seen[groups[m]] = -1


@jit
def _mark(cut: np.ndarray, start: int, end: int) -> int:
    for unit in range(start, end):
        cut[unit] = True
    return end


@jit
def _most(backed, at, sizes, owner, place, record):
    """The other record that backs most characters, of equals the first; -1 if there is none."""
    count = 0
    records = np.empty(backed.size, np.int64)
    weight = np.empty(backed.size, np.int64)
    for k in range(backed.size):
        if backed[k] >= 0 and owner[backed[k]] != record:
            records[count], weight[count] = place[owner[backed[k]]], k
            count += 1
    if count == 0:
        return -1
    best, best_size, at_run, size = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(0)
    by_record = np.argsort(records[:count], kind="mergesort")
    for k in by_record:
        if records[k] != at_run:
            at_run, size = records[k], np.int64(0)
        size += sizes[at[weight[k]]]
        if size > best_size:
            best, best_size = weight[k], size
    return owner[backed[best]]
