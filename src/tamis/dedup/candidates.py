"""Proposals: which records may be duplicates of which, found on narrow tables alone.

Rows of equal content form a group. Groups that share the key of a band are joined into components
by union-find while the band's hash table fills (one band in memory at a time). A component only
proposes; who goes is decided in tamis.dedup.verdicts, on the evidence asked for here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from tamis.dedup.equal_keys import Keys, grouped
from tamis.dedup.survivors import ranks
from tamis.errors import DataError
from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts

WITNESSES = 8  # records that stay which a record is compared with, per bucket

ID = pa.field("id", pa.large_string())
HASH = (pa.field("hash_lo", pa.uint64()), pa.field("hash_hi", pa.uint64()))


@dataclass(frozen=True, eq=False)
class Proposal:
    """Candidates of all partitions; plain arrays.

    Members are the rows of components of two or more, in survivor order inside each component.
    """

    offsets: np.ndarray  # int64: the global number of each partition's first row, and of the end
    rows: np.ndarray  # int64 per member: its global row number
    ids: pa.ChunkedArray  # per member
    component: np.ndarray  # int64 per member: the lowest row of its component
    group: np.ndarray  # int64 per member: its group; groups are numbered in survivor order
    contested: np.ndarray  # int64: groups that share a component with others, ascending
    buckets: np.ndarray  # int32[contested, bands]: the bucket of each, -1 where it is alone
    starts: np.ndarray  # int64: where the witnesses of each bucket are noted
    evidence: tuple[np.ndarray, ...]  # int64 per partition: rows whose sets are needed, ascending
    witnesses: np.ndarray  # int64 per row of evidence, over all partitions: place in `contested`
    signatures: np.ndarray  # uint8[contested, hashes], or of no columns
    withheld: pa.Table | None = None  # verdicts on rows that another set holds (`against=`)

    def recut(self, offsets: np.ndarray) -> Proposal:
        """The same candidates, the rows in partitions that begin at other row numbers."""
        rows = [part + start for part, start in zip(self.evidence, self.offsets, strict=False)]
        whole = np.concatenate([np.empty(0, np.int64), *rows])
        ends = np.searchsorted(whole, offsets)
        evidence = tuple(
            whole[a:b] - start
            for a, b, start in zip(ends[:-1], ends[1:], offsets[:-1], strict=True)
        )
        return replace(self, offsets=offsets, evidence=evidence)


def propose(sketches: Sequence[pa.Table], verify: bool = True) -> Proposal:
    """Find the candidates in the sketches of all partitions, given in the order of their rows.

    Raises `DataError` when an id occurs twice or is null.
    """
    offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
    if offsets[-1] >= 2**31 - 1:
        raise DataError(
            f"{offsets[-1]:,} rows at once; in memory it is 2**31 - 2 at most, `Pipeline.run` "
            "compares more"
        )
    count = int(offsets[-1])
    bands = [name for name in sketches[0].schema.names if name.startswith("band_")] if count else []

    def joined(keys: Keys) -> tuple[np.ndarray, np.ndarray]:
        check_ids(sketches, offsets, keys)
        valid = _column(sketches, "valid", np.bool_)
        low, high = (_column(sketches, half.name, np.uint64) for half in HASH)
        first = keys.first_equal(low, high, valid)
        del low, high
        if not bands:
            return first, first
        active = valid & (first == np.arange(count)) & (_column(sketches, "shingles", np.int64) > 0)
        found = (_column(sketches, band, np.uint64) for band in bands)
        return first, keys.joined(first, found, active)

    first, parent = grouped("the grouping of candidates", count, 2 + len(bands), joined)
    members = np.flatnonzero(np.bincount(parent, minlength=1)[parent] > 1)
    return _arrange(sketches, offsets, members, parent[members], first[members], bands, verify)


def _arrange(
    sketches: Sequence[pa.Table],
    offsets: np.ndarray,
    rows: np.ndarray,
    component: np.ndarray,
    first: np.ndarray,
    bands: list[str],
    verify: bool,
) -> Proposal:
    """Put members in order, number their groups and buckets, list the evidence needed."""
    ids = _take(sketches, offsets, rows, "id")
    priorities = None
    if sketches and "priority" in sketches[0].schema.names:
        priorities = _column(sketches, "priority", np.float64)[rows]
    order = np.lexsort((ranks(rows, priorities, ids), component))
    rows, component, first, ids = rows[order], component[order], first[order], ids.take(order)
    lowest, heads, inverse = np.unique(first, return_index=True, return_inverse=True)
    by_head = np.argsort(heads, kind="stable")
    number = np.empty(by_head.size, np.int64)
    number[by_head] = np.arange(by_head.size)
    lowest, of_group = lowest[by_head], component[heads[by_head]]
    _, which, groups = np.unique(of_group, return_inverse=True, return_counts=True)
    contested = np.flatnonzero(groups[which] > 1)
    candidates = lowest[contested].astype(np.int64)
    matrix, starts = _buckets(sketches, candidates, bands)
    asked = np.argsort(candidates, kind="stable")
    cuts = np.searchsorted(candidates[asked], offsets)
    local = [
        candidates[asked[a:b]] - start
        for a, b, start in zip(cuts[:-1], cuts[1:], offsets[:-1], strict=True)
    ]
    signatures = np.empty((contested.size, 0), np.uint8)
    if not verify and bands:
        parts = [bytes_of(sketch["signature"]) for sketch in sketches]
        signatures = np.concatenate(parts)[candidates]
    return Proposal(
        offsets=offsets,
        rows=rows,
        ids=ids,
        component=component.astype(np.int64),
        group=number[inverse],
        contested=contested,
        buckets=matrix,
        starts=starts,
        evidence=tuple(local if verify else [part[:0] for part in local]),
        witnesses=asked if verify else asked[:0],
        signatures=signatures,
    )


def _buckets(
    sketches: Sequence[pa.Table], rows: np.ndarray, bands: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The bucket of each row in each band, and where each bucket's witnesses are noted."""
    matrix = np.full((rows.size, len(bands)), -1, np.int32)

    def numbered(keys: Keys) -> list[np.ndarray]:
        found, start = [np.zeros(1, np.int32)], 0
        for k, band in enumerate(bands if rows.size else []):
            own = keys.buckets(_column(sketches, band, np.uint64)[rows], start)
            matrix[:, k] = own.number
            found.append(np.minimum(own.sizes, WITNESSES))
            start += own.sizes.size
        return found

    found = grouped("the numbering of buckets", rows.size, len(bands), numbered)
    return matrix, np.cumsum(np.concatenate(found).astype(np.int64))


