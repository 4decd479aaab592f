"""Comments in source code, told apart from strings by rules of the language; lines of a text."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from tamis.kernels.code_rules import LANGUAGES, Rule
from tamis.kernels.jit import jit

_COMMENT, _NESTED, _ESCAPES, _LINES, _SPACED, _DOC, _CHAR, _TOP = (1 << k for k in range(8))


class Rules(NamedTuple):
    """The rules of a language as arrays: marks one after another, a row for each rule.

    `rows`: where the opening mark starts and ends, where the closing one does (equal: the end of
    the line), flags. `begins` is 1 for a byte that an opening mark begins with.
    """

    marks: np.ndarray
    rows: np.ndarray
    begins: np.ndarray


@functools.cache
def rules(language: str) -> Rules:
    """The rules of a language of `code_rules.LANGUAGES`."""
    marks, rows, begins = b"", [], np.zeros(256, np.uint8)
    for rule in sorted(LANGUAGES[language], key=lambda rule: -len(rule.opens)):
        opens, closes = rule.opens.encode(), rule.closes.encode()
        at = len(marks)
        rows.append((at, at + len(opens), at + len(opens), at + len(opens + closes), _flags(rule)))
        marks += opens + closes
        begins[opens[0]] = 1
    found = Rules(np.frombuffer(marks, np.uint8), np.array(rows, np.int64), begins)
    for array in found:
        array.flags.writeable = False
    return found


def _flags(rule: Rule) -> int:
    return (
        _COMMENT * rule.comment
        | _NESTED * rule.nested
        | _ESCAPES * rule.escapes
        | _LINES * rule.lines
        | _SPACED * rule.spaced
        | _DOC * rule.doc
        | _CHAR * rule.char
        | _TOP * rule.top
    )


@jit
def comments(
    data: np.ndarray,
    offsets: np.ndarray,
    marks: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Per text the characters that are in comments, their marks included."""
    for i in range(len(offsets) - 1):
        begin, at, end = offsets[i], offsets[i], offsets[i + 1]
        covered, last = np.int64(0), 0  # `last`: the byte of code before, no white space
        while at < end:
            byte = data[at]
            if begins[byte] == 0:
                if byte > 0x20:
                    last = byte
                at += 1
                continue
            stop, comment = np.int64(-1), False
            for r in range(len(rows)):
                flags = rows[r, 4]
                if not _stands(data, at, end, marks, rows[r, 0], rows[r, 1]):
                    continue
                if flags & _SPACED and at > begin and data[at - 1] > 0x20:
                    continue
                if flags & _TOP and at > begin and data[at - 1] != 0x0A:
                    continue
                stop = _close(data, at, end, marks, rows[r])
                if stop >= 0:
                    comment = flags & _COMMENT != 0
                    if flags & _DOC and (last == 0 or last == 0x3A):
                        comment = _alone(data, begin, at)
                    break
            if stop < 0:
                last = byte
                at += 1
                continue
            if comment:
                for k in range(at, stop):
                    covered += data[k] & 0xC0 != 0x80
            else:
                last = byte
            at = stop
        counts[i] = covered


@jit
def _stands(data: np.ndarray, at: int, end: int, marks: np.ndarray, first: int, last: int) -> bool:
    if at + last - first > end:
        return False
    for k in range(last - first):  # noqa: SIM110  a loop compiles to a loop
        if data[at + k] != marks[first + k]:
            return False
    return True


@jit
def _alone(data: np.ndarray, begin: int, at: int) -> bool:
    """Whether nothing but white space stands before `at` in its line."""
    while at > begin and data[at - 1] != 0x0A:
        at -= 1
        if data[at] > 0x20:
            return False
    return True


@jit
def _close(data: np.ndarray, at: int, end: int, marks: np.ndarray, row: np.ndarray) -> int:
    """Where what opens at `at` ends; -1 if it is nothing that opens."""
    first, last, flags = row[2], row[3], row[4]
    start = at
    at += row[1] - row[0]
    if first == last and not flags & _COMMENT:
        return at
    if first == last:  # up to the end of the line
        while at < end and data[at] != 0x0A:
            at += 1
        return at
    if flags & _CHAR and (at + 1 >= end or (data[at] != 0x5C and not _quoted(data, at, end))):
        return -1
    depth = 1
    while at < end:
        byte = data[at]
        if flags & _ESCAPES and byte == 0x5C:
            at += 2
            continue
        if flags & _NESTED and _stands(data, at, end, marks, row[0], row[1]):
            depth += 1
            at += row[1] - row[0]
            continue
        fits = byte == marks[first] and _stands(data, at, end, marks, first, last)
        if fits and (not flags & _TOP or at == start or data[at - 1] == 0x0A):
            at += last - first
            depth -= 1
            if depth == 0:
                return at
            continue
        if byte == 0x0A and not flags & _LINES:
            return -1
        at += 1
    # a comment may want its end; a string without one is a quotation mark by itself
    return end if flags & _COMMENT else -1


@jit
def _quoted(data: np.ndarray, at: int, end: int) -> bool:
    """Whether one character stands before a quotation mark."""
    at += 1
    while at < end and data[at] & 0xC0 == 0x80:
        at += 1
    return at < end and data[at] == 0x27


@jit
def lines(data: np.ndarray, offsets: np.ndarray, counts: np.ndarray) -> None:
    """Per text: lines (newlines and one), characters, characters of the longest line."""
    for i in range(len(offsets) - 1):
        lines_within(data, offsets[i], offsets[i + 1], counts[i])


@jit
def lines_within(data: np.ndarray, start: int, end: int, row: np.ndarray) -> None:
    """As `lines`, for `data[start:end]`."""
    breaks = characters = longest = length = np.int64(0)
    for at in range(start, end):
        byte = data[at]
        if byte == 0x0A:
            breaks += 1
            longest = max(longest, length)
            length = 0
            characters += 1
        elif byte & 0xC0 != 0x80:
            length += 1
            characters += 1
    row[0], row[1], row[2] = breaks + 1, characters, max(longest, length)


@jit
def alphabetic(
    data: np.ndarray, offsets: np.ndarray, table: np.ndarray, counts: np.ndarray
) -> None:
    """Per text the characters with the first bit of `table`."""
    for i in range(len(offsets) - 1):
        at, end, found = offsets[i], offsets[i + 1], np.int64(0)
        while at < end:
            byte = np.int64(data[at])
            if byte < 0x80:
                found += table[byte] & 1
                at += 1
                continue
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            code = byte & (0x7F >> size)
            for k in range(at + 1, min(at + size, end)):
                code = code << 6 | (np.int64(data[k]) & 0x3F)
            found += table[code] & 1
            at += size
        counts[i] = found
