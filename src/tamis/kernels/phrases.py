"""Which of some phrases stand in a stretch of bytes, in either case, from one pass over it.

Each phrase has a pair of letters that is rare in text; the pass looks for those pairs and compares
the phrase only there.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import padded, valid

POLICY, NOTICE, SCRIPT, FILLER, SQUARE, CURLY, KELVIN = (1 << k for k in range(7))
"""A phrase of policies that C4 knows; one that NeMo Curator knows besides; "javascript"; "lorem
ipsum"; a `[`; a `{`; the Kelvin sign (U+212A), whose lower case is k."""

# Lower case, by the pair of letters the search begins with. Two long notices of NeMo Curator's list
# are left out: "uses cookies" stands in both and so finds them.
_PHRASES = {
    "ok": (
        ("cookie policy", POLICY),
        ("uses cookies", POLICY),
        ("use of cookies", POLICY),
        ("use cookies", POLICY),
        ("privacy & cookies policy", NOTICE),
        ("privacy and cookies policy", NOTICE),
        (
            "necessary cookies are absolutely essential for the website to function properly. this "
            "category only includes cookies that ensures basic functionalities and security "
            "features of the website. these cookies do not store any personal information.",
            NOTICE,
        ),
        (
            "any cookies that may not be particularly necessary for the website to function and is "
            "used specifically to collect user personal data via analytics, ads, other embedded "
            "contents are termed as non-necessary cookies. it is mandatory to procure user consent "
            "prior to running these cookies on your website.",
            NOTICE,
        ),
        (
            "if you continue to browse this site without changing your cookie settings, you agree "
            "to this use. acceptread more",
            NOTICE,
        ),
    ),
    "va": (("privacy policy", POLICY), ("privacy overview", NOTICE), ("javascript", SCRIPT)),
    "ms": (("terms of use", POLICY),),
    "ps": (("lorem ipsum", FILLER),),
}
POLICIES = tuple(p for ps in _PHRASES.values() for p, flag in ps if flag in (POLICY, NOTICE))


def _compile() -> tuple[np.ndarray, np.ndarray]:
    """All phrases in one, and a row for each: start, size, where its pair ends, pair, flag."""
    text, rows = b"", []
    for pair, phrases in _PHRASES.items():
        for phrase, flag in phrases:
            letters = ord(pair[0]) << 8 | ord(pair[1])
            rows.append((len(text), len(phrase), phrase.index(pair) + 1, letters, flag))
            text += phrase.encode()
    return np.frombuffer(text, np.uint8).copy(), np.array(rows, np.int64)


_TEXT, _ROWS = _compile()
_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)


@jit
def marks(data: np.ndarray, offsets: np.ndarray, found: np.ndarray) -> None:
    """Fill `found` (uint8) with the flags of each text."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            found[i] = marks_within(data, start, end, start, end)
        else:
            size = end - start
            found[i] = marks_within(padded(data, start, end), 0, size, 0, size)


@jit
def marks_within(data: np.ndarray, start: int, end: int, low: int, high: int) -> int:
    """The flags that the bytes from `low` to `high` of the text `data[start:end]` give it."""
    square = curly = kelvin = _0
    for at in range(low, high, 64):
        inside = valid(at, high)
        square |= mask.equal(data, at, 0x5B) & inside
        curly |= mask.equal(data, at, 0x7B) & inside
        lead = mask.equal(data, at, 0xE2) & inside
        if lead != _0:
            kelvin |= lead & mask.equal(data, at + 1, 0x84) & mask.equal(data, at + 2, 0xAA)
    found = phrases_within(data, start, end, low, high)
    found |= SQUARE if square != _0 else 0
    found |= CURLY if curly != _0 else 0
    found |= KELVIN if kelvin != _0 else 0
    return found


@jit
def phrases(data: np.ndarray, start: int, end: int) -> int:
    """The flags of the phrases in `data[start:end]`; reads up to 64 bytes past `end`."""
    return phrases_within(data, start, end, start, end)


@jit
def phrases_within(data: np.ndarray, start: int, end: int, low: int, high: int) -> int:
    """Of the phrases in `data[start:end]` those whose rare pair ends from `low` to `high`."""
    found = np.int64(0)
    last_o = last_v = last_mp = _0
    if low > start:
        byte = data[low - 1] | 0x20
        last_o, last_v = np.uint64(byte == 0x6F), np.uint64(byte == 0x76)
        last_mp = np.uint64(byte == 0x6D or byte == 0x70)
    for at in range(low, high, 64):
        o, v = mask.folded(data, at, 0x6F, 0x6F), mask.folded(data, at, 0x76, 0x76)
        mp = mask.folded(data, at, 0x6D, 0x6D) | mask.folded(data, at, 0x70, 0x70)
        bits = (o << _1 | last_o) & mask.folded(data, at, 0x6B, 0x6B)
        bits |= (v << _1 | last_v) & mask.folded(data, at, 0x61, 0x61)
        bits |= (mp << _1 | last_mp) & mask.folded(data, at, 0x73, 0x73)
        last_o, last_v, last_mp = o >> _63, v >> _63, mp >> _63
        bits &= valid(at, high)
        while bits != _0:
            found |= _at(data, start, end, at + mask.trailing_zeros(bits))
            bits &= bits - _1
    return found


@jit
def _at(data: np.ndarray, start: int, end: int, second: int) -> int:
    """The flags of the phrases whose rare pair ends at `second`."""
    if second == start:
        return 0
    pair = (np.int64(data[second - 1]) << 8 | np.int64(data[second])) | 0x2020
    found = np.int64(0)
    for r in range(len(_ROWS)):
        text, size, first = _ROWS[r, 0], _ROWS[r, 1], second - _ROWS[r, 2]
        if _ROWS[r, 3] == pair and first >= start and first + size <= end:
            k = 0
            while k < size and lowered(data[first + k]) == _TEXT[text + k]:
                k += 1
            if k == size:
                found |= _ROWS[r, 4]
    return found


@jit
def lowered(byte: int) -> int:
    """The byte, an ASCII capital as the small letter."""
    return np.int64(byte) | 0x20 if 0x41 <= byte <= 0x5A else np.int64(byte)
