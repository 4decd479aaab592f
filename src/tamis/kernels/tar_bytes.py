"""Bytes of members of tar archives: gathered as texts and lines, and headers to write."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def gather(
    data: np.ndarray, starts: np.ndarray, sizes: np.ndarray, out: np.ndarray, offsets: np.ndarray
) -> None:
    """The bytes of members, one after another; a size of -1 is none."""
    to = 0
    for k in range(len(starts)):
        for j in range(starts[k], starts[k] + max(sizes[k], 0)):
            out[to] = data[j]
            to += 1
        offsets[k + 1] = to


@jit
def gather_lines(data: np.ndarray, starts: np.ndarray, sizes: np.ndarray, out: np.ndarray) -> int:
    """JSON members as lines, each on one; how many bytes.

    Line breaks become blanks between values, and within strings, where they may not be, a byte
    that may not be there either.
    """
    to = 0
    for k in range(len(starts)):
        quoted = escaped = False
        for j in range(starts[k], starts[k] + sizes[k]):
            letter = data[j]
            if letter == 10 or letter == 13:
                letter = np.uint8(1 if quoted else 32)
            if escaped:
                escaped = False
            elif letter == 92:
                escaped = quoted
            elif letter == 34:
                quoted = not quoted
            out[to] = letter
            to += 1
        out[to] = 10
        to += 1
    return to


@jit
def write_headers(
    template: np.ndarray, names: np.ndarray, ends: np.ndarray, sizes: np.ndarray, out: np.ndarray
) -> None:
    """The headers of files with names of at most 100 bytes, from one that lacks name and size."""
    base = np.int64(0)
    for k in range(512):
        base += np.int64(template[k])
    for k in range(len(ends)):
        at, start = k * 512, (ends[k - 1] if k else 0)
        for j in range(512):
            out[at + j] = template[j]
        total = base + 256
        for j in range(start, ends[k]):
            out[at + j - start] = names[j]
            total += np.int64(names[j])
        left = np.int64(sizes[k])
        if left < np.int64(1) << 33:
            for j in range(10, -1, -1):
                digit = 48 + (left & 7)
                out[at + 124 + j] = digit
                total += digit
                left >>= 3
        else:
            out[at + 124] = 128
            total += 128
            for j in range(11, 0, -1):
                out[at + 124 + j] = left & 255
                total += left & 255
                left >>= 8
        for j in range(5, -1, -1):
            out[at + 148 + j] = 48 + (total & 7)
            total >>= 3
        out[at + 154] = 0
        out[at + 155] = 32
