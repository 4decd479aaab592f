"""Hashes of texts, and which are blank, on a CUDA device: a thread for each text."""

from __future__ import annotations

import numpy as np

from tamis.kernels.content import hash_span
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.unicode import SPACE, decode


@kernel("uint8[::1], int64[::1], uint64[::1], uint64[::1]")
def hash_texts(data: np.ndarray, offsets: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """`content.hash_texts`: a hash is a chain over its text, so nobody can share one."""
    text = cuda.grid(1)
    if text < low.size:
        scratch = cuda.local.array(128, np.uint8)
        low[text], high[text] = hash_span(data, offsets[text], offsets[text + 1], scratch)


@kernel("uint8[::1], int64[::1], uint8[::1], boolean[::1]")
def blank(data: np.ndarray, offsets: np.ndarray, table: np.ndarray, found: np.ndarray) -> None:
    """`characters.blank`: as a rule the first byte says that a text is not."""
    text = cuda.grid(1)
    if text < found.size:
        at, end, empty = offsets[text], offsets[text + 1], True
        while at < end and empty:
            byte = data[at]
            if byte < 0x80:
                empty = 9 <= byte <= 13 or 28 <= byte <= 32
                at += 1
            else:
                empty = table[decode(data, at)] & SPACE != 0
                at += 2 if byte < 0xE0 else 3
        found[text] = empty
