"""The least of many permutations of hashes on a CUDA device, and the keys of bands.

Hashes of all texts lie in one array. A *piece* is a stretch of them that are of one text, at most
`STRETCH`: a row of `pieces` says which text, where its first hash is among the text's own, how many
there are, and where they lie in the array (int64[pieces, 4]). A block takes a piece. Its hashes go
to shared memory; each thread holds the minima of some permutations in registers and walks over its
part of the hashes, which all threads of a part read at once. Parts and pieces meet by atomic minima
in `minima`, texts * hashes of them, filled beforehand with what is never less.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tamis.kernels.cuda import Kernel, kernel, launch, per_item, simulated
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.curator import _folded, _modulo_p61
from tamis.kernels.mask import multiply_fold
from tamis.kernels.mixing import K1, K2, finalise

STRETCH = 2048  # hashes of a piece, all in shared memory
THREADS = 160
EACH, EACH_WIDE = 13, 5  # permutations of a thread: 260 are 20 lanes, so 8 parts; 52, so 3
FEWEST = 32  # hashes of a part, where a piece has that many

MOST = np.uint32(0xFFFFFFFF)
P61 = np.uint64((1 << 61) - 1)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
NEAR = np.uint32(P61 >> _32)
_1, _2, _3, _4 = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


class Signed(NamedTuple):
    """What texts come to, on a device: `minima` (texts * hashes) and `counts` (int64), of hashes.

    `content` is uint64[2, texts], for families that have one of shingles.
    """

    minima: Any
    counts: Any
    content: Any = None


@kernel("uint32[::1], int64[:, ::1], uint32[::1], uint32[::1], int64, uint32[::1]")
def lower32(found, pieces, factors, terms, hashes, minima):
    """`minima[text * hashes + p] = min(hash * factors[p] + terms[p])`, modulo 2**32."""
    some = cuda.shared.array(STRETCH, np.uint32)
    factor = cuda.local.array(EACH, np.uint32)
    term = cuda.local.array(EACH, np.uint32)
    least = cuda.local.array(EACH, np.uint32)
    thread, threads, piece = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    text, count, first = pieces[piece, 0], pieces[piece, 2], pieces[piece, 3]
    for k in range(thread, count, threads):
        some[k] = found[first + k]
    cuda.syncthreads()
    lanes = factors.size // EACH
    parts = max(1, min(threads // lanes, count // FEWEST))
    size = count // parts + 1 | 1  # an odd number: parts read from banks of their own
    for item in range(thread, lanes * parts, threads):
        lane, part = item % lanes, item // lanes
        for j in range(EACH):
            factor[j], term[j] = factors[j * lanes + lane], terms[j * lanes + lane]
            least[j] = MOST
        k, stop = np.uint64(part * size), np.uint64(min(count, part * size + size))
        while k + _4 <= stop:
            one, two, three, four = some[k], some[k + _1], some[k + _2], some[k + _3]
            for j in range(EACH):
                least[j] = min(least[j], np.uint32(np.uint32(one * factor[j]) + term[j]))
                least[j] = min(least[j], np.uint32(np.uint32(two * factor[j]) + term[j]))
                least[j] = min(least[j], np.uint32(np.uint32(three * factor[j]) + term[j]))
                least[j] = min(least[j], np.uint32(np.uint32(four * factor[j]) + term[j]))
            k += _4
        while k < stop:
            one = some[k]
            for j in range(EACH):
                least[j] = min(least[j], np.uint32(np.uint32(one * factor[j]) + term[j]))
            k += _1
        for j in range(EACH):
            if j * lanes + lane < hashes:
                cuda.atomic.min(minima, text * hashes + j * lanes + lane, least[j])


@kernel("uint64[::1], int64[:, ::1], uint64[::1], uint64[::1], int64, uint64[::1]")
def lower64(found, pieces, factors, terms, hashes, minima):
    """As `lower32`, of products modulo 2**64 that are then taken modulo p = 2**61 - 1.

    Folded once, a value is below p but for some eight in 2**61, so the last step is left out, and
    taken for all only where the upper half of one of them comes near that of p.
    """
    some = cuda.shared.array(STRETCH, np.uint64)
    factor = cuda.local.array(EACH_WIDE, np.uint64)
    term = cuda.local.array(EACH_WIDE, np.uint64)
    least = cuda.local.array(EACH_WIDE, np.uint64)
    thread, threads, piece = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    text, count, first = pieces[piece, 0], pieces[piece, 2], pieces[piece, 3]
    for k in range(thread, count, threads):
        some[k] = found[first + k]
    cuda.syncthreads()
    lanes = factors.size // EACH_WIDE
    parts = max(1, min(threads // lanes, count // FEWEST))
    size = count // parts + 1 | 1
    for item in range(thread, lanes * parts, threads):
        lane, part = item % lanes, item // lanes
        for j in range(EACH_WIDE):
            factor[j], term[j] = factors[j * lanes + lane], terms[j * lanes + lane]
            least[j] = P61
        near = np.uint32(0)
        k, stop = np.uint64(part * size), np.uint64(min(count, part * size + size))
        while k < stop:
            one = some[k]
            for j in range(EACH_WIDE):
                value = _folded(one * factor[j] + term[j])
                near = max(near, np.uint32(value >> _32))
                least[j] = min(least[j], value)
            k += _1
        if near >= NEAR:
            k = np.uint64(part * size)
            while k < stop:
                one = some[k]
                for j in range(EACH_WIDE):
                    least[j] = min(least[j], _modulo_p61(one * factor[j] + term[j]))
                k += _1
        for j in range(EACH_WIDE):
            if j * lanes + lane < hashes:
                cuda.atomic.min(minima, text * hashes + j * lanes + lane, least[j])


@kernel("uint32[::1], int64[:, ::1], uint32[::1], uint32[::1], int64, uint32[::1]")
def lower_documented(found, pieces, factors, terms, hashes, minima):
    """As `lower32`, of products taken modulo 2**61 - 1 and cut to 32 bits."""
    some = cuda.shared.array(STRETCH, np.uint32)
    factor = cuda.local.array(EACH_WIDE, np.uint64)
    term = cuda.local.array(EACH_WIDE, np.uint64)
    least = cuda.local.array(EACH_WIDE, np.uint32)
    thread, threads, piece = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    text, count, first = pieces[piece, 0], pieces[piece, 2], pieces[piece, 3]
    for k in range(thread, count, threads):
        some[k] = found[first + k]
    cuda.syncthreads()
    lanes = factors.size // EACH_WIDE
    parts = max(1, min(threads // lanes, count // FEWEST))
    size = count // parts + 1 | 1
    for item in range(thread, lanes * parts, threads):
        lane, part = item % lanes, item // lanes
        for j in range(EACH_WIDE):
            factor[j] = np.uint64(factors[j * lanes + lane])
            term[j] = np.uint64(terms[j * lanes + lane])
            least[j] = MOST
        k, stop = np.uint64(part * size), np.uint64(min(count, part * size + size))
        while k < stop:
            one = np.uint64(some[k])
            for j in range(EACH_WIDE):
                value = _modulo_p61(one * factor[j] + term[j])
                least[j] = min(least[j], np.uint32(value & _LOW))
            k += _1
        for j in range(EACH_WIDE):
            if j * lanes + lane < hashes:
                cuda.atomic.min(minima, text * hashes + j * lanes + lane, least[j])


def _bands(minima, hashes, rows, keys):
    """A hash of each band of `rows` minima into `keys` (uint64[bands, texts])."""
    at = cuda.grid(1)
    bands = keys.shape[0]
    if at < bands * keys.shape[1]:
        text, band = at // bands, at % bands
        value = K2 + np.uint64(band)
        for k in range(band * rows, (band + 1) * rows):
            value = multiply_fold(value ^ np.uint64(minima[text * hashes + k]), K1)
        keys[band, text] = finalise(value)


bands32 = kernel("uint32[::1], int64, int64, uint64[:, ::1]")(_bands)
bands64 = kernel("uint64[::1], int64, int64, uint64[:, ::1]")(_bands)


def windows(xp: Any, firsts: Any, width: int) -> Any:
    """How many runs of `width` units each text has, one if it has fewer units; int64.

    `firsts` says where the units of each text begin, and behind the last where they end.
    """
    held = xp.diff(firsts)
    return xp.where(held > 0, xp.maximum(held - width + 1, 1), 0)


def pieces_of(xp: Any, counts: Any, stretch: int = STRETCH) -> tuple[Any, int]:
    """The pieces of texts with so many hashes each, of at most `stretch`, and how many hashes.

    >>> pieces_of(np, np.array([3, 0, 5]), 4)[0].tolist()
    [[0, 0, 3, 0], [2, 0, 4, 3], [2, 4, 1, 7]]
    """
    many = (counts + (stretch - 1)) // stretch
    ends, behind = xp.cumsum(many), xp.cumsum(counts)
    total, hashes = int(ends[-1]), int(behind[-1])
    piece = xp.arange(total)
    texts = xp.searchsorted(ends, piece, side="right")
    at = (piece - (ends - many)[texts]) * stretch
    size = xp.minimum(counts[texts] - at, stretch)
    made = xp.stack([texts, at, size, (behind - counts)[texts] + at], axis=1)
    return xp.ascontiguousarray(made.astype(np.int64, copy=False)), hashes


def per_piece(kernel: Kernel, pieces: Any, *args: Any) -> None:
    """Run a kernel with a block for each piece."""
    launch(kernel, pieces.shape[0], 8 if simulated() else THREADS, *args)


def lowered(
    xp: Any, found: Any, pieces: Any, texts: int, factors: np.ndarray, terms: np.ndarray,
    documented: bool = False,
) -> Any:  # fmt: skip
    """The minima of all texts, uint32 or uint64[texts * hashes], where `found` and `pieces` lie.

    `factors` and `terms` are of the host. Texts without a hash have what is never less.
    """
    wide = factors.dtype == np.uint64
    each = EACH if not (wide or documented) else EACH_WIDE
    padded = np.zeros((2, -(-factors.size // each) * each), factors.dtype)
    padded[0, : factors.size], padded[1, : factors.size] = factors, terms
    there = xp.asarray(padded)
    minima = xp.full(texts * factors.size, P61 if wide else MOST, factors.dtype)
    if pieces.shape[0]:
        chosen = lower64 if wide else lower_documented if documented else lower32
        per_piece(chosen, pieces, found, pieces, there[0], there[1], factors.size, minima)
    return minima


def band_keys(xp: Any, minima: Any, hashes: int, rows: int, bands: int) -> Any:
    """uint64[bands, texts], as `curator.band_keys` and `minhash.band_keys` make them."""
    keys = xp.zeros((bands, minima.size // hashes), np.uint64)
    if keys.size:
        chosen = bands64 if minima.dtype == np.uint64 else bands32
        per_item(chosen, keys.size, minima, hashes, rows, keys)
    return keys
