"""Edit distance of two sequences of symbols, and one cheapest way from one to the other.

Bit-parallel: 64 rows of the table of distances are one machine word of vertical differences
(G. Myers, 1999; H. Hyyrö, 2003). Of long sequences only the band around the diagonal is filled that
a distance of at most `k` needs (E. Ukkonen, 1985); `k` grows until it suffices.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import popcount
from tamis.kernels.ordered import place

EQUAL, SUBSTITUTE, DELETE, INSERT = range(4)
"""What is done with a symbol of the first sequence (or, for INSERT, of the second)."""

_NARROW, _WIDER = 31, 8  # the first `k`, and what it is multiplied by
_DENSE = 1 << 21  # words of the table of where each symbol stands; larger ones are made by the row
_KEPT = 1 << 20  # words of vertical differences that are kept to find the way back
_0, _1, _63, _ONES = np.uint64(0), np.uint64(1), np.uint64(63), np.uint64(0xFFFFFFFFFFFFFFFF)
_62 = np.uint64(62)


@jit
def distance(one: np.ndarray, two: np.ndarray, room: np.ndarray, most: int) -> int:
    """How many symbols (uint64) have to be changed; -1 where that takes more than `most` steps.

    `room` is uint64 of [4, 129 + the longer of both].
    """
    if one.size > 64 and two.size < one.size:
        one, two = two, one  # the distance is the same
    if one.size == 0:
        return two.size
    if one.size <= 64:
        return _one_word(one, two, room)
    found = _narrow(one, two, room)
    if found > _NARROW:
        found, _ = _many_words(one, two, _NARROW * _WIDER, most, False, np.empty(0, np.uint8))
    return found


@jit
def way(
    one: np.ndarray, two: np.ndarray, room: np.ndarray, most: int, steps: np.ndarray
) -> tuple[int, int]:
    """The distance, and how many `steps` (uint8) lead from `one` to `two`, written last to first.

    Of several cheapest ways that one which, from the end, deletes where it can, else inserts, else
    goes on in both: RapidFuzz's choice, and so jiwer's. The distance is -1 as for `distance`.
    """
    if one.size == 0 or two.size == 0:
        size = max(one.size, two.size)
        steps[:size] = DELETE if one.size > 0 else INSERT
        return size, size
    if one.size > 64:
        return _many_words(one, two, _NARROW, most, True, steps)
    found = _one_word(one, two, room)
    state = (one.size, two.size, 0)
    at, _, _ = _back(one, two, room[2], room[3], 1, two.size, 0, state, steps)
    return found, at


@jit
def _slot(keys: np.ndarray, filled: np.ndarray, size: int, symbol: np.uint64) -> int:
    """Where a symbol stands in a table of `size` (a power of two), or where it would.

    Symbols are code points or hashes: their lowest bits are as good as a hash of theirs.
    """
    last = size - 1
    at = np.int64(symbol & np.uint64(last))
    while filled[at] != _0 and keys[at] != symbol:
        at = (at + 1) & last
    return at


@jit
def _one_word(one: np.ndarray, two: np.ndarray, room: np.ndarray) -> int:
    """The distance where `one` has 1 to 64 symbols.

    Rows 2 and 3 of `room` hold the differences of column j at j + 1.
    """
    keys, masks, ups, downs = room[0], room[1], room[2], room[3]
    size = 16
    while size < 2 * one.size:
        size *= 2
    masks[:size] = _0
    bit = _1
    for i in range(one.size):
        at = _slot(keys, masks, size, one[i])
        keys[at] = one[i]
        masks[at] |= bit
        bit <<= _1
    up, down = _ONES, _0
    last, found = np.uint64(one.size - 1), np.int64(one.size)
    for j in range(two.size):
        same = masks[_slot(keys, masks, size, two[j])]
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | ~(diagonal | up), diagonal & up
        found += np.int64(right >> last & _1) - np.int64(left >> last & _1)
        right, left = right << _1 | _1, left << _1
        up, down = left | ~(diagonal | right), right & diagonal
        ups[j + 1], downs[j + 1] = up, down
    return found


@jit
def _narrow(one: np.ndarray, two: np.ndarray, room: np.ndarray) -> int:
    """The distance if it is at most 31, else more, where `one` has more than 64 symbols.

    64 rows around the diagonal are one machine word that moves down with it (H. Hyyrö, 2003).
    """
    if abs(one.size - two.size) > _NARROW:
        return _NARROW + 1
    keys, masks, rows = room[0], room[1], room[2]
    size = 256
    while size < 2 * one.size:
        size *= 2
    if size > keys.size:
        keys, masks, rows = np.empty((3, size), np.uint64)
    masks[:size] = _0
    for i in range(_NARROW):
        _meet(keys, masks, rows, size, one[i], np.uint64(i))
    up, down = _ONES << np.uint64(64 - _NARROW - 1), _0
    found, steep = np.int64(_NARROW), one.size - _NARROW
    worst = 2 * _NARROW + two.size - one.size
    for j in range(min(steep, two.size)):
        row = np.uint64(j + _NARROW)
        _meet(keys, masks, rows, size, one[j + _NARROW], row)
        same = _met(keys, masks, rows, size, two[j], row)
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | ~(diagonal | up), diagonal & up
        found += np.int64(diagonal >> _63 == _0)
        if found > worst:
            return _NARROW + 1
        up, down = left | ~(diagonal >> _1 | right), diagonal >> _1 & right
    bit = _62
    for j in range(steep, two.size):
        same = _met(keys, masks, rows, size, two[j], np.uint64(j + _NARROW))
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | ~(diagonal | up), diagonal & up
        found += np.int64(right >> bit & _1) - np.int64(left >> bit & _1)
        bit -= _1
        up, down = left | ~(diagonal >> _1 | right), diagonal >> _1 & right
    return found


@jit
def _meet(keys, masks, rows, size, symbol, row):
    """Note that a symbol stands in the lowest row of the window, which is `row`."""
    at = _slot(keys, masks, size, symbol)
    before = masks[at]
    if before != _0:
        past = row - rows[at]
        before = before >> past if past <= _63 else _0
    keys[at], rows[at], masks[at] = symbol, row, before | _1 << _63


@jit
def _met(keys, masks, rows, size, symbol, row):
    """The rows of the window that a symbol stands in."""
    at = _slot(keys, masks, size, symbol)
    past = row - rows[at]
    return masks[at] >> past if masks[at] != _0 and past <= _63 else _0


@jit
def _many_words(
    one: np.ndarray, two: np.ndarray, k: int, most: int, back: bool, steps: np.ndarray
) -> tuple[int, int]:
    """The distance where `one` has more than 64 symbols, and the way back if asked for.

    The first band tried is that of the distance `k`.
    """
    numbers, others, known = _numbered(one, two)
    blocks = (one.size + 63) >> 6
    dense = (known + 1) * blocks <= _DENSE
    starts, places = _places(numbers[: 0 if dense else one.size], known)
    table = np.zeros((known + 1) * blocks if dense else blocks, np.uint64)
    if dense:
        for i in range(one.size):
            table[numbers[i] * blocks + (i >> 6)] |= _1 << (np.uint64(i) & _63)
    symbols = (others, table, starts, places, dense, one.size)
    longest, more = max(one.size, two.size), one.size - two.size
    k = max(k, abs(more) + abs(more) // 4 + _NARROW)
    while True:
        k = min(k, longest + 2)
        band = ((k - more) // 2, (k + more) // 2)  # how far above, below the diagonal
        wide = min(blocks, (k >> 6) + 2)
        if two.size * wide > most:
            return -1, 0
        # columns whose differences are kept at once, the others being made again on the way
        span = max(_KEPT // wide, np.int64(np.sqrt(two.size)) + 1) if back else two.size
        span = min(span, two.size)
        standing = np.empty((2, (two.size - 1) // span + 1, blocks if back else 1), np.uint64)
        kept = np.empty((2, span + 1 if back else 1, wide), np.uint64)
        found = _band(symbols, band, span, standing, kept, back)
        # every way through a neighbour of a cheapest one costs two more at most, and is in the band
        if found <= k - 2:
            break
        k *= _WIDER
    if not back:
        return found, 0
    state = (one.size, two.size, 0)
    at = 0
    for part in range(standing.shape[1] - 1, -1, -1):
        begin = part * span
        end = min(begin + span, two.size)
        if end < two.size:
            _columns(symbols, band, begin, end, standing[0, part], standing[1, part], kept, True, 0)
        at, i, j = _back(
            numbers,
            others,
            kept[0].reshape(-1),
            kept[1].reshape(-1),
            wide,
            band[0],
            begin,
            state,
            steps,
        )
        state = (i, j, at)
    return found, at


@jit
def _numbered(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Equal symbols as equal numbers, in the order they come in `one`; those it has not, the last.

    Also how many numbers there are below that one.
    """
    size = 16
    while size < 2 * one.size:
        size *= 2
    keys, filled = np.empty(size, np.uint64), np.zeros(size, np.uint64)
    numbers, others = np.empty(one.size, np.int64), np.empty(two.size, np.int64)
    known = 0
    for i in range(one.size):
        at = _slot(keys, filled, size, one[i])
        if filled[at] == _0:
            known += 1
            keys[at], filled[at] = one[i], np.uint64(known)
        numbers[i] = np.int64(filled[at]) - 1
    for j in range(two.size):
        at = _slot(keys, filled, size, two[j])
        others[j] = np.int64(filled[at]) - 1 if filled[at] != _0 else known
    return numbers, others, known


