"""Canaries of vectors and hashes: copies turned to a known cosine, or with some bits flipped.

As edited texts (`canaries`) they come last in the order of survivors, and are looked for among the
records that stay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.canaries import PREFIX, search_of
from tamis.dedup.certificate import targets
from tamis.dedup.devices import Numpy
from tamis.dedup.embeddings import Embeddings
from tamis.dedup.near import TIE
from tamis.dedup.reference_points import cosine, differing
from tamis.frame import STRING
from tamis.vectors import to_column


class Point(NamedTuple):
    """A planted copy: of which record, its vector or hash, its true similarity to that record."""

    of: str
    value: np.ndarray
    similarity: float


def turned(originals: Sequence[tuple[str, np.ndarray]], threshold: float, seed: int) -> list[Point]:
    """Copies of vectors (id, vector) with a cosine between the threshold and 1 to them.

    Every other one is turned towards another of the originals, which may lead over the border of a
    cluster, the rest in a direction drawn. Where there is no other direction, there is no copy.
    """
    made = []
    for number, (name, vector) in enumerate(originals):
        draw = np.random.Generator(np.random.PCG64([seed, *name.encode()]))
        towards = draw.standard_normal(vector.size)
        if number % 2:
            towards = originals[number - 1][1].astype(np.float64)
        copy = _turned(vector, towards, targets(number, threshold))
        if copy is None:
            continue
        value = cosine(vector, copy)
        if threshold <= value < 1:
            made.append(Point(name, copy, value))
    return made


def _turned(vector: np.ndarray, towards: np.ndarray, target: float) -> np.ndarray | None:
    """A vector of the same length whose cosine to this one is `target`, rounded as it is."""
    own = vector.astype(np.float64)
    length = np.sqrt(own @ own)
    own = own / length
    aside = towards - (towards @ own) * own
    far = np.sqrt(aside @ aside)
    if not far > 1e-6 * np.sqrt(towards @ towards):
        return None
    turned = length * (target * own + np.sqrt(1 - target**2) * aside / far)
    rounded: np.ndarray = turned.astype(vector.dtype)
    return rounded


def flipped(originals: Sequence[tuple[str, np.ndarray]], radius: int, seed: int) -> list[Point]:
    """Copies of hashes (id, bytes) with 1 to `radius` bits flipped, in turn, at places drawn."""
    made = []
    for number, (name, table) in enumerate(originals):
        if not radius:
            break
        draw = np.random.Generator(np.random.PCG64([seed, *name.encode()]))
        bits = np.unpackbits(table)
        bits[draw.permutation(bits.size)[: 1 + number % radius]] ^= 1
        copy = np.packbits(bits)
        made.append(Point(name, copy, 1.0 - differing(table, copy) / bits.size))
    return made


def frame_of(planted: Sequence[Point], on: str) -> pd.DataFrame:
    """Canaries as a partition."""
    ids = pd.array([PREFIX + point.of for point in planted], STRING)
    values = np.stack([point.value for point in planted])
    if values.dtype == np.uint8:
        cells: Any = pa.array([row.tobytes() for row in values], pa.large_binary())
    else:
        cells = to_column(values)
    return pd.DataFrame({"id": ids, on: pd.Series(pd.arrays.ArrowExtensionArray(cells))})


def met(
    step: Any, sketches: Sequence[pa.Table], gone: np.ndarray, home: np.ndarray,
    centres: np.ndarray, planted: Sequence[Point],
) -> np.ndarray:  # fmt: skip
    """Which canaries the clusters lead to a record that stays and reaches the threshold, bool.

    `home` is the cluster of each vector that has a direction, `gone` (global rows) who does not
    stay. A canary is put beside the centres and compared with those at home in its `probe` nearest
    clusters, as every record was.
    """
    offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
    vectors = Embeddings(sketches, offsets)
    search = dataclasses.replace(search_of(step), device="cpu")
    mine = Embeddings([search.sketch(frame_of(planted, step.on))], np.array([0, len(planted)]))
    products, floor = Numpy(), step.threshold - TIE
    nearest, _ = products.assigned(mine, centres, min(step.probe, len(centres)))
    staying = np.flatnonzero(~np.isin(vectors.rows, gone))
    staying = staying[np.argsort(home[staying], kind="stable")]
    starts = np.searchsorted(home[staying], np.arange(len(centres) + 1))
    hits = np.zeros(len(planted), bool)
    for cluster in np.unique(nearest).tolist():
        members = staying[starts[cluster] : starts[cluster + 1]]
        who = np.flatnonzero((nearest == cluster).any(axis=1))
        left = products.tile(mine, who, who)
        for first in range(0, members.size, products.side):
            some = members[first : first + products.side]
            right = products.tile(vectors, some, some)
            most = who.size * some.size
            at = products.hits(left.prepared, right.prepared, floor, 2**30, most)
            near = products.cosines(left, right, at) >= floor
            hits[who[at[near, 0]]] = True
    return hits
