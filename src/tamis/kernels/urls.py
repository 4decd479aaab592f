"""URLs in texts: how many characters they have, and whether one has "porn" in it."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import padded, valid

_LETTERS = (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))


def url_characters(pattern: str) -> np.ndarray:
    """For each byte: 1 if a URL may have it, 2 if only before two hexadecimal digits.

    "curator" is the class of NeMo Curator up to 1.2, an unescaped range from `$` to `_` (so `<`,
    `>` and `;` are part of a URL, `~` and `#` end it); "url" the one it has had since 1.3.
    """
    table = np.zeros(256, np.uint8)
    table[list(_LETTERS)] = 1
    if pattern == "curator":
        table[0x24:0x60] = 1
        table[ord("!")] = 1
    else:
        table[[ord(c) for c in "$-_@.&+/:=?#~!*(),"]] = 1
        table[ord("%")] = 2
    return table


@jit
def urls(data: np.ndarray, offsets: np.ndarray, table: np.ndarray, counts: np.ndarray) -> None:
    """Per text (row of `counts`): characters in URLs, and 1 where a URL contains "porn"."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            urls_within(data, start, end, table, counts[i])
        else:
            urls_within(padded(data, start, end), 0, end - start, table, counts[i])


@jit
def urls_within(data: np.ndarray, start: int, end: int, table: np.ndarray, row: np.ndarray) -> None:
    """Fill a row of `counts` for `data[start:end]`."""
    characters = np.int64(0)
    porn = np.int64(0)
    free = start  # the URL before ends here
    for at in range(start, end, 64):
        bits = mask.equal(data, at, 0x3A) & mask.equal(data, at + 1, 0x2F)
        bits &= mask.equal(data, at + 2, 0x2F) & valid(at, end - 3)  # "://" and a byte more
        while bits != np.uint64(0):
            colon = at + mask.trailing_zeros(bits)
            bits &= bits - np.uint64(1)
            first = colon - 5 if colon > start and data[colon - 1] == 0x73 else colon - 4
            if first < free or not _http(data, first):
                continue
            stop = _stop(data, colon + 3, end, table)
            if stop > colon + 3:
                characters += stop - first
                free = stop
                porn |= np.int64(_porn(data, first, stop))
    row[0], row[1] = characters, porn


@jit
def _http(data: np.ndarray, at: int) -> bool:
    return (
        data[at] == 0x68 and data[at + 1] == 0x74 and data[at + 2] == 0x74 and data[at + 3] == 0x70
    )


@jit
def _stop(data: np.ndarray, at: int, end: int, table: np.ndarray) -> int:
    while at < end:
        kind = table[data[at]]
        if kind == 1:
            at += 1
        elif (
            kind == 2 and at + 2 < end and _hexadecimal(data[at + 1]) and _hexadecimal(data[at + 2])
        ):
            at += 3
        else:
            break
    return at


@jit
def _hexadecimal(byte: int) -> bool:
    folded = byte | 0x20
    return 0x30 <= byte <= 0x39 or 0x61 <= folded <= 0x66


@jit
def _porn(data: np.ndarray, start: int, end: int) -> bool:
    for at in range(start, end - 3):
        if (
            data[at] == 0x70
            and data[at + 1] == 0x6F
            and data[at + 2] == 0x72
            and data[at + 3] == 0x6E
        ):
            return True
    return False
