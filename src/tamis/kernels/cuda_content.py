"""Hashes of texts on a CUDA device: the loops of `content`, a thread for each text."""

from __future__ import annotations

import numpy as np

from tamis.kernels.content import hash_span
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel


@kernel("uint8[::1], int64[::1], uint64[::1], uint64[::1]")
def hash_texts(data: np.ndarray, offsets: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """`content.hash_texts`: a hash is a chain over its text, so nobody can share one."""
    text = cuda.grid(1)
    if text < low.size:
        scratch = cuda.local.array(128, np.uint8)
        low[text], high[text] = hash_span(data, offsets[text], offsets[text + 1], scratch)
