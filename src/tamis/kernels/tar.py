"""Tar archives: headers found and checked, members listed."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

BLOCK = 512
OUTSIDE, ZEROS, DAMAGED, FULL = 0, 1, 2, 3  # why `scan_headers` stopped
FILE, LINK, FOLDER, SPARSE = 0, 1, 2, 3  # kinds of members
LONGEST_NAME = 64 << 10
_EXTENDED = 1 << 20  # bytes of a PAX header


@jit
def _octal(data: np.ndarray, at: int, width: int) -> int:
    """A number as headers have it, octal or base 256; -1 where it is none."""
    if data[at] & 128:
        value = np.int64(data[at] & 127)
        for k in range(at + 1, at + width):
            if value >= np.int64(1) << 54:
                return -1
            value = value * 256 + np.int64(data[k])
        return value
    k, end = at, at + width
    while k < end and data[k] == 32:
        k += 1
    value = np.int64(0)
    while k < end and 48 <= data[k] <= 55:
        value = value * 8 + np.int64(data[k] - 48)
        k += 1
    while k < end and data[k] == 32:
        k += 1
    return value if k == end or data[k] == 0 else -1


@jit
def is_header(data: np.ndarray, at: int) -> bool:
    """Whether the checksum of the header at `at` is right, of its bytes with or without sign."""
    told = _octal(data, at + 148, 8)
    total = np.int64(0)
    for k in range(at, at + 512):
        total += np.int64(data[k])
    for k in range(at + 148, at + 156):
        total -= np.int64(data[k])
    total += 256
    if told == total:
        return total > 256
    for k in range(at, at + 512):
        if data[k] > 127 and not at + 148 <= k < at + 156:
            total -= 256
    return told == total


@jit
def end_of_zeros(data: np.ndarray, at: int) -> int:
    """The first byte from `at` that is not zero."""
    while at < len(data) and data[at] == 0:
        at += 1
    return at


@jit
def find_header(data: np.ndarray, at: int) -> int:
    """The first block from `at` that is a POSIX or GNU header, -1 where there is none.

    Older headers have no magic word, and a block of a picture could be taken for one.
    """
    while at + 512 <= len(data):
        if (
            data[at + 257] == 117 and data[at + 258] == 115 and data[at + 259] == 116
            and data[at + 260] == 97 and data[at + 261] == 114 and is_header(data, at)
        ):  # fmt: skip
            return at
        at += 512
    return -1


@jit
def _is_key(data: np.ndarray, at: int, end: int, word: np.ndarray) -> bool:
    if end - at < len(word):
        return False
    for k in range(len(word)):  # noqa: SIM110
        if data[at + k] != word[k]:
            return False
    return True


_PATH = np.frombuffer(b"path=", np.uint8).copy()
_SIZE = np.frombuffer(b"size=", np.uint8).copy()
_HOLES = np.frombuffer(b"GNU.sparse.", np.uint8).copy()


@jit
def _extended(data: np.ndarray, at: int, end: int, found: np.ndarray) -> bool:
    """What a PAX header says: found = start and stop of the path, size, whether sparse."""
    while at < end:
        if data[at] == 0:  # padding that some writers count in
            return True
        length, k = np.int64(0), at
        while k < end and 48 <= data[k] <= 57 and length < 1 << 30:
            length = length * 10 + np.int64(data[k] - 48)
            k += 1
        stop = at + length
        if k == at or k >= end or data[k] != 32 or stop > end or stop <= k + 1:
            return False
        if data[stop - 1] != 10:
            return False
        k += 1
        if _is_key(data, k, stop, _PATH):
            found[0], found[1] = k + 5, stop - 1
        elif _is_key(data, k, stop, _SIZE):
            value = np.int64(0)
            for j in range(k + 5, stop - 1):
                if not 48 <= data[j] <= 57 or value > 1 << 58:
                    return False
                value = value * 10 + np.int64(data[j] - 48)
            found[2] = value
        elif _is_key(data, k, stop, _HOLES):
            found[3] = 1
        at = stop
    return True


@jit
def _zero_block(data: np.ndarray, at: int) -> bool:
    for k in range(at, at + 512):  # noqa: SIM110
        if data[k] != 0:
            return False
    return True


@jit
def scan_headers(
    data: np.ndarray,
    at: int,
    header: np.ndarray,
    offset: np.ndarray,
    size: np.ndarray,
    kind: np.ndarray,
    names: np.ndarray,
    ends: np.ndarray,
) -> tuple[int, int, int]:
    """Members from the header at `at` on: why it stopped, how many, and where the next one is.

    `header` is where a member's first block is, `offset` and `size` where its bytes are, `ends`
    the ends of the names in `names`. What stands beyond the window is not looked at.
    """
    count, used, total = 0, 0, len(data)
    found = np.full(4, -1, np.int64)
    start, long_from, long_to = at, -1, -1  # of the block that begins a member; its long name
    while True:
        if at + 512 > total:
            return OUTSIDE, count, start
        if count == len(header) or used + LONGEST_NAME + 512 > len(names):
            return FULL, count, start
        if data[at] == 0 and _zero_block(data, at):
            return (ZEROS if at == start else DAMAGED), count, start
        if not is_header(data, at):
            return DAMAGED, count, start
        stored = _octal(data, at + 124, 12)
        if stored < 0 or stored > np.int64(1) << 60:
            return DAMAGED, count, start
        letter, body = data[at + 156], at + 512
        after = body + (stored + 511) // 512 * 512
        if letter == 120 or letter == 88 or letter == 103 or letter == 76 or letter == 75:
            if stored > _EXTENDED:
                return DAMAGED, count, start
            if body + stored > total:
                return OUTSIDE, count, start
            if letter == 76:  # L: a long name
                long_from, long_to = body, body
                while long_to < body + stored and data[long_to] != 0:
                    long_to += 1
            elif letter != 75 and letter != 103 and not _extended(data, body, body + stored, found):
                return DAMAGED, count, start
            at = after
            if letter == 103:  # g: for all that follow; names and sizes are not told so
                start = at
            continue
        posix = data[at + 262] == 0 and data[at + 257] == 117 and data[at + 261] == 114
        if found[0] >= 0:
            long_from, long_to = found[0], found[1]
        if long_from >= 0:
            if long_to - long_from > LONGEST_NAME:
                return DAMAGED, count, start
            for k in range(long_from, long_to):
                names[used] = data[k]
                used += 1
        else:
            if posix and data[at + 345] != 0:
                k = at + 345
                while k < at + 500 and data[k] != 0:
                    names[used] = data[k]
                    used += 1
                    k += 1
                names[used] = 47
                used += 1
            k = at
            while k < at + 100 and data[k] != 0:
                names[used] = data[k]
                used += 1
                k += 1
        last = names[used - 1] if used > (ends[count - 1] if count else 0) else 0
        if letter == 48 or letter == 0 or letter == 55:
            what = FOLDER if last == 47 and letter == 0 else FILE
        elif letter == 53:
            what = FOLDER
        elif letter == 83:
            what = SPARSE
            more = data[at + 482] != 0
            while more:  # further blocks that say where the holes are
                if body + 512 > total:
                    return OUTSIDE, count, start
                more = data[body + 504] != 0
                body += 512
                after += 512
        else:
            what = LINK
        if found[3] >= 0:
            what = SPARSE
        if found[2] >= 0:
            stored = found[2]
            after = body + (stored + 511) // 512 * 512
        if what == FOLDER or (49 <= letter <= 54):
            stored, after = 0, body
        header[count], offset[count], size[count], kind[count] = start, body, stored, what
        ends[count] = used
        count += 1
        at = start = after
        found[:] = -1
        long_from = long_to = -1
