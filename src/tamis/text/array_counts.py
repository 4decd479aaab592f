"""Counts of characters, words and lines as operations on whole arrays, for NumPy and CuPy alike.

The same array code runs on the processor, where tests compare it with the compiled loops, and on a
device, where a cuDF column's bytes lie. It gives what the views of `tamis.text.views` tally; the
measures that divide and null them are the very same.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tamis.kernels.unicode import ALPHA, classes
from tamis.kernels.words import COMMON_WORDS, ELLIPSES
from tamis.text.code import CodeLines
from tamis.text.views import Characters


class Tallied(NamedTuple):
    """What measures of words and lines ask of `Words` and `Parts`: `counts`, `tallies`."""

    counts: np.ndarray
    tallies: np.ndarray


class TextArrays:
    """Texts as arrays of `xp` (numpy or cupy): uint8 `data`, int64 `offsets`, bool `valid`.

    Text i is `data[offsets[i]:offsets[i + 1]]`; `offsets` begin with 0 and end with the size of
    `data`. What several counts need is made once. Counts come back as arrays of NumPy.
    """

    def __init__(self, xp: Any, data: Any, offsets: Any, valid: Any) -> None:
        self.xp, self.data, self.offsets, self.valid = xp, data, offsets, valid

    def host(self, values: Any) -> np.ndarray:
        """An array in the host's memory."""
        return values if self.xp is np else self.xp.asnumpy(values)

    def before(self, flags: Any) -> Any:
        """How many flags are set before each byte, and before the end."""
        xp = self.xp
        kind = xp.int32 if flags.size < 2**31 - 1 else xp.int64
        return self._summed(flags, kind)

    def per_text(self, flags: Any) -> Any:
        """How many flags are set in each text, int64."""
        return self.xp.diff(self.before(flags)[self.offsets]).astype(self.xp.int64)

    def shifted(self, by: int) -> Any:
        """The byte that stands `by` after each; 0 behind the end."""
        found = self.xp.zeros_like(self.data)
        found[: max(0, found.size - by)] = self.data[by:]
        return found

    @cached_property
    def begins(self) -> Any:
        """Whether a byte begins a character."""
        return (self.data & 0xC0) != 0x80

    @cached_property
    def characters_before(self) -> Any:
        """How many characters begin before each byte."""
        return self.before(self.begins)

    @cached_property
    def firsts(self) -> Any:
        """Whether a byte is the first of a text; one more entry, for the end."""
        found = self.xp.zeros(self.data.size + 1, bool)
        found[self.offsets] = True
        return found

    @cached_property
    def visible(self) -> Any:
        """Whether a byte is of a character that is not white space (`str.isspace`)."""
        data, xp = self.data, self.xp
        white = ((data >= 9) & (data <= 13)) | ((data >= 28) & (data <= 32))
        second, third = self.shifted(1), self.shifted(2)
        two = (data == 0xC2) & ((second == 0x85) | (second == 0xA0))
        general = ((third >= 0x80) & (third <= 0x8A)) | (third == 0xA8) | (third == 0xA9)
        general = (second == 0x80) & (general | (third == 0xAF))
        general |= (second == 0x81) & (third == 0x9F)
        three = (data == 0xE2) & general
        three |= (data == 0xE3) & (second == 0x80) & (third == 0x80)
        three |= (data == 0xE1) & (second == 0x9A) & (third == 0x80)
        for by, wide in ((0, two), (1, two), (0, three), (1, three), (2, three)):
            if by:
                white[by:] |= wide[:-by]
            else:
                white |= wide
        return xp.logical_not(white)

    @cached_property
    def blank(self) -> np.ndarray:
        """True where a text is null, empty or white space only."""
        return self.host(~self.valid | (self.per_text(self.visible) == 0))

    @cached_property
    def alphabetic_before(self) -> Any:
        """How many alphabetic characters begin before each byte."""
        xp, data = self.xp, self.data.astype(self.xp.int32)
        second, third = (self.shifted(k).astype(xp.int32) & 0x3F for k in (1, 2))
        code = xp.where(data < 0x80, data, (data & 0x1F) << 6 | second)
        code = xp.where(data >= 0xE0, (data & 0x0F) << 12 | second << 6 | third, code)
        last = self.shifted(3).astype(xp.int32) & 0x3F
        four = (data & 0x07) << 18 | second << 12 | third << 6 | last
        code = xp.where(data >= 0xF0, four, code)
        return self.before(self.begins & ((xp.asarray(classes())[code] & ALPHA) != 0))

    @cached_property
    def characters(self) -> Characters:
        """As the view `characters`."""
        data = self.data
        digits = (data >= 0x30) & (data <= 0x39)
        small = data | 0x20
        marks = (data == 0x21) | (data == 0x3F) | (data == 0x2C) | (data == 0x2E) | (data == 0x0A)
        alphanumeric = marks | digits | ((small >= 0x61) & (small <= 0x7A) & (data < 0x80))
        white = ((data >= 8) & (data <= 10)) | (data == 13) | (data == 32)
        brackets = (data == 0x28) | (data == 0x29) | (data == 0x5B) | (data == 0x5D)
        brackets |= (data == 0x7B) | (data == 0x7D)
        third = self.shifted(2)
        angle = (self.shifted(1) == 0x9F) & ((third == 0xA8) | (third == 0xA9))
        brackets |= (data == 0xE2) & angle
        flags = (self.begins, alphanumeric, digits, white, brackets)
        return Characters(*(self.host(self.per_text(one)) for one in flags))

    @cached_property
    def words(self) -> Tallied:
        """As the view `words` of languages with spaces: how many, and the five tallies."""
        xp, live = self.xp, self.visible
        starts, ends = self._runs(live)
        length = (self.characters_before[ends] - self.characters_before[starts]).astype(xp.int64)
        alphabetic = self.alphabetic_before[ends] > self.alphabetic_before[starts]
        key = self._keys(starts, ends)
        symbol = self._mostly_hashes(starts, ends, length)
        for word in ELLIPSES:
            symbol |= key == _key(word)
        common = xp.zeros(len(starts), bool)
        for word in COMMON_WORDS:
            common |= key == _key(word)
        offsets = self._of_text(starts)
        sums = [self._sums(values, offsets) for values in (length, alphabetic, symbol, common)]
        longest = self._most(length, offsets)
        tallies = xp.stack([sums[0], longest, *sums[1:]], axis=1)
        return Tallied(self.host(xp.diff(offsets)), self.host(tallies))

    @cached_property
    def lines(self) -> Tallied:
        """As the view `lines`: how many, and of its tallies bullets and end marks (3, 4)."""
        xp, visible = self.xp, self.visible
        cut = self._cuts()
        seen = self.before(visible)
        there = seen[cut[1:]] > seen[cut[:-1]]
        starts, stops = cut[:-1][there], cut[1:][there]
        where = xp.flatnonzero(visible)
        first, last = where[seen[starts]], where[seen[stops] - 1]
        mark = self.data[last]
        ended = (mark == 0x2E) | (mark == 0x3F) | (mark == 0x21) | (mark == 0x22) | (mark == 0x27)
        code = self.shifted(1)[first].astype(xp.int32) << 8 | self.shifted(2)[first]
        bullet = xp.zeros(len(starts), bool)
        for sign in "•‣⁃⁌⁍∙○●◘◦⦾⦿":
            utf8 = sign.encode()
            bullet |= code == (utf8[1] << 8 | utf8[2])
        bullet &= self.data[first] == 0xE2
        offsets = self._of_text(starts)
        tallies = xp.zeros((len(self.valid), 6), xp.int64)
        tallies[:, 3], tallies[:, 4] = self._sums(bullet, offsets), self._sums(ended, offsets)
        return Tallied(self.host(xp.diff(offsets)), self.host(tallies))

    @cached_property
    def code_lines(self) -> CodeLines:
        """As the view `code_lines`."""
        xp = self.xp
        newline = self.data == 0x0A
        cut = self._cuts()
        length = xp.diff(self.characters_before[cut]).astype(xp.int64)
        breaks = self.before(newline)
        length = length - (breaks[cut[1:]] - breaks[cut[:-1]])  # what ends a line is none of it
        longest = self._most(length, self._of_text(cut[:-1]))
        lines, characters = self.per_text(newline) + 1, self.per_text(self.begins)
        return CodeLines(self.host(lines), self.host(characters), self.host(longest))

    def _cuts(self) -> Any:
        """Where lines begin, in all texts (bytes), and the end of the data; each once."""
        xp = self.xp
        begins = self.firsts.copy()
        begins[1:] |= self.data == 0x0A
        begins[-1] = True
        return xp.flatnonzero(begins)

    def _runs(self, live: Any) -> tuple[Any, Any]:
        """Where runs of such bytes begin and end, none of them across two texts."""
        xp = self.xp
        begin, end = live.copy(), live.copy()
        begin[1:] &= self.firsts[1:-1] | ~live[:-1]
        end[:-1] &= self.firsts[1:-1] | ~live[1:]
        return xp.flatnonzero(begin), xp.flatnonzero(end) + 1

    def _of_text(self, starts: Any) -> Any:
        """Which of these ascending places are in each text: its are from entry i to i + 1."""
        return self.xp.searchsorted(starts, self.offsets).astype(self.xp.int64)

    def _sums(self, values: Any, offsets: Any) -> Any:
        return self.xp.diff(self._summed(values, self.xp.int64)[offsets])

    def _summed(self, values: Any, kind: Any) -> Any:
        """The sums of all values before each, and of all."""
        found = self.xp.zeros(values.size + 1, kind)
        if values.size:
            found[1:] = self.xp.cumsum(values, dtype=kind)
        return found

    def _most(self, values: Any, offsets: Any) -> Any:
        """The largest of each text's values, 0 where it has none: the last, once sorted in it."""
        xp = self.xp
        found = xp.zeros(len(offsets) - 1, xp.int64)
        if not values.size:
            return found
        of = xp.searchsorted(offsets, xp.arange(values.size), side="right").astype(xp.int64) - 1
        order = xp.sort(of << 32 | values)
        some = xp.flatnonzero(offsets[1:] > offsets[:-1])
        found[some] = order[offsets[1:][some] - 1] & 0xFFFFFFFF
        return found

    def _keys(self, starts: Any, ends: Any) -> Any:
        """The up to seven bytes of each word in one number with its size, 0 of longer ones."""
        xp = self.xp
        size = xp.minimum(ends - starts, 8).astype(xp.int64)
        found = size << 56
        for k in range(7):
            at = xp.minimum(starts + k, max(0, self.data.size - 1))
            byte = self.data[at].astype(xp.int64) if self.data.size else size
            found = found | xp.where(k < size, byte, 0) << (8 * k)
        return xp.where(size < 8, found, 0)

    def _mostly_hashes(self, starts: Any, ends: Any, length: Any) -> Any:
        """Words that begin with `#`, whose runs of it number over half their characters."""
        if not self.data.size:
            return self.xp.zeros(0, bool)
        sign = self.data == 0x23
        opens = sign.copy()
        opens[1:] &= ~sign[:-1]
        runs = self.before(opens)
        found = (runs[ends] - runs[starts]) + (sign[starts] & ~opens[starts])
        return sign[starts] & (2 * found > length)


def _key(word: str) -> int:
    """As `_keys` has a word."""
    utf8 = word.encode()
    return int.from_bytes(utf8, "little") | len(utf8) << 56
