"""Which of some phrases stand in a stretch of bytes, in either case, from one pass over it.

Each phrase has a pair of letters that is rare in text; the pass looks for those pairs and compares
the phrase only there.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import valid

POLICY, SCRIPT, FILLER = 1, 2, 4
_PHRASES = (
    ("terms of use", "ms", POLICY),
    ("privacy policy", "va", POLICY),
    ("cookie policy", "ok", POLICY),
    ("uses cookies", "ok", POLICY),
    ("use of cookies", "ok", POLICY),
    ("use cookies", "ok", POLICY),
    ("javascript", "va", SCRIPT),
    ("lorem ipsum", "ps", FILLER),
)
_TEXT = np.frombuffer("".join(phrase for phrase, _, _ in _PHRASES).encode(), np.uint8).copy()
_ROWS = np.array(
    [
        (len(phrase), phrase.index(pair) + 1, ord(pair[0]) << 8 | ord(pair[1]), flag)
        for phrase, pair, flag in _PHRASES
    ],
    np.int64,
)
_1, _63 = np.uint64(1), np.uint64(63)


@jit
def phrases(data: np.ndarray, start: int, end: int) -> int:
    """The flags of the phrases of C4 in `data[start:end]`; reads up to 64 bytes past `end`."""
    found = np.int64(0)
    last_o = last_v = last_mp = np.uint64(0)
    for at in range(start, end, 64):
        o, v = mask.folded(data, at, 0x6F, 0x6F), mask.folded(data, at, 0x76, 0x76)
        mp = mask.folded(data, at, 0x6D, 0x6D) | mask.folded(data, at, 0x70, 0x70)
        bits = (o << _1 | last_o) & mask.folded(data, at, 0x6B, 0x6B)
        bits |= (v << _1 | last_v) & mask.folded(data, at, 0x61, 0x61)
        bits |= (mp << _1 | last_mp) & mask.folded(data, at, 0x73, 0x73)
        last_o, last_v, last_mp = o >> _63, v >> _63, mp >> _63
        bits &= valid(at, end)
        while bits != np.uint64(0):
            found |= _at(data, start, end, at + mask.trailing_zeros(bits))
            bits &= bits - _1
    return found


@jit
def _at(data: np.ndarray, start: int, end: int, second: int) -> int:
    """The flags of the phrases whose rare pair ends at `second`."""
    if second == start:
        return 0
    pair = (np.int64(data[second - 1]) << 8 | np.int64(data[second])) | 0x2020
    found, text = np.int64(0), 0
    for r in range(len(_ROWS)):
        size, first = _ROWS[r, 0], second - _ROWS[r, 1]
        if _ROWS[r, 2] == pair and first >= start and first + size <= end:
            k = 0
            while k < size and lowered(data[first + k]) == _TEXT[text + k]:
                k += 1
            if k == size:
                found |= _ROWS[r, 3]
        text += size
    return found


@jit
def lowered(byte: int) -> int:
    """The byte, an ASCII capital as the small letter."""
    return np.int64(byte) | 0x20 if 0x41 <= byte <= 0x5A else np.int64(byte)
