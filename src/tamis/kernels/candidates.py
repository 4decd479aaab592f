"""Which patterns may match in a window: by how long its numbers are, and by words near it.

What a window has (`tamis.kernels.personal`) is told in a few bits, and each pattern says which of
them it needs; only what passes is tried as a regular expression. All of it errs to the safe side:
a pattern that would match is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tamis.kernels.jit import jit

MARKS, DIGITS, SIZES, LETTERED, NEAR, INSIDE = range(6)
"""Columns of a plan (int64), a row of which is one pattern: marks, one of which a window has; its
least digits; the sizes of numbers of digits, and of those with letters, one of which it has (0 for
both: any); the words, one of which stands near it, and those of which one begins in it (0: none is
needed)."""
HALF = 63  # rows of a plan that one integer tells of
LONGEST = 62  # letters and digits of what has a size
BEFORE, AFTER = 240, 100  # bytes beside a window that are near it
_ALL = np.uint64((1 << 63) - 1)
_0, _1 = np.uint64(0), np.uint64(1)
_FOLDED = {  # as `re` ignores case
    "i": "iI\u0130\u0131", "k": "kK\u212a", "s": "sS\u017f", "в": "вВ\u1c80", "д": "дД\u1c81",
    "о": "оО\u1c82", "с": "сС\u1c83", "т": "тТ\u1c84\u1c85",
}  # fmt: skip


class Words(NamedTuple):
    """Words as a tree: from a node by a byte to the next (0: none), and the bits of those that end
    there."""

    steps: np.ndarray
    bits: np.ndarray


def tree(words: Iterable[tuple[str, int]]) -> Words:
    """The tree of words, in either case, and the bits they stand for."""
    steps, bits = [np.zeros(256, np.int16)], [0]
    for word, bit in words:
        node = 0
        for character in word:
            node = _node(steps, bits, node, character)
        bits[node] |= bit
    return Words(np.stack(steps), np.array(bits, np.int64))


def _node(steps: list[np.ndarray], bits: list[int], node: int, character: str) -> int:
    """Where a character leads from a node, in either case; made if there is no such place."""
    cases = _FOLDED.get(character.lower()) or character.lower() + character.upper()
    written = [case.encode() for case in dict.fromkeys(cases)]
    reached = _made(steps, bits, node, written[0])
    for case in written[1:]:
        steps[_made(steps, bits, node, case[:-1])][case[-1]] = reached
    return reached


def _made(steps: list[np.ndarray], bits: list[int], node: int, path: bytes) -> int:
    """Where bytes lead from a node; what is not there is made."""
    for byte in path:
        if not steps[node][byte]:
            steps.append(np.zeros(256, np.int16))
            bits.append(0)
            steps[node][byte] = len(steps) - 1
        node = int(steps[node][byte])
    return node


@jit
def candidates(
    data: np.ndarray, first: int, last: int, low: int, high: int, marks: int, digits: int,
    plan: np.ndarray, steps: np.ndarray, bits: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """The rows of a plan (126 at most) that are tried in the window `data[low:high]` of the text
    `data[first:last]`, as bits: the first 63, the others."""
    some, others = np.int64(0), np.int64(0)
    near, inside = np.int64(-1), np.int64(-1)
    sizes, lettered = np.int64(0), np.int64(0)
    sized = False
    for k in range(len(plan)):
        if not plan[k, MARKS] & marks or plan[k, DIGITS] > digits:
            continue
        if plan[k, SIZES] | plan[k, LETTERED]:
            if not sized:
                sizes, lettered = measured(data, low, high)
                sized = True
            if not (plan[k, SIZES] & sizes or plan[k, LETTERED] & lettered):
                continue
        if plan[k, NEAR] | plan[k, INSIDE]:
            if near < 0:
                near, inside = words(data, first, last, low, high, steps, bits)
            if not (plan[k, NEAR] & near or plan[k, INSIDE] & inside):
                continue
        if k < HALF:
            some |= np.int64(1) << k
        else:
            others |= np.int64(1) << (k - HALF)
    return some, others


@jit
def measured(data: np.ndarray, low: int, high: int) -> tuple[int, int]:
    """The sizes that numbers in a window have, as bits: of digits alone, of digits and letters.

    A number is runs that stand one character apart (a blank, a dash, a dot, a slash, a plus, a
    bracket, any beyond ASCII), any of those in a row.
    """
    sizes = lettered = ending = lettered_ending = _0
    run = gap = np.int64(0)
    pure = True
    for at in range(low, high + 1):
        byte = data[at] if at < high else np.uint8(0x2C)
        digit = 0x30 <= byte <= 0x39
        if digit or 0x61 <= byte | 0x20 <= 0x7A:
            run += 1
            pure = pure and digit
            continue
        if run > 0:
            long = np.uint64(run if run < 63 else 63)
            if pure:
                lettered_ending = lettered_ending << long & _ALL
                ending = (ending << long | _1 << long) & _ALL
            else:
                lettered_ending = ((lettered_ending | ending) << long | _1 << long) & _ALL
                ending = _0
            sizes |= ending
            lettered |= lettered_ending
            run = gap = np.int64(0)
            pure = True
        gap += np.int64(byte & 0xC0 != 0x80)
        if gap > 1 or not (
            byte == 0x20 or byte == 0x28 or byte == 0x2B or 0x2D <= byte <= 0x2F or byte >= 0x80
        ):
            ending = lettered_ending = _0
    return np.int64(sizes), np.int64(lettered)


@jit
def words(
    data: np.ndarray, first: int, last: int, low: int, high: int, steps: np.ndarray,
    bits: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """The bits of the words near a window, and of those that begin in it: where no letter of
    ASCII stands before."""
    near = inside = np.int64(0)
    for at in range(max(first, low - BEFORE), min(last, high + AFTER)):
        if at > first and 0x61 <= data[at - 1] | 0x20 <= 0x7A:
            continue
        node, place = steps[0, data[at]], at + 1
        while node > 0:
            near |= bits[node]
            if low <= at < high:
                inside |= bits[node]
            if place == last:
                break
            node = steps[node, data[place]]
            place += 1
    return near, inside
