"""Canaries: edited copies of real records, put through the search among the records that stay.

A canary comes last in the order of survivors, so it can only go because of a record that stays: the
records are those of its own buckets, as many of each as the search itself would compare it with.
Nothing of it is written anywhere but in the certificate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.candidates import WITNESSES
from tamis.dedup.certificate import edited, edits_for, targets
from tamis.dedup.reference import shingles, similarity
from tamis.dedup.survivors import ranks
from tamis.frame import STRING
from tamis.kernels.meeting import rows_with

PREFIX = "canary of "
_TRIES = 3
MET = pa.schema(
    [
        ("band", pa.int32()),
        ("key", pa.uint64()),
        ("row", pa.int64()),
        ("priority", pa.float64()),
        ("id", pa.large_string()),
    ]
)


class Canary(NamedTuple):
    """A planted copy: of which record, its text, its true similarity to that record."""

    of: str
    text: str
    similarity: float


def plant(texts: Sequence[tuple[str, str]], step: Any) -> list[Canary]:
    """Edited copies of texts (id, text), similar to them between the threshold and 1.

    Texts so short that any edit leads below the threshold have none. For containment a copy is also
    cut off, to no less than half.
    """
    made = []
    for number, (name, text) in enumerate(texts):
        draw = np.random.Generator(np.random.PCG64([step.seed, *name.encode()]))
        canary = _copy(name, text, step, targets(number, step.threshold), draw)
        if canary is not None:
            made.append(canary)
    return made


def _copy(
    name: str, text: str, step: Any, target: float, draw: np.random.Generator
) -> Canary | None:
    scheme = step.scheme
    original = shingles(text, scheme)
    touched = scheme.ngram if scheme.unit == "words" else scheme.ngram + 7
    edits = edits_for(target, len(original), touched)
    for _ in range(_TRIES):
        copy = edited(text, edits, draw)
        if step.measure == "containment":
            copy = copy[: round(len(copy) * draw.uniform(0.5, 1))]
        value = similarity(original, shingles(copy, scheme), step.measure)
        if step.threshold <= value < 1:
            return Canary(name, copy, value)
        edits = max(1, edits // 2)
    return None


def frame_of(canaries: Sequence[Canary], step: Any) -> pd.DataFrame:
    """Canaries as a partition."""
    ids = [PREFIX + canary.of for canary in canaries]
    texts = [canary.text for canary in canaries]
    return pd.DataFrame({"id": pd.array(ids, STRING), step.on: pd.array(texts, STRING)})


def search_of(step: Any) -> Any:
    """The step, with survivors in the order they are given and no other set beside it."""
    return dataclasses.replace(step, keep="first", against=None)


def met(sketch: pa.Table, staying: np.ndarray, keys: np.ndarray, first: int) -> pa.Table:
    """The staying rows of a partition that share a band's key with a canary (`MET`).

    Of each key the first few in the order of survivors. `keys` is uint64[bands, canaries], `first`
    the global number of the partition's first row.
    """
    found = [MET.empty_table()]
    priority = sketch["priority"].to_numpy() if "priority" in sketch.schema.names else None
    for band, wanted in enumerate(np.sort(keys, axis=1)):
        column = sketch[f"band_{band:02d}"].to_numpy()
        rows = rows_with(column, staying, wanted)
        if rows.size:
            columns = [
                pa.array(np.full(rows.size, band, np.int32)),
                pa.array(column[rows]),
                pa.array(rows + first),
                pa.nulls(rows.size, pa.float64()) if priority is None else pa.array(priority[rows]),
                sketch["id"].take(pa.array(rows)),
            ]
            table = pa.table(columns, schema=MET)
            found.append(first_few(table) if rows.size > WITNESSES else table)
    return pa.concat_tables(found)


def first_few(table: pa.Table) -> pa.Table:
    """Of the rows with one band and key the first few in the order of survivors."""
    if not table.num_rows:
        return table
    order = np.lexsort((in_order(table), table["key"].to_numpy(), table["band"].to_numpy()))
    sorted_ = table.take(pa.array(order))
    band, key = sorted_["band"].to_numpy(), sorted_["key"].to_numpy()
    begins = np.flatnonzero(np.r_[True, (band[1:] != band[:-1]) | (key[1:] != key[:-1])])
    nth = np.arange(len(key)) - np.repeat(begins, np.diff(np.r_[begins, len(key)]))
    return sorted_.filter(pa.array(nth < WITNESSES))


def in_order(table: pa.Table) -> np.ndarray:
    """The place of each row (`row`, `priority`, `id`) in the order of survivors."""
    rows = table["row"].to_numpy()
    priorities = table["priority"]
    if priorities.null_count == len(priorities):
        return ranks(rows, None, table["id"])
    return ranks(rows, priorities.to_numpy(), table["id"])


def go(search: Any, staying: pa.Table, evidence: pa.Table, frame: pd.DataFrame) -> np.ndarray:
    """Which canaries the search drops because of a real record, bool.

    `staying` and `evidence` are the sketches and the evidence of the records they meet, in the
    order of survivors.
    """
    proposal = search.propose([staying, search.sketch(frame)])
    wanted = search.wanted(proposal)
    gathered = [
        evidence.take(pa.array(wanted[0])) if len(wanted[0]) else None,
        search.evidence(frame, wanted[1]) if len(wanted[1]) else None,
    ]
    verdicts = search.decide(proposal, gathered).to_pandas()
    gone = verdicts[~verdicts["keep"].astype(bool)]
    real = ~gone["duplicate_of"].astype(str).str.startswith(PREFIX)
    at = gone["row"][real].to_numpy() - staying.num_rows
    dropped = np.zeros(len(frame), bool)
    dropped[at[at >= 0]] = True
    return dropped