def unique_ids(sketches: Sequence[pa.Table]) -> None:
    """Raise `DataError` when an id of all partitions' sketches occurs twice or is null."""
    offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
    count = int(offsets[-1])
    if count >= 2**31 - 1:
        raise DataError(f"{count:,} rows at once; in memory it is 2**31 - 2 at most")
    grouped("the comparison of ids", count, 1, lambda keys: check_ids(sketches, offsets, keys))


def check_ids(sketches: Sequence[pa.Table], offsets: np.ndarray, keys: Keys) -> None:
    """Every id once, and none null."""
    count = int(offsets[-1])
    low, high = np.empty(count, np.uint64), np.empty(count, np.uint64)
    for sketch, start in zip(sketches, offsets.tolist(), strict=False):
        if sketch.num_rows == 0:
            continue
        texts = text_buffers(sketch["id"])
        if not texts.valid.all():
            row = int(np.flatnonzero(~texts.valid)[0])
            raise DataError(f"the id of row {start + row:,} is null; every record needs one")
        stop = start + sketch.num_rows
        hash_texts(texts.data, texts.offsets, low[start:stop], high[start:stop])
    first = keys.first_equal(low, high, np.ones(count, np.bool_))
    again = np.flatnonzero(first != np.arange(count))
    if again.size:
        pair = np.array([first[again[0]], again[0]])
        name = _take(sketches, offsets, pair, "id")[0].as_py()
        parts = np.searchsorted(offsets, pair, side="right") - 1
        places = " and ".join(
            f"row {row - offsets[part]:,} of partition {part}"
            for row, part in zip(pair, parts, strict=True)
        )
        raise DataError(
            f"id {name!r} occurs twice: {places} ({again.size:,} such rows); ids must be unique"
        )


def _column(sketches: Sequence[pa.Table], name: str, kind: type) -> np.ndarray:
    """A column of all partitions as one array; the arrays it is made of need not stay in memory."""
    chunks = [np.asarray(chunk) for sketch in sketches for chunk in sketch[name].chunks]
    return np.concatenate(chunks).astype(kind, copy=False) if chunks else np.empty(0, kind)


def _take(
    sketches: Sequence[pa.Table], offsets: np.ndarray, rows: np.ndarray, name: str
) -> pa.ChunkedArray:
    """A column's values at some ascending rows."""
    cuts = np.searchsorted(rows, offsets)
    parts = [
        sketch[name].take(pa.array(rows[a:b] - start)).cast(ID.type)
        for sketch, a, b, start in zip(sketches, cuts[:-1], cuts[1:], offsets[:-1], strict=True)
        if b > a
    ]
    chunks = [chunk for part in parts for chunk in part.chunks]
    return pa.chunked_array([pa.concat_arrays(chunks)] if chunks else [], ID.type)


def bytes_of(column: pa.ChunkedArray) -> np.ndarray:
    """A fixed-size binary column as uint8[rows, width]."""
    width = column.type.byte_width
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8, len(chunk) * width, chunk.offset * width)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate([np.empty(0, np.uint8), *parts]).reshape(-1, width)
