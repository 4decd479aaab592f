"""A text in lower case, and where its words lie, as one bit per byte.

`normalise` copies a text in lower case and marks it up: bit k of `inside[block]` says that byte
`64 * block + k` belongs to a word, the same bit of `breaks[block]` that a word begins there
although the byte before belongs to one too (scripts without spaces). ASCII goes 64 bytes at a
time; every other character is looked up (tamis.kernels.letters).
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.letters import LETTER, LONGER, OWN_WORD
from tamis.kernels.mask import between, equal, trailing_zeros
from tamis.kernels.ordered import place
from tamis.kernels.shingle import RAW
from tamis.kernels.utf8 import decode, encode, width
from tamis.kernels.wide import lower_block

_ONE = np.uint64(1)
_PAD = 64


@jit
def room(size: int) -> int:
    """Bytes a text of `size` bytes needs in lower case, with zeros after it to read into."""
    return size + size // 2 + 3 * _PAD


@jit
def prepare(
    unit: int,
    data: np.ndarray,
    start: int,
    end: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    text: np.ndarray,
    inside: np.ndarray,
    breaks: np.ndarray,
) -> int:
    """`normalise` for words and characters; for units of a text taken as it is, `copied`."""
    if unit >= RAW:
        return copied(data, start, end, text, inside, breaks)
    return normalise(data, start, end, pages, entries, longer, text, inside, breaks)


@jit
def copied(
    data: np.ndarray,
    start: int,
    end: int,
    text: np.ndarray,
    inside: np.ndarray,
    breaks: np.ndarray,
) -> int:
    """Copy `data[start:end]` as it is, and mark as words what stands between spaces."""
    size = end - start
    for k in range(size):
        text[k] = data[start + k]
    for k in range(size, size + 2 * _PAD):
        text[k] = 0
    for block in range(size // 64 + 1):
        inside[block] = ~(equal(text, 64 * block, 32) | equal(text, 64 * block, 0))
        breaks[block] = 0
    return size


@jit
def normalise(
    data: np.ndarray,
    start: int,
    end: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    text: np.ndarray,
    inside: np.ndarray,
    breaks: np.ndarray,
) -> int:
    """Lower-case `data[start:end]` into `text`, mark its words; gives its size in bytes.

    `text` has `room(end - start)` bytes, `inside` and `breaks` a 64th of that and one more.
    """
    size = end - start
    lower(data, start, size, text)
    if mark(text, size, pages, entries, inside, breaks):
        return size
    copy = text[:size].copy()
    size = rewrite(copy, size, pages, entries, longer, text)
    mark(text, size, pages, entries, inside, breaks)
    return size


@jit
def lower(data: np.ndarray, start: int, size: int, text: np.ndarray) -> None:
    """Copy `size` bytes with A to Z in lower case, and zeros behind them."""
    whole = size - size % 64
    for k in range(0, whole, 64):
        lower_block(data, start + k, text, k)
    for k in range(whole, size):
        byte = data[start + k]
        text[k] = byte | np.uint8(0x20) if 65 <= byte <= 90 else byte
    for k in range(size, size + 2 * _PAD):
        text[k] = 0


@jit
def mark(
    text: np.ndarray,
    size: int,
    pages: np.ndarray,
    entries: np.ndarray,
    inside: np.ndarray,
    breaks: np.ndarray,
) -> bool:
    """Mark the words of a lower-case ASCII text, lower-casing the rest where the size stays.

    False as soon as a character is met whose lower case has another size.
    """
    spill, broken = np.uint64(0), np.uint64(0)  # bits that belong to the next block
    for block in range(size // 64 + 1):
        at = 64 * block
        words = between(text, at, 48, 57) | between(text, at, 97, 122) | spill
        begins = broken
        spill = broken = np.uint64(0)
        leads = between(text, at, 0xC0, 0xFF)
        while leads != np.uint64(0):
            k = trailing_zeros(leads)
            leads &= leads - _ONE
            count = width(text[at + k])
            code = decode(text, at + k, count)
            entry = np.int64(entries[(np.int64(pages[code >> 8]) << 8) + (code & 0xFF)])
            if entry & LONGER:
                return False
            kind = entry & 3
            if entry >> 3 != code and kind != 0:
                encode(entry >> 3, text, at + k)
            if kind >= LETTER:
                bits = (_ONE << np.uint64(count)) - _ONE
                words |= bits << np.uint64(k)
                if k + count > 64:
                    spill |= bits >> np.uint64(64 - k)
            if kind == OWN_WORD:
                begins |= _ONE << np.uint64(k)
                if k + count < 64:
                    begins |= _ONE << np.uint64(k + count)
                else:
                    broken |= _ONE << np.uint64(k + count - 64)
        inside[block] = words
        breaks[block] = begins
    return True


@jit
def rewrite(
    data: np.ndarray,
    size: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    text: np.ndarray,
) -> int:
    """Copy a text with the characters whose lower case has another size in lower case."""
    at = into = 0
    while at < size:
        count = min(width(data[at]), size - at)
        code = decode(data, at, count)
        entry = np.int64(entries[(np.int64(pages[code >> 8]) << 8) + (code & 0xFF)])
        if entry & LONGER:
            row = place(longer[:, 0], code)
            into += encode(longer[row, 1], text, into)
            if longer[row, 2] != 0:
                into += encode(longer[row, 2], text, into)
        else:
            for k in range(count):
                text[into + k] = data[at + k]
            into += count
        at += count
    for k in range(into, into + 2 * _PAD):
        text[k] = 0
    return into
