"""Hashes of windows of characters on a CUDA device, for the `curator` families.

As `tamis.kernels.curator`, of which these are bit by bit the same: windows of `width` characters
under MurmurHash3, a shorter text is one window. Where characters begin is found for all texts
together; then each window has a thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel, per_item
from tamis.kernels.cuda_minhash import STRETCH, Signed, lowered, per_piece, pieces_of, windows
from tamis.kernels.cuda_places import characters, places
from tamis.kernels.murmur import block32, end32, murmur64, step32


@kernel("uint8[::1], uint32[::1]")
def mix(data, blocks):
    """What four bytes from each place add to a hash of 32 bits: it serves all windows there."""
    at = cuda.grid(1)
    if at < blocks.size:
        blocks[at] = block32(data, at)


@kernel(
    "uint8[::1], uint32[::1], int64[::1], int64[::1], int64[::1], int64[:, ::1], int64, uint32, "
    "uint32[::1]"
)
def hash32(data, blocks, offsets, begins, firsts, pieces, width, seed, found):
    """The hashes of the windows of each piece, a block for each."""
    piece = cuda.blockIdx.x
    text, count = pieces[piece, 0], pieces[piece, 2]
    first = firsts[text] + pieces[piece, 1]
    last = firsts[text + 1]
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        behind = first + k + width
        start = at = begins[first + k]
        end = begins[behind] if behind < last else offsets[text + 1]
        value = seed
        while at + 4 <= end:
            value = step32(value, blocks[at])
            at += 4
        found[pieces[piece, 3] + k] = end32(value, data, at, end, start)


@kernel("uint8[::1], int64[::1], int64[::1], int64[::1], int64[:, ::1], int64, uint64, uint64[::1]")
def hash64(data, offsets, begins, firsts, pieces, width, seed, found):
    """As `hash32`, in 64 bits."""
    piece = cuda.blockIdx.x
    text, count = pieces[piece, 0], pieces[piece, 2]
    first = firsts[text] + pieces[piece, 1]
    last = firsts[text + 1]
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        behind = first + k + width
        end = begins[behind] if behind < last else offsets[text + 1]
        found[pieces[piece, 3] + k] = murmur64(data, begins[first + k], end, seed)


def sign(
    xp: Any, data: Any, offsets: Any, width: int, seed: Any, factors: np.ndarray,
    terms: np.ndarray, documented: bool = False, stretch: int = STRETCH,
) -> Signed:  # fmt: skip
    """Sign texts that lie on a device: `data` uint8, `offsets` int64 from 0, of one text at least.

    `xp` is CuPy there. `seed` is that of MurmurHash3.
    """
    wide, texts = factors.dtype == np.uint64, offsets.size - 1
    begins = characters(xp, data)
    firsts = places(xp, begins, offsets)
    counts = windows(xp, firsts, width)
    there, total = pieces_of(xp, counts, stretch)
    found = xp.empty(total, factors.dtype)
    if found.size and wide:
        per_piece(hash64, there, data, offsets, begins, firsts, there, width, seed, found)
    elif found.size:
        blocks = xp.empty(max(data.size - 3, 1), np.uint32)
        if data.size > 3:
            per_item(mix, blocks.size, data, blocks)
        per_piece(hash32, there, data, blocks, offsets, begins, firsts, there, width, seed, found)
    minima = lowered(xp, found, there, texts, factors, terms, documented)
    empty = xp.flatnonzero(xp.diff(offsets) == 0)
    if empty.size:
        minima.reshape(texts, -1)[empty] = 0
    return Signed(minima, counts)
