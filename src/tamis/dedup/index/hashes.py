"""Binary hashes as an index holds and finds them: by the values of blocks of their bits.

The bits are dealt into blocks. Two hashes within the radius differ in some block in so few bits
that a look under the values with that many bits flipped finds one from the other (multi-index
hashing; Norouzi, Punjani and Fleet, 2014). Each block is a band of the index, so a delivery looks
into sorted tables of keys, at a cost of its own; how many blocks of how many bits there are follows
from the length of a hash and the radius, for an index of about a million hashes.

In a record a hash stands in `signature`, filled up with zeros, and its bytes in `shingles`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup.blocks import blocks_for, masks_of
from tamis.dedup.hashes import LONGEST
from tamis.dedup.index.records import BANDS
from tamis.dedup.index.segment import REMOVED, STAYS
from tamis.dedup.index.view import View
from tamis.dedup.radius import as_words, index_of
from tamis.errors import DataError
from tamis.kernels import radius as kernels
from tamis.kernels.content import hash_texts

EXPECTED = 1 << 20  # hashes that blocks are chosen for
PIECE = 1 << 20  # records read at a time


def banded(step: Any, sketch: pa.Table) -> pa.Table:
    """A sketch with what an index finds hashes by; that of other kinds as it is."""
    if step.kind != "perceptual":
        return sketch
    column = sketch["hash"].combine_chunks()
    width, valid = column.type.byte_width, np.asarray(sketch["valid"])
    data = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.empty(0, np.uint8)
    start = column.offset * width
    table = data[start : start + len(column) * width].reshape(-1, width)
    whole = np.zeros((len(table), LONGEST), np.uint8)
    whole[:, :width] = table
    low, high = np.empty((2, len(table)), np.uint64)
    offsets = np.arange(len(table) + 1, dtype=np.int64) * LONGEST
    hash_texts(whole.reshape(-1), offsets, low, high)
    made: dict[str, Any] = {name: sketch[name] for name in sketch.schema.names if name != "hash"}
    made |= {"hash_lo": low, "hash_hi": high, "shingles": np.where(valid, width, 0)}
    keys = _keys(whole, width, step.radius) if valid.any() else []
    for number in range(_most_blocks(step.radius)):  # nulls alone do not tell how many are needed
        values = keys[number] if number < len(keys) else np.zeros(len(table), np.uint64)
        made[f"band_{number:02d}"] = values
    kind = pa.binary(LONGEST)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(whole))]
    made["signature"] = pa.Array.from_buffers(kind, len(whole), buffers)
    return pa.table(made)


def plain(step: Any, sketch: pa.Table) -> pa.Table:
    """The sketch that `banded` was given, of records with one length of hash."""
    if step.kind != "perceptual":
        return sketch
    width = _alike(sketch["shingles"].to_numpy())
    column = sketch["signature"].combine_chunks()
    data = np.frombuffer(column.buffers()[1], np.uint8, len(column) * LONGEST)
    hashes = np.ascontiguousarray(data.reshape(-1, LONGEST)[:, :width])
    cells = pa.Array.from_buffers(pa.binary(width), len(hashes), [None, pa.py_buffer(hashes)])
    names = [name for name in ("id", "priority", "valid") if name in sketch.schema.names]
    return sketch.select(names).append_column("hash", cells)


def near(view: View, records: np.ndarray, radius: int, stays: bool | None) -> np.ndarray:
    """The positions, ascending, of held records within the radius of some of these.

    `stays`: only records that stay; else all but those taken out; None for all.
    """
    records = records[records["valid"]]
    if not len(records):
        return np.empty(0, np.int64)
    found = _candidates(view, records, radius)
    if stays is not None and found.size:
        witness = view.verdicts(found)["witness"]
        found = found[witness == STAYS if stays else witness != REMOVED]
    return found[_within(words(records), view, found, radius)]


def _candidates(view: View, records: np.ndarray, radius: int) -> np.ndarray:
    """The positions that hold what is near, and others; all of them where that costs less."""
    blocks = blocks_for(EXPECTED, 8 * _one_width(view, records), radius)
    asked = [
        (number, masks_of(blocks.width, flips).astype(np.uint64))
        for number, flips in enumerate(blocks.flips)
        if flips >= 0
    ]
    if len(records) * sum(flipped.size for _, flipped in asked) > len(view):
        return np.arange(len(view))
    found = [np.empty(0, np.int64)]
    for number, flipped in asked:
        values = np.unique(records["keys"][:, number])
        keys = np.unique(values[:, None] ^ flipped[None, :])
        found.append(view.lookup(BANDS + number, keys)[1])
    return np.unique(np.concatenate(found))


def settle(
    view: View, new: np.ndarray, heads: np.ndarray, radius: int, among: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For some new records, all different: held witnesses (positions), new ones (rows), likeness.

    -1 where there is none. The nearest one is named, of equally near ones the first.
    """
    held = near(view, new[heads], radius, among)
    both = words(new[heads])
    if held.size:
        both = np.concatenate([words(view.records(held)), both])
    witness, apart = np.full(len(both), -1, np.int32), np.zeros(len(both), np.int16)
    if among and radius and len(both):
        kernels.settle(index_of(both, radius), both, radius, witness, apart)
        witness, apart = witness[held.size :], apart[held.size :]
    else:  # at radius 0 nobody else has the content of a head
        witness, apart = witness[held.size :], apart[held.size :]
        if held.size:
            index = index_of(both[: held.size], radius)
            kernels.enter(index, both[: held.size])
            kernels.nearest_entered(index, both, held.size, radius, witness, apart)
    bits = 8 * np.maximum(new["shingles"][heads], 1)
    of_held, of_new = np.full(len(heads), -1), np.full(len(heads), -1)
    hit, own = (witness >= 0) & (witness < held.size), witness >= held.size
    of_held[hit], of_new[own] = held[witness[hit]], heads[witness[own] - held.size]
    return of_held, of_new, np.where(witness >= 0, 1.0 - apart / bits, 0.0)