@jit
def _places(numbers: np.ndarray, known: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each number stands: those of number c are `places[starts[c]:starts[c + 1]]`."""
    starts, places = np.zeros(known + 2, np.int64), np.empty(numbers.size, np.int64)
    for i in range(numbers.size):
        starts[numbers[i] + 1] += 1
    for c in range(known + 1):
        starts[c + 1] += starts[c]
    ahead = starts.copy()
    for i in range(numbers.size):
        places[ahead[numbers[i]]] = i
        ahead[numbers[i]] += 1
    return starts, places


@jit
def _band(symbols, band, span, standing, kept, back):
    """The least that a way costs that stays in the band.

    Going back, the differences at the start of every `span` columns are left in `standing`, those
    of the last span in `kept`.
    """
    others, size = symbols[0], symbols[5]
    blocks = (size + 63) >> 6
    ups, downs = np.full(blocks, _ONES), np.zeros(blocks, np.uint64)
    top = np.int64(0)
    for part in range(standing.shape[1]):
        begin = part * span
        end = min(begin + span, others.size)
        if back:
            standing[0, part], standing[1, part] = ups, downs
        top = _columns(symbols, band, begin, end, ups, downs, kept, back, top)
    first = max(others.size - 1 - band[0], 0) >> 6
    found = top
    for b in range(first, blocks):
        inside = _ONES if b < blocks - 1 else _ONES >> (_63 - (np.uint64(size - 1) & _63))
        found += popcount(ups[b] & inside) - popcount(downs[b] & inside)
    return found


@jit
def _columns(symbols, band, begin, end, ups, downs, kept, keep, top):
    """Fill the columns `begin` to `end` of the band; gives the distance at its upper edge."""
    others, table, starts, places, dense, size = symbols
    blocks = (size + 63) >> 6
    above, below = band
    before = max(begin - 1 - above, 0) >> 6
    if keep:
        for b in range(before, min(before + kept.shape[2], blocks)):
            kept[0, 0, b - before], kept[1, 0, b - before] = ups[b], downs[b]
    for j in range(begin, end):
        first, last = max(j - above, 0) >> 6, min(j + below, size - 1) >> 6
        while before < first:
            top += popcount(ups[before]) - popcount(downs[before])
            before += 1
        top += 1
        symbol = others[j]
        base = symbol * blocks
        low = high = np.int64(0)
        if not dense:
            base = 0
            low, high = starts[symbol], starts[symbol + 1]
            low += place(places[low:high], first << 6)
            at = low
            while at < high and places[at] >> 6 <= last:
                table[places[at] >> 6] |= _1 << (np.uint64(places[at]) & _63)
                at += 1
            high = at
        from_right, from_left = _1, _0
        for b in range(first, last + 1):
            up, down = ups[b], downs[b]
            same = table[base + b] | from_left
            diagonal = (((same & up) + up) ^ up) | same | down
            right, left = down | ~(diagonal | up), diagonal & up
            over_right, over_left = right >> _63, left >> _63
            right, left = right << _1 | from_right, left << _1 | from_left
            ups[b], downs[b] = left | ~(diagonal | right), right & diagonal
            from_right, from_left = over_right, over_left
        for at in range(low, high):
            table[places[at] >> 6] = _0
        if keep:
            for b in range(first, last + 1):
                kept[0, j - begin + 1, b - first] = ups[b]
                kept[1, j - begin + 1, b - first] = downs[b]
    return top


@jit
def _back(one, two, ups, downs, wide, above, begin, state, steps):
    """Go back from row `i` and column `j` to the column `begin`, or to the start if that is 0.

    `state` is i, j and how many steps there are; so is what is given back, the steps first. Row
    `j - begin + 1` of the differences is that of column j.
    """
    i, j, at = state
    while i > 0 and j > begin:
        if _bit(ups, wide, above, begin, i, j - 1):
            i -= 1
            steps[at] = DELETE
        elif j > 1 and _bit(downs, wide, above, begin, i, j - 2):
            j -= 1
            steps[at] = INSERT
        else:
            i -= 1
            j -= 1
            steps[at] = EQUAL if one[i] == two[j] else SUBSTITUTE
        at += 1
    if begin == 0:
        while i > 0:
            i -= 1
            steps[at] = DELETE
            at += 1
        while j > 0:
            j -= 1
            steps[at] = INSERT
            at += 1
    return at, i, j


@jit
def _bit(differences, wide, above, begin, i, column):
    """Whether the difference between the rows `i - 1` and `i` of a column is kept as set."""
    block = ((i - 1) >> 6) - (max(column - above, 0) >> 6)
    if block < 0 or block >= wide:
        return False
    word = differences[(column - begin + 1) * wide + block]
    return word >> (np.uint64(i - 1) & _63) & _1 != _0
