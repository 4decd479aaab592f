"""C4's rules for lines: what is left of each text, and what was seen in it on the way."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import line_break
from tamis.kernels.copying import copy
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import BLANK, DECIMAL
from tamis.kernels.phrases import CURLY, FILLER, POLICY, SCRIPT, SQUARE, phrases
from tamis.kernels.unicode import decode, first_visible, last_visible, padded, space, valid

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_MARKS = tuple(np.frombuffer(mark, np.uint8).copy() for mark in (b"edit]", b"citation needed]"))
_EDIT, _NEEDED = _MARKS
_PHRASES = POLICY | SCRIPT | FILLER


@jit
def c4_lines(
    data: np.ndarray,
    offsets: np.ndarray,
    marks: np.ndarray,
    spaces: np.ndarray,
    classes: np.ndarray,
    rules: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
    seen: np.ndarray,
) -> None:
    """Write the lines that pass to `out`; `seen[i]` is whether lorem ipsum, and a `{`, was met.

    `rules` (int64): terminal punctuation wanted, fewest words, longest word, citations removed,
    lines with "javascript" removed, with a policy phrase removed. `out` has 128 bytes to spare.
    `marks` are those of `phrases.marks`, `spaces` is `unicode.classes()`, `classes` is
    `letter_classes()`.
    """
    into = 0
    out_offsets[0] = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        seen[i, 0] = seen[i, 1] = False
        tables = (spaces, classes, rules, marks[i])
        if end + 128 <= len(data):
            into = c4_within(data, start, end, tables, out, into, seen[i])
        else:
            into = c4_within(padded(data, start, end), 0, end - start, tables, out, into, seen[i])
        out_offsets[i + 1] = into


@jit
def c4_seen(
    data: np.ndarray,
    offsets: np.ndarray,
    marks: np.ndarray,
    spaces: np.ndarray,
    classes: np.ndarray,
    rules: np.ndarray,
    seen: np.ndarray,
) -> None:
    """As `c4_lines`, but only what was met; texts that hold nothing to meet are not looked at."""
    most = 0
    for i in range(len(offsets) - 1):
        if promising(marks[i]):
            most = max(most, offsets[i + 1] - offsets[i])
    out = np.zeros(most + 256, np.uint8)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        seen[i, 0] = seen[i, 1] = False
        tables = (spaces, classes, rules, marks[i])
        if not promising(marks[i]):
            continue
        if end + 128 <= len(data):
            c4_within(data, start, end, tables, out, 0, seen[i])
        else:
            c4_within(padded(data, start, end), 0, end - start, tables, out, 0, seen[i])


@jit
def promising(marks: int) -> bool:
    """Whether lorem ipsum or a `{` can be met: a citation cut out can leave a phrase behind."""
    return marks & (FILLER | CURLY) != 0 or (marks & SQUARE != 0 and marks & _PHRASES != 0)


@jit
def c4_within(data, start, end, tables, out, base, seen):
    """Write the lines of `data[start:end]` that pass from `base` on; gives where they end."""
    spaces, classes, rules, marks = tables
    # what the whole text lacks need not be looked for in its lines
    citations = rules[3] != 0 and marks & SQUARE != 0
    brackets = marks & CURLY != 0
    phrased = marks & _PHRASES != 0
    within = (citations, brackets, phrased)
    into, begin, lines = base, start, 0
    while begin < end:
        stop, after = line_break(data, begin, end)
        first = first_visible(data, begin, stop, spaces)
        last = last_visible(data, first, stop, spaces)
        begin = after
        place = into + (1 if lines > 0 else 0)
        size = _line(data, first, last, classes, rules, within, out, place, seen)
        if size >= 0:
            if lines > 0:
                out[into] = 0x0A
            into = place + size
            lines += 1
    return _stripped(out, base, into, spaces)


@jit
def _stripped(out: np.ndarray, base: int, into: int, spaces: np.ndarray) -> int:
    """Take white space off both ends of what was written; gives its new end."""
    first = first_visible(out, base, into, spaces)
    last = last_visible(out, first, into, spaces)
    if first > base:
        for k in range(last - first):
            out[base + k] = out[first + k]
    return base + last - first


@jit
def _line(data, first, last, classes, rules, within, out, place, seen):
    """Write a line that passes to `out[place:]` and give its size; -1 for one that does not."""
    citations, brackets, phrased = within
    if rules[0] != 0 and not citations and not _ends(data, first, last):
        return -1
    if rules[1] > 0 and words_in(data, first, last, rules[1]) < rules[1]:
        return -1
    if last - first > rules[2] and longest_word(data, first, last, classes) > rules[2]:
        return -1
    size = _copy(data, first, last, classes, citations, out, place)
    if rules[0] != 0 and citations and not _ends(out, place, place + size):
        return -1
    found = phrases(out, place, place + size) if phrased else 0
    if found & FILLER != 0:
        seen[0] = True
    if rules[4] != 0 and found & SCRIPT != 0:
        return -1
    if brackets and _holds(out, place, place + size, 0x7B):
        seen[1] = True
    if rules[5] != 0 and found & POLICY != 0:
        return -1
    return size


@jit
def words_in(data: np.ndarray, start: int, end: int, enough: int) -> int:
    """How many words `data[start:end]` has, or at least `enough`; reads 66 bytes past `end`."""
    found, spill, before = np.int64(0), _0, _0
    for at in range(start, end, 64):
        white, spill = space(data, at, spill)
        live = ~white & valid(at, end)
        found += mask.popcount(live & ~(live << _1 | before))
        if found >= enough:
            break
        before = live >> _63
    return found


@jit
def longest_word(data: np.ndarray, start: int, end: int, classes: np.ndarray) -> int:
    """Characters of the longest word of `data[start:end]`."""
    longest = length = 0
    for at in range(start, end):
        if data[at] & 0xC0 != 0x80:
            length = 0 if classes[decode(data, at)] & BLANK != 0 else length + 1
            longest = max(longest, length)
    return longest


@jit
def _copy(data, first, last, classes, citations, out, place):
    """Copy a line, with `citations` without its citation marks; gives the size."""
    if not citations or not _holds(data, first, last, 0x5B):
        copy(data, first, last, out, place)
        return last - first
    size, at = 0, first
    while at < last:
        if data[at] == 0x5B:
            beyond = _citation(data, at, last, classes)
            if beyond > at:
                at = beyond
                continue
        out[place + size] = data[at]
        size += 1
        at += 1
    return size


@jit
def _citation(data: np.ndarray, at: int, end: int, classes: np.ndarray) -> int:
    """Where `[…]` from `at` ends if it holds digits, nothing, "edit" or "citation needed"."""
    k = at + 1
    while k < end:
        code = decode(data, k)
        if classes[code] & DECIMAL == 0:
            break
        k += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    if k < end and data[k] == 0x5D:
        return k + 1
    for word in (_EDIT, _NEEDED):
        if at + 1 + len(word) <= end:
            same = 0
            while same < len(word) and data[at + 1 + same] == word[same]:
                same += 1
            if same == len(word):
                return at + 1 + same
    return at


@jit
def _ends(out: np.ndarray, start: int, end: int) -> bool:
    """Whether a line ends with an end mark and not with three dots."""
    if end == start:
        return False
    byte = out[end - 1]
    if byte == 0x2E:
        return not (end - start >= 3 and out[end - 2] == 0x2E and out[end - 3] == 0x2E)
    return byte == 0x3F or byte == 0x21 or byte == 0x22 or byte == 0x27


@jit
def _holds(data: np.ndarray, start: int, end: int, byte: int) -> bool:
    for at in range(start, end, 64):  # noqa: SIM110
        if mask.equal(data, at, byte) & valid(at, end) != _0:
            return True
    return False