def words(records: np.ndarray) -> np.ndarray:
    """The hashes of records as words."""
    width = max(8, -(-int(records["shingles"].max(initial=1)) // 8) * 8)
    return as_words(np.ascontiguousarray(records["signature"][:, :width]))


def _within(asked: np.ndarray, view: View, positions: np.ndarray, radius: int) -> np.ndarray:
    """Which held records are within the radius of some hashes."""
    if not positions.size:
        return np.zeros(0, bool)
    index = index_of(asked, radius)
    kernels.enter(index, asked)
    found = np.zeros(positions.size, bool)
    for first in range(0, positions.size, PIECE):
        records = view.records(positions[first : first + PIECE])
        part = words(records)
        witness, apart = np.empty(len(part), np.int32), np.empty(len(part), np.int16)
        both = np.concatenate([asked, part])
        kernels.nearest_entered(index, both, len(asked), radius, witness, apart)
        found[first : first + PIECE] = (witness >= 0) & records[
            "valid"
        ]  # a null is no hash of zeros
    return found


def _keys(table: np.ndarray, width: int, radius: int) -> list[np.ndarray]:
    """The values of each block of bits."""
    blocks = blocks_for(EXPECTED, 8 * width, radius)
    bits = np.unpackbits(table[:, :width], axis=1)
    weights = np.uint64(1) << np.arange(blocks.width, dtype=np.uint64)
    count = len(blocks.flips)
    return [bits[:, k::count][:, : blocks.width] @ weights for k in range(count)]


def _one_width(view: View, records: np.ndarray) -> int:
    """The bytes that all hashes have."""
    widths = [records["shingles"]]
    for segment in view.segments:
        start, stop = segment.starts[BANDS : BANDS + 2]
        if stop > start:
            widths.append(segment.records["shingles"][segment.rows[start : start + 1]])
    return _alike(np.concatenate(widths))


def _alike(widths: np.ndarray) -> int:
    """The one length there is among lengths of hashes, of which 0 are none; 1 where all are."""
    found = np.unique(widths[widths > 0]).tolist()
    if len(found) > 1:
        one, other = found[:2]
        raise DataError(f"hashes of {one} bytes and of {other}; an index holds those of one length")
    return int(found[0]) if found else 1


@lru_cache
def _most_blocks(radius: int) -> int:
    widths = range(1, LONGEST + 1)
    return max(len(blocks_for(EXPECTED, 8 * width, radius).flips) for width in widths)
