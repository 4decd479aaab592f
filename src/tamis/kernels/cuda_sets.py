"""Sets of shingles on a CUDA device, and how many hashes two of them share.

As `sets.shingle_sets` and `sets.jaccard`, of which these are bit by bit the same. Each shingle has
a thread, which finds the text that it is of; the hashes of all texts are then sorted together, by
text and value. Of a pair of sets one thread walks along both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel, per_item
from tamis.kernels.cuda_curator import characters, places
from tamis.kernels.cuda_shingles import hash_characters, hash_words, polynomial, words
from tamis.kernels.mixing import K2, finalise
from tamis.kernels.sets import _EMPTY, _ONE
from tamis.kernels.shingle import RAW

_0 = np.uint64(0)


@kernel("uint64[::1], int64[::1], int64[::1], int64, uint64[::1], int64[::1]")
def hash_shingles(
    units: np.ndarray, firsts: np.ndarray, starts: np.ndarray, ngram: int, found: np.ndarray,
    texts: np.ndarray,
) -> None:  # fmt: skip
    """The hash of each shingle in `found`, and in `texts` the text that it is of.

    The units of text t are `units[firsts[t] : firsts[t + 1]]`, its shingles begin at `starts[t]`.
    """
    shingle = cuda.grid(1)
    if shingle < found.size:
        text, behind = np.int64(0), np.int64(starts.size - 1)
        while behind - text > 1:
            middle = (text + behind) >> 1
            if starts[middle] <= shingle:
                text = middle
            else:
                behind = middle
        first, held = firsts[text], firsts[text + 1] - firsts[text]
        if held < ngram:
            value = polynomial(units, first, held, np.uint64(held) * K2)
        else:
            value = polynomial(units, first + shingle - starts[text], ngram, _0)
        value = finalise(value)
        found[shingle] = value - _ONE if value == _EMPTY else value
        texts[shingle] = text


def shingle_sets(
    xp: Any, data: Any, offsets: Any, unit: int, ngram: int, tables: tuple[Any, Any, Any]
) -> tuple[Any, Any]:
    """The sets of texts that lie on a device, one after another, and the size of each.

    `data` is uint8, `offsets` int64 from 0, of one text at least; `unit` is one of
    `cuda_shingles.UNITS`, `tables` the letters, on the device. `xp` is CuPy there.
    """
    count = offsets.size - 1
    begins = characters(xp, data) if unit == RAW else words(xp, data, offsets, unit, tables)
    firsts = places(xp, begins, offsets)
    held = xp.diff(firsts)
    made = xp.where(held > 0, xp.maximum(held - ngram + 1, 1), 0)
    starts = xp.zeros(count + 1, np.int64)
    starts[1:] = xp.cumsum(made)
    total = int(starts[-1])
    if not total:
        return xp.zeros(0, np.uint64), xp.zeros(count, np.int64)
    units = xp.empty(begins.size, np.uint64)
    if unit == RAW:
        per_item(hash_characters, units.size, data, begins, units)
    else:
        per_item(hash_words, units.size, data, begins, unit, *tables, units)
    found, texts = xp.empty(total, np.uint64), xp.empty(total, np.int64)
    per_item(hash_shingles, total, units, firsts, starts, ngram, found, texts)
    order = xp.argsort(found, kind="stable")
    order = order[xp.argsort(texts[order], kind="stable")]
    found, texts = found[order], texts[order]
    first = xp.ones(total, np.bool_)
    first[1:] = (found[1:] != found[:-1]) | (texts[1:] != texts[:-1])
    return found[first], xp.bincount(texts[first], minlength=count)


@kernel("uint64[::1], int64[::1], int32[::1], int32[::1], int64[::1]")
def shared(
    values: np.ndarray, ends: np.ndarray, left: np.ndarray, right: np.ndarray, found: np.ndarray
) -> None:
    """How many hashes the sets of each pair share; set k is `values[ends[k] : ends[k + 1]]`.

    Numbers alone, so that nobody rounds: similarities are made of them on the processor.
    """
    pair = cuda.grid(1)
    if pair < left.size:
        i, j = ends[left[pair]], ends[right[pair]]
        n, m = ends[left[pair] + 1], ends[right[pair] + 1]
        common = np.int64(0)
        while i < n and j < m:
            a, b = values[i], values[j]
            common += np.int64(a == b)
            i += np.int64(a <= b)
            j += np.int64(b <= a)
        found[pair] = common
