"""Paragraphs that hold a policy notice, and texts that hold "lorem ipsum"."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import padded, valid

LOREM, POLICY = 1, 2

# What NeMo Curator looks for (after C4), lower case, by the pair of letters the search begins with.
# Two long notices of its list are left out: "uses cookies" stands in both and so finds them.
_NOTICES = {
    "ok": (
        "cookie policy",
        "uses cookies",
        "use of cookies",
        "use cookies",
        "privacy & cookies policy",
        "privacy and cookies policy",
        "necessary cookies are absolutely essential for the website to function properly. this "
        "category only includes cookies that ensures basic functionalities and security features "
        "of the website. these cookies do not store any personal information.",
        "any cookies that may not be particularly necessary for the website to function and is "
        "used specifically to collect user personal data via analytics, ads, other embedded "
        "contents are termed as non-necessary cookies. it is mandatory to procure user consent "
        "prior to running these cookies on your website.",
        "if you continue to browse this site without changing your cookie settings, you agree to "
        "this use. acceptread more",
    ),
    "va": ("privacy policy", "privacy overview"),
    "ms": ("terms of use",),
    "ps": ("lorem ipsum",),
}


def _compile() -> tuple[np.ndarray, np.ndarray]:
    """All strings in one, and a row for each: start, end, where its pair ends, pair, flag."""
    text, rows = b"", []
    for pair, strings in _NOTICES.items():
        for string in strings:
            flag = LOREM if pair == "ps" else POLICY
            anchor = string.index(pair) + 1
            letters = ord(pair[0]) << 8 | ord(pair[1])
            rows.append((len(text), len(text) + len(string), anchor, letters, flag))
            text += string.encode()
    return np.frombuffer(text, np.uint8).copy(), np.array(rows, np.int64)


TEXT, ROWS = _compile()


@jit
def notices(
    data: np.ndarray,
    offsets: np.ndarray,
    paragraph_offsets: np.ndarray,
    spans: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Per text (row of `counts`): paragraphs with a policy notice, and 1 for "lorem ipsum"."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        low, high = paragraph_offsets[i], paragraph_offsets[i + 1]
        if end + 128 <= len(data):
            _text(data, start, spans[low:high], counts[i])
        else:
            _text(padded(data, start, end), 0, spans[low:high], counts[i])


@jit
def _text(data: np.ndarray, start: int, spans: np.ndarray, row: np.ndarray) -> None:
    policies = lorem = np.int64(0)
    for part in range(len(spans)):
        first, last = start + spans[part, 0], start + spans[part, 1]
        flags = _flags(data, first, last)
        if flags < 0:
            copy, size = _without_kelvin(data, first, last)
            flags = _flags(copy, 0, size)
        policies += flags >> 1
        lorem |= flags & LOREM
    row[0], row[1] = policies, lorem


@jit
def _flags(data: np.ndarray, start: int, end: int) -> int:
    """The flags of one paragraph; -1 if it has a Kelvin sign (U+212A), whose lower case is k."""
    found = np.int64(0)
    last_o = last_v = last_mp = np.uint64(0)
    _1, _63 = np.uint64(1), np.uint64(63)
    for at in range(start, end, 64):
        o, v = mask.folded(data, at, 0x6F, 0x6F), mask.folded(data, at, 0x76, 0x76)
        mp = mask.folded(data, at, 0x6D, 0x6D) | mask.folded(data, at, 0x70, 0x70)
        bits = (o << _1 | last_o) & mask.folded(data, at, 0x6B, 0x6B)
        bits |= (v << _1 | last_v) & mask.folded(data, at, 0x61, 0x61)
        bits |= (mp << _1 | last_mp) & mask.folded(data, at, 0x73, 0x73)
        last_o, last_v, last_mp = o >> _63, v >> _63, mp >> _63
        kelvin = mask.equal(data, at, 0xE2) & valid(at, end)
        if kelvin != np.uint64(0):
            kelvin &= mask.equal(data, at + 1, 0x84) & mask.equal(data, at + 2, 0xAA)
            if kelvin != np.uint64(0):
                return np.int64(-1)
        bits &= valid(at, end)
        while bits != np.uint64(0):
            found |= _match(data, start, end, at + mask.trailing_zeros(bits))
            bits &= bits - _1
    return found


@jit
def _match(data: np.ndarray, start: int, end: int, at: int) -> int:
    """The flags of the strings whose letter pair ends at `at`."""
    if at == start:
        return 0
    pair = (np.int64(data[at - 1]) << 8 | np.int64(data[at])) | 0x2020
    found = np.int64(0)
    for r in range(len(ROWS)):
        if ROWS[r, 3] != pair or found & ROWS[r, 4] != 0:
            continue
        first = at - ROWS[r, 2]
        size = ROWS[r, 1] - ROWS[r, 0]
        if first < start or first + size > end:
            continue
        same = True
        for k in range(size):
            byte = np.int64(data[first + k])
            if 0x41 <= byte <= 0x5A:
                byte |= 0x20
            if byte != TEXT[ROWS[r, 0] + k]:
                same = False
                break
        if same:
            found |= ROWS[r, 4]
    return found


@jit
def _without_kelvin(data: np.ndarray, start: int, end: int) -> tuple[np.ndarray, int]:
    copy = np.zeros(end - start + 128, np.uint8)
    size, at = 0, start
    while at < end:
        if data[at] == 0xE2 and data[at + 1] == 0x84 and data[at + 2] == 0xAA:
            copy[size] = 0x6B
            at += 3
        else:
            copy[size] = data[at]
            at += 1
        size += 1
    return mask.frozen(copy), size
