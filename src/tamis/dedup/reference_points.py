"""How near two vectors or two hashes are, once more, without any part of the search.

Columns are read by Arrow and numpy alone, cosines are taken in float64, differing bits are counted
in Python's integers. Whether a removal was right is judged by this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ROUGH = 1e-3  # more than float32 products of unit vectors of up to 8,000 numbers are off by
_WIDE = 8000
_CACHED = 512  # rows of hashes whose differences stay in a cache
BLOCK = 4096  # rows compared at a time


class Alike(NamedTuple):
    """Pairs that reach a bound: the places of rows, of those asked about, and the similarities."""

    rows: np.ndarray
    asked: np.ndarray
    similarity: np.ndarray


def vectors(column: pa.ChunkedArray) -> np.ndarray:
    """The vectors of a column without nulls, [rows, width]: float16, or float32 of other numbers.

    >>> vectors(pa.chunked_array([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    flat = pc.list_flatten(column)
    kind = np.float16 if pa.types.is_float16(flat.type) else np.float32
    numbers = flat.to_numpy() if flat.null_count == 0 else np.empty(0)
    return numbers.astype(kind, copy=False).reshape(len(column), -1)


def hashes(column: pa.ChunkedArray) -> np.ndarray:
    """The hashes of a column without nulls, uint8[rows, bytes]: bytes, hexadecimal, numbers.

    >>> hashes(pa.chunked_array([["00ff", "0a0b"]])).tolist()
    [[0, 255], [10, 11]]
    """
    cells = column.to_pylist()
    if not cells:
        return np.empty((0, 1), np.uint8)
    if isinstance(cells[0], int):
        data = b"".join((cell % 2**64).to_bytes(8, "big") for cell in cells)
    elif isinstance(cells[0], str):
        data = bytes.fromhex("".join(cells))
    else:
        data = b"".join(cells)
    return np.frombuffer(data, np.uint8).reshape(len(cells), -1)


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    """The cosine of two vectors in float64; 0 where one has no direction."""
    return float(_cosines(left[None, :], right[None, :])[0])


def differing(left: np.ndarray, right: np.ndarray) -> int:
    """In how many bits two hashes of one length differ."""
    both = (int.from_bytes(row.tobytes(), "big") for row in (left, right))
    return (next(both) ^ next(both)).bit_count()


def alike_vectors(rows: np.ndarray, asked: np.ndarray, bound: float) -> Alike:
    """Which rows and which of those asked about have a cosine that reaches the bound.

    Products of float32 leave out what is clearly below it, `cosine` judges the rest.
    """
    margin = _ROUGH * max(1.0, rows.shape[1] / _WIDE)
    at, who = np.nonzero(_units(rows) @ _units(asked).T >= bound - margin)
    parts = [slice(k, k + BLOCK) for k in range(0, at.size, BLOCK)]
    exact = np.concatenate([np.empty(0), *(_cosines(rows[at[p]], asked[who[p]]) for p in parts)])
    near = np.flatnonzero(exact >= bound)
    return Alike(at[near], who[near], exact[near])


def alike_hashes(rows: np.ndarray, asked: np.ndarray, radius: int) -> Alike:
    """Which rows and which of those asked about differ in at most `radius` bits."""
    left, right, found = _words(rows), _words(asked), [np.empty((2, 0), np.int64)]
    for first in range(0, len(rows), _CACHED):
        part = left[first : first + _CACHED]
        apart = np.zeros((len(part), len(asked)), np.uint16)
        for word in range(part.shape[1]):
            apart += np.bitwise_count(part[:, word, None] ^ right[None, :, word])
        at = np.flatnonzero(apart <= radius)
        found.append(np.stack([first + at // len(asked), at % len(asked)]))
    at, who = np.concatenate(found, axis=1)
    apart = np.bitwise_count(left[at] ^ right[who]).sum(axis=1, dtype=np.int64)
    return Alike(at, who, 1.0 - apart / (8 * rows.shape[1]))


def _cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The cosines of vectors, row by row."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    one, other = (np.sqrt(np.einsum("ij,ij->i", side, side)) for side in (left, right))
    there = (one > 0) & (other > 0) & np.isfinite(one) & np.isfinite(other)
    products = np.einsum("ij,ij->i", left, right)
    found: np.ndarray = np.zeros(len(left))
    found[there] = products[there] / (one[there] * other[there])
    return np.minimum(found, 1.0)


def _units(values: np.ndarray) -> np.ndarray:
    wide = values.astype(np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return (wide / np.where(length > 0, length, 1.0)[:, None]).astype(np.float32)


def _words(table: np.ndarray) -> np.ndarray:
    padded: Any = np.zeros((len(table), -(-table.shape[1] // 8) * 8), np.uint8)
    padded[:, : table.shape[1]] = table
    return padded.view(np.uint64)
