"""Records that stand in another set, dropped: train against test, a delivery against an index.

Each record is compared with the set alone, so this happens where a partition is sketched: its
sketch says which records the set holds, and those take no part in what follows. The set is an
index, or files, which are then sketched in memory by every process that needs them. Perceptual,
semantic and fingerprint deduplication compare with what files hold (`held_sets`).
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from dask.base import tokenize

from tamis.dedup import held_sets
from tamis.dedup.embeddings import Embeddings
from tamis.dedup.index import embeddings, hashes, ledger, revision, standing
from tamis.dedup.index.delivery import held
from tamis.dedup.index.records import chunk, from_sketch
from tamis.dedup.index.settings import agree, check_kind
from tamis.dedup.index.view import View
from tamis.errors import DataError, SettingError
from tamis.io.extensions import ending
from tamis.io.store import Store
from tamis.source import sources

ID, SIMILARITY = "against_id", "against_similarity"  # columns of sketches
SET = "against"  # column of verdicts: the set that a record stands in
_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv", ".txt": "read_text"}


class Held(NamedTuple):
    """A set that records are compared with."""

    view: View
    name: str
    fingerprint: str


def fingerprint(step: Any) -> str | None:
    """What changes when the set does; None where it is not there."""
    try:
        found = ledger.newest(Store(step.against)) if _local(step.against) else None
        return found[1] if found is not None else _files_token(step.against)
    except (OSError, ValueError):
        return None


def check(step: Any) -> None:
    """Raise where there is no such set, or an index of other settings."""
    found = ledger.newest(Store(step.against)) if _local(step.against) else None
    if found is not None and step.kind == "fingerprint":
        raise SettingError(
            f"{step.name}: against={step.against!r} is an index; {step.kind} deduplication "
            f"compares with files that have the columns id and {step.on}"
        )
    if found is not None:
        agree(step.against, found[0].settings, step, asking=True)
    elif os.path.isdir(step.against) and not os.listdir(step.against):
        raise DataError(f"{step.name}: against={step.against!r}: no index and no files there")
    else:
        try:
            meta = _read(step.against)._meta
        except DataError as error:
            raise DataError(f"{step.name}: against={step.against!r}: {error}") from error
        _alone(step).plan(dict(meta.dtypes), f"against={step.against!r}")


def marked(step: Any, frame: pd.DataFrame, sketch: pa.Table) -> pa.Table:
    """A sketch that says which of its records the set holds, and leaves them out of the rest."""
    indexed = _local(step.against) and ledger.newest(Store(step.against)) is not None
    if step.kind in held_sets.KINDS and not indexed:
        return _held_apart(step, sketch)
    found = _opened(step)
    if step.kind == "semantic":
        return _vectors_apart(step, sketch, found)
    records, _ = from_sketch(hashes.banded(step, sketch))
    kept = []  # sets stay in memory until they have been compared

    def sets(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        evidence = chunk(step.evidence(frame, rows)["shingles"])
        kept.append(evidence)
        ends = np.asarray(evidence.offsets).astype(np.int64)
        start = np.asarray(evidence.values).__array_interface__["data"][0]
        return (start + 8 * ends[:-1]).astype(np.uint64), np.diff(ends)

    held_by = standing.compare(
        found.view, records, sets, measure=standing.Measure.of(step), among=False
    )
    hit = held_by.held >= 0
    valid = pc.and_(sketch["valid"], pa.array(~hit))
    sketch = sketch.set_column(sketch.schema.get_field_index("valid"), "valid", valid)
    names = found.view.ids(held_by.held[hit])
    return _noting(sketch, hit, names, held_by.similarity, found.fingerprint, found.name)


def _held_apart(step: Any, sketch: pa.Table) -> pa.Table:
    """As `marked`, where whole hashes or vectors of the set are compared with."""
    token = _files_token(step.against)
    found = held_sets.held_set(step.against, _alone(step), token, _read)
    answer = found.compare(sketch)
    hit = answer.held >= 0
    names = found.ids.take(pa.array(answer.held[hit]))
    name = os.path.basename(step.against.rstrip("/"))
    return _noting(found.left(sketch, hit), hit, names, answer.similarity, token, name)


def _vectors_apart(step: Any, sketch: pa.Table, found: Held) -> pa.Table:
    """As `marked`, where an index has vectors."""
    asked = Embeddings([sketch], np.array([0, sketch.num_rows]))
    held, nearest = embeddings.among_held(found.view, asked, step.threshold, False)
    hit, similarity = np.zeros(sketch.num_rows, np.bool_), np.zeros(sketch.num_rows)
    hit[asked.rows], similarity[asked.rows] = held >= 0, nearest
    left, names = held_sets.without_vectors(sketch, hit), found.view.ids(held[held >= 0])
    return _noting(left, hit, names, similarity, found.fingerprint, found.name)


def _noting(
    sketch: pa.Table, hit: np.ndarray, names: Any, similarity: np.ndarray, token: str, set: str
) -> pa.Table:
    """A sketch with whom the set holds for each row that was hit; `names` has those alone."""
    place = np.full(len(hit), -1)
    place[hit] = np.arange(int(hit.sum()))
    sketch = sketch.append_column(ID, names.take(pa.array(place, mask=place < 0)))
    sketch = sketch.append_column(SIMILARITY, pa.array(similarity, mask=~hit))
    return sketch.replace_schema_metadata({"against": token, "name": set})


def noted(proposal: Any, sketches: Sequence[pa.Table]) -> Any:
    """A proposal that remembers which rows the set holds, as verdicts."""
    told = {tuple(sorted((sketch.schema.metadata or {}).items())) for sketch in sketches}
    if len(told) > 1:
        raise DataError("against= changed while it was compared with; run again")
    name = (sketches[0].schema.metadata or {}).get(b"name", b"").decode() if sketches else ""
    parts = []
    for sketch, first in zip(sketches, proposal.offsets.tolist(), strict=False):
        rows = np.flatnonzero(np.asarray(sketch[ID].is_valid()))
        some = sketch.select(["id", ID, SIMILARITY]).take(pa.array(rows))
        parts.append(some.append_column("row", pa.array(rows + first)))
    if not parts:
        return proposal
    found = pa.concat_tables(parts).combine_chunks()
    label = pa.array([name] * found.num_rows, pa.large_string())
    cluster = pc.binary_join_element_wise(label, found[ID], pa.scalar("/", pa.large_string()))
    withheld = pa.table(
        {
            "row": found["row"],
            "id": found["id"],
            "cluster": cluster,
            "keep": pa.array(np.zeros(found.num_rows, np.bool_)),
            "duplicate_of": found[ID],
            "similarity": found[SIMILARITY],
            SET: label,
        }
    )
    return dataclasses.replace(proposal, withheld=withheld)


def added(verdicts: pa.Table, proposal: Any) -> pa.Table:
    """Verdicts with those on the rows that the set holds."""
    if proposal.withheld is None:
        return verdicts
    nothing = pa.nulls(verdicts.num_rows, pa.large_string())
    both = [verdicts.append_column(SET, nothing).replace_schema_metadata(), proposal.withheld]
    joined = pa.concat_tables(both, promote_options="default").sort_by("row").combine_chunks()
    return joined.replace_schema_metadata(verdicts.schema.metadata)


def _opened(step: Any) -> Held:
    alone = _alone(step)
    local = _local(step.against)
    found = ledger.newest(Store(step.against)) if local else None
    if found is None:
        return _of_files(step.against, alone, _files_token(step.against))
    agree(step.against, found[0].settings, step, asking=True)
    return _of_index(os.path.abspath(step.against), found[1])


@functools.lru_cache(maxsize=8)
def _of_index(path: str, token: str) -> Held:
    store = Store(path)
    found = ledger.newest(store)
    if found is None:
        raise DataError(f"no index in {path} any more")
    return Held(revision.opened(store, found[0]), os.path.basename(path), found[1])


@functools.lru_cache(maxsize=2)
def _of_files(path: str, step: Any, token: str) -> Held:
    view = View(held(_read(path), step))
    return Held(view, os.path.basename(path.rstrip("/")), token)


def _files_token(path: str) -> str:
    return tokenize([part.token for part in sources(_read(path)) or ()])[:16]


def _read(path: str) -> Any:
    """The frame that files make, told by their endings."""
    from tamis import io

    reader = getattr(io, _READERS.get(ending(path), "read_jsonl"))
    return reader(path)


def _alone(step: Any) -> Any:
    """The step as it sketches the set: nothing else to be compared with, nobody preferred."""
    alone = dataclasses.replace(step, against=None, keep="first", where=None)
    if step.kind not in held_sets.KINDS:
        check_kind(alone)
    return alone


def _local(path: str) -> bool:
    return "://" not in path and "::" not in path
