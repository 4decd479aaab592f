"""Perceptual deduplication: records whose binary hashes differ in few bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.candidates import ID, bytes_of, unique_ids
from tamis.dedup.hashes import hash_bytes
from tamis.dedup.members import clustered, ids_at
from tamis.dedup.radius import as_words, check_radius, equal, joined, settled
from tamis.dedup.step import Dedup, path_of, required, with_sets
from tamis.dedup.survivors import policy, ranks
from tamis.errors import DataError, SettingError
from tamis.steps import Columns


@dataclass(frozen=True, eq=False)
class Hashes:
    """Every record that has a hash, in survivor order, and the different hashes there are."""

    offsets: np.ndarray  # int64: the global number of each partition's first row, and of the end
    rows: np.ndarray  # int64 per record: its global row number
    group: np.ndarray  # int64 per record: its hash; numbered in survivor order
    words: np.ndarray  # uint64[hashes, words]
    bits: int  # of a hash
    names: tuple[pa.ChunkedArray, ...]  # the ids of each partition
    evidence: tuple[np.ndarray, ...]  # per partition: no rows
    withheld: pa.Table | None = None  # verdicts on rows that another set holds (`against=`)

    def ids(self, rows: np.ndarray) -> pa.ChunkedArray:
        """The ids of some rows."""
        return ids_at(self.names, self.offsets, rows)


@dataclass(frozen=True)
class PerceptualDedup(Dedup):
    """Keep one record of those whose binary hashes differ in at most `radius` bits.

    `on` names a column of perceptual hashes (pHash, dHash, PDQ, audio fingerprints …) of 1 to 32
    bytes: bytes, hexadecimal text, or whole numbers of 64 bits; all of one length, and of more bits
    than the radius. A record goes only if its hash is within the radius of that of a record that is
    *kept*, and names the nearest; the search is exact, it misses no pair. `similarity` is
    1 - distance / bits. A null hash is a duplicate of nothing. `keep` is as everywhere
    (`tamis.dedup.survivors.policy`), but for "longest". Radius 4 of 64 bits is a common
    choice for pHash; the default is that. `against` names files with such a column (and `id`),
    or an index of the same radius: records within the radius of one there are dropped.

    A million records of one hash cost a million steps. Everything is held in memory while it is
    compared: some 100 bytes for a record of 64 bits at radius 4, besides its sketch (id and hash),
    so 10^8 records take about 13 GB.

    >>> images = pd.DataFrame({"id": ["a", "b", "c"], "phash": ["00ff", "01ff", "ffff"]})
    >>> PerceptualDedup(radius=1)(images).id.tolist()
    ['a', 'c']
    """

    on: str = "phash"
    radius: int = 4
    keep: str = "first"
    against: str | None = None
    name: str = "perceptual_dedup"
    kind: ClassVar[str] = "perceptual"
    bound: ClassVar[str] = "radius"

    def __post_init__(self) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} names no column; perceptual compares one")
        check_radius(self.radius)
        if policy(self.keep).kind == "longest":
            raise SettingError("keep='longest' compares texts; hashes are all of one length")
        self._put(name=self.name or f"{self.kind}_dedup", against=path_of(self.against))
        super().__post_init__()

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def plan(self, columns: Columns, name: str) -> None:
        super().plan(columns, name)
        kind = getattr(columns[self.on], "pyarrow_dtype", None)
        if pd.api.types.is_integer_dtype(columns[self.on]):
            self._check_bits(64)
        elif kind is not None and pa.types.is_fixed_size_binary(kind):
            self._check_bits(8 * kind.byte_width)

    def _check_bits(self, bits: int) -> None:
        """Refuse a radius that all hashes of so many bits are within."""
        if self.radius >= bits:
            raise SettingError(
                f"{self.name}: radius={self.radius} takes every hash of {bits} bits for a "
                f"duplicate of every other; column {self.on!r} needs a radius below {bits}, a few "
                "bits as a rule"
            )

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `valid`, `hash` of each row."""
        required(frame, self.columns(), self.name)
        table, valid = hash_bytes(frame[self.on], frame.get("id"))
        if valid.any():
            self._check_bits(8 * table.shape[1])
        kind = pa.binary(table.shape[1])
        hashes = pa.Array.from_buffers(kind, len(frame), [None, pa.py_buffer(table)])
        made = self._named(frame, frame[self.on])
        return self._beside(frame, pa.table(made | {"valid": pa.array(valid), "hash": hashes}))

    def propose(self, sketches: Sequence[pa.Table]) -> Hashes:
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        count = int(offsets[-1])
        if count >= 2**31 - 1:
            raise DataError(f"{count:,} rows at once; one machine's index takes 2**31 - 2")
        unique_ids(sketches)
        rows, table = _hashes(sketches, offsets, self.name)
        if sketches and "priority" in sketches[0].schema.names:
            priorities = np.concatenate([np.asarray(sketch["priority"]) for sketch in sketches])
            ids = pa.chunked_array([c for s in sketches for c in s["id"].chunks], ID.type)
            order = np.argsort(ranks(rows, priorities[rows], ids.take(pa.array(rows))))
            rows, table = rows[order], table[order]
        first = equal(table, np.ones(len(table), np.bool_))
        heads = np.flatnonzero(first == np.arange(first.size))
        number = np.empty(first.size, np.int64)
        number[heads] = np.arange(heads.size)
        hashes = Hashes(
            offsets=offsets,
            rows=rows,
            group=number[first],
            words=as_words(table[heads]),
            bits=8 * table.shape[1],
            names=tuple(sketch["id"] for sketch in sketches),
            evidence=tuple(np.empty(0, np.int64) for _ in sketches),
        )
        return self._withheld(hashes, sketches)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: the sketch holds the whole hash."""
        return pa.table({"hash": pa.array([], pa.binary())})

    def decide(self, proposal: Hashes, evidence: Sequence[pa.Table | None]) -> pa.Table:
        hashes = len(proposal.words)
        if hashes:
            self._check_bits(proposal.bits)
        witness, apart = settled(proposal.words, self.radius)
        target = np.where(witness >= 0, witness, np.arange(hashes))
        value = 1.0 - apart / max(proposal.bits, 1)
        table = clustered(proposal.rows, proposal.group, target, value, proposal.ids)
        told = table.replace_schema_metadata({"bits": str(proposal.bits)})
        return self._complete(told, proposal)

    def connected(self, proposal: Hashes) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records joined by a chain of hashes within the radius, and their group."""
        group = joined(proposal.words, self.radius)[proposal.group]
        several = np.bincount(group, minlength=1)[group] > 1
        return proposal.ids(proposal.rows[several]), group[several]

    def reasons(self, part: pa.Table) -> list[str]:
        """`dropped_why` of the records of some verdicts: the distance of each."""
        bits = int((part.schema.metadata or {}).get(b"bits", 0))
        apart = np.rint((1.0 - part["similarity"].to_numpy()) * bits).astype(int)
        found = [
            f"dedup.perceptual: same hash as {other}"
            if not distance
            else f"dedup.perceptual: distance {distance} of {bits} bits to {other}"
            for distance, other in zip(apart, part["duplicate_of"].to_pylist(), strict=True)
        ]
        return with_sets(found, part)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        return f"dedup.perceptual: similarity {similarity:.3f} to {duplicate_of}"


def _hashes(
    sketches: Sequence[pa.Table], offsets: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have a hash, ascending, and their hashes, uint8[rows, bytes]."""
    rows, tables = [np.empty(0, np.int64)], []
    widths: dict[int, int] = {}
    for part, (sketch, start) in enumerate(zip(sketches, offsets.tolist(), strict=False)):
        valid = np.flatnonzero(np.asarray(sketch["valid"]))
        if not valid.size:
            continue
        width = sketch["hash"].type.byte_width
        widths.setdefault(width, part)
        if len(widths) > 1:
            (one, where), (other, _) = widths.items()
            first = sketches[where].filter(sketches[where]["valid"])["id"][0].as_py()
            odd = sketch["id"][int(valid[0])].as_py()
            raise DataError(
                f"{name}: hashes of {one} bytes (id {first!r}) and of {other} (id {odd!r}); "
                "all must be of one length"
            )
        tables.append(bytes_of(sketch["hash"])[valid])
        rows.append(valid + start)
    return np.concatenate(rows), np.concatenate(tables) if tables else np.empty((0, 8), np.uint8)
