"""Semantic deduplication: records whose embeddings point the same way."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import candidates, kmeans, similar_pairs, spread
from tamis.dedup.devices import Numpy, arithmetic, check_device
from tamis.dedup.embeddings import Embeddings
from tamis.dedup.near import Near, Search
from tamis.dedup.step import Dedup, integer, path_of, required
from tamis.dedup.survivors import Policy, policy, ranks
from tamis.dedup.verdicts import SCHEMA, told
from tamis.errors import ColumnError, SettingError, TamisError
from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts
from tamis.spelling import no_column
from tamis.steps import Columns
from tamis.vectors import read_vectors, to_column

BRUTE = 100_000  # records that are all compared with all: 5e9 products, some 20 seconds of a core
FEW = 20_000  # records that are one cluster where a policy asks for its centre; fitted to, at least
SAMPLE_BYTES = 2 << 30  # float32 vectors that a clustering is fitted to, at most
BY_CENTRE = ("hard", "easy")
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SemanticProposal:
    """What came of comparing: the verdicts, and what is stored so that a threshold can be moved."""

    offsets: np.ndarray
    evidence: tuple[np.ndarray, ...]
    threshold: float  # that of the verdicts
    verdicts: pa.Table
    stored: dict[str, pa.Table] = field(default_factory=dict)
    withheld: pa.Table | None = None  # verdicts on rows that another set holds (`against=`)


@dataclass(frozen=True)
class SemanticDedup(Dedup):
    """Keep one record of those whose embeddings are nearly parallel.

    `on` names a column of vectors (fixed-size lists of float32 or float16; other lists and object
    columns of arrays are taken too), from text, images, sound, or your own. Records are clustered
    by spherical k-means, and each is compared with those before it, in survivor order, in its
    `probe` nearest clusters. A record is dropped only when its exact cosine to a record that is
    *kept* reaches `threshold`. Up to 100,000 records are all compared with all, and none is missed.

    A vector that is null, zero or not finite is a duplicate of nothing, and its record stays.

    - `threshold`: the cosine; `eps=` may be given instead, which is 1 - threshold. 0.95 by default,
      which drops more than NeMo Curator's eps of 0.01 and less than SemHash's 0.9.
    - `keep`: which record stays: `"hard"`, the one farthest from the centre of its cluster;
      `"easy"`, the nearest; `"random"`, by a hash of the id (SemDeDup's three; Abbas et al., 2023);
      or a policy of `tamis.dedup.survivors.policy`. `"longest"` reads the column `text`.
    - `clusters`: how many; None for the root of their number (see `kmeans.choose_clusters`) beyond
      100,000 records, or 20,000 where `keep` asks for centres. 1 compares all with all, however
      many: 10^6 records of 384 numbers take half an hour of a core.
    - `fit`: how much of the data the clustering is fitted to, chosen by a hash of the id: a share,
      or a number of rows; None for 256 rows a cluster and no fewer
      than 20,000, at most 2 GB of them.
    - `probe`: 1 is the published method, which misses pairs that a border divides.
    - `store`: pairs are stored from this cosine, and the threshold can be moved down to it; None
      for 0.05 below the threshold.
    - `device`: None takes what is there; "cpu", "cuda", "cuda:1". The records kept are the same.
    - `against`: an index, or files with such a column (and `id`); records that reach the threshold
      with one of theirs are dropped. All are compared with all, so files are for sets of thousands,
      as tests are; those of an index are mapped.

    >>> docs = pd.DataFrame({"id": ["a", "b", "c"], "embedding": [[1, 0], [2, 0.1], [0, 1.0]]})
    >>> SemanticDedup(threshold=0.9)(docs).id.tolist()
    ['a', 'c']
    """

    on: str = "embedding"
    threshold: float = 0.95
    keep: str = "first"
    clusters: int | None = None
    fit: float | int | None = None
    probe: int = 2
    iterations: int = 20
    seed: int = 42
    store: float | None = None
    text: str = "text"
    device: str | None = None
    against: str | None = None
    name: str = "semantic_dedup"
    eps: InitVar[float | None] = None
    kind: ClassVar[str] = "semantic"
    bound: ClassVar[str] = "threshold"

    def __post_init__(self, eps: float | None) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} names no column; semantic compares one")
        if eps is not None:
            if self.threshold != type(self).threshold:
                raise SettingError(f"threshold={self.threshold!r} and eps={eps!r}: give one")
            _number("eps", eps)
            self._put(threshold=1.0 - eps)
        _number("threshold", self.threshold)
        if not 0 < self.threshold <= 1:
            raise SettingError(f"threshold={self.threshold!r} is not above 0 and at most 1")
        if self.store is not None:
            _number("store", self.store)
            if not 0 < self.store <= self.threshold:
                raise SettingError(f"store={self.store!r} is not above 0 and at most the threshold")
        if self.keep not in (*BY_CENTRE, "random"):
            policy(self.keep)
        if self.clusters is not None:
            integer("clusters", self.clusters, 1, 2**31 - 1)
        if self.fit is not None:
            _number("fit", self.fit)
            if self.fit <= 0 or (isinstance(self.fit, float) and self.fit > 1):
                raise SettingError(f"fit={self.fit!r} is neither a share up to 1.0 nor a number")
        integer("probe", self.probe, 1, 1024)
        integer("iterations", self.iterations, 1, 10_000)
        integer("seed", self.seed, 0, 2**32 - 1)
        check_device(self.device)
        self._put(name=self.name or f"{self.kind}_dedup", against=path_of(self.against))
        super().__post_init__()

    @property
    def policy(self) -> Policy:
        """Which record stays, so far as its own columns say."""
        return Policy("first") if self.keep in (*BY_CENTRE, "random") else policy(self.keep)

    @property
    def floor(self) -> float:
        """The cosine from which pairs are stored."""
        return max(self.threshold - 0.05, 0.0) if self.store is None else self.store

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def plan(self, columns: Columns, name: str) -> None:
        super().plan(columns, name)
        if self.policy.kind == "longest" and self.text not in columns:
            raise ColumnError(f"{name}: {no_column(self.text, columns, '; pass text=…')}")
        held = columns[self.on]
        if str(held) != "object" and "list" not in str(held):
            why = ""
            if pd.api.types.is_string_dtype(held):
                why = (
                    "where they were lists or arrays, dask.dataframe.from_pandas made text of "
                    "them: take tamis.from_pandas(frame), or read them from Parquet. "
                )
            raise ColumnError(
                f"{name}: column {self.on!r} holds {held}, not vectors; {why}"
                "Score(text.embedding) makes vectors of text"
            )

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (of policies that look at a column), `state`, `embedding` of each row.

        `state` is 0 where there is a vector with a direction, else a place in `vectors.STATES`.
        """
        needed = [self.on, self.text] if self.policy.kind == "longest" else [self.on]
        required(frame, needed, self.name)
        found = read_vectors(frame[self.on], frame.get("id"))
        values = found.values if found.values.shape[1] else np.zeros((len(frame), 1), np.float32)
        texts = frame[self.text] if self.policy.kind == "longest" else frame[self.on]
        made = {"state": pa.array(found.state), "embedding": to_column(values)}
        return self._beside(frame, pa.table(self._named(frame, texts) | made))

    def propose(self, sketches: Sequence[pa.Table]) -> SemanticProposal:
        """Cluster, compare, decide: all of it, for nothing but the vectors is looked at."""
        return self.propose_from(sketches, ())

    def propose_from(
        self, sketches: Sequence[pa.Table], reads: Sequence[Callable[[], pa.Table]]
    ) -> SemanticProposal:
        """`propose`; workers of a cluster, who can read the sketches, cluster their vectors."""
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        candidates.unique_ids(sketches)
        vectors = Embeddings(sketches, offsets)
        lost = {name: number for name, number in vectors.missing.items() if number}
        if lost:
            said = ", ".join(f"{number:,} {name}" for name, number in lost.items())
            log.warning("%s: vectors without a direction stay uncompared: %s", self.name, said)
        ids = candidates._take(sketches, offsets, vectors.rows, "id")
        count = vectors.count
        most = FEW if self.keep in BY_CENTRE else BRUTE
        clusters = self.clusters or (1 if count <= most else kmeans.choose_clusters(count))
        clusters = max(1, min(clusters, count))
        work = 2.0 * vectors.width * count * (count / clusters * self.probe + clusters)
        products = arithmetic(self.device, work)
        products.load(vectors)
        chosen = self._chosen(vectors, ids, clusters)
        fitting = 2.0 * vectors.width * clusters * (chosen.size * self.iterations + count)
        several = spread.over(vectors, offsets, reads, chosen, self.device, fitting)
        centres, nearest, similarity = self._clustered(vectors, chosen, clusters, products, several)
        order = self._order(sketches, vectors, ids, similarity)
        floor = min(self.floor, self.threshold)
        search = Search(
            vectors, order, nearest[order], clusters, self.threshold, floor, products
        )  # fmt: skip
        near = search.run()
        verdicts = _verdicts(near, order, vectors.rows, ids)
        pairs = similar_pairs.pairs_of(near, order, vectors.rows, ids, floor, products.name)
        members = pa.table(
            {"id": ids, "cluster": nearest[:, 0], "similarity": similarity.astype(np.float32)}
        )
        stored = {"pairs": pairs, "clusters": members}
        if count:
            stored["centres"] = pa.table({"centre": to_column(centres)})
        nothing = tuple(np.empty(0, np.int64) for _ in sketches)
        made = SemanticProposal(offsets, nothing, self.threshold, verdicts, stored)
        return self._withheld(made, sketches)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: the sketch holds the vector itself."""
        return pa.table({"embedding": pa.array([], pa.list_(pa.float32()))})

    def decide(self, proposal: Any, evidence: Sequence[pa.Table | None]) -> pa.Table:
        if proposal.threshold == self.threshold:
            return self._complete(proposal.verdicts, proposal)
        return similar_pairs.settled(proposal.stored["pairs"], self.threshold)

    def at(self, value: Any) -> SemanticDedup:
        return dataclasses.replace(self, threshold=value, store=min(self.floor, value))

    def connected(self, proposal: Any) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records alike, by whatever chain of others, and their group."""
        return similar_pairs.connected(proposal.stored["pairs"], self.threshold)

    def restored(self, sketches: Sequence[pa.Table], stored: Mapping[str, pa.Table]) -> Any:
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        nothing = tuple(np.empty(0, np.int64) for _ in sketches)
        return SemanticProposal(offsets, nothing, math.nan, SCHEMA.empty_table(), dict(stored))

    def stored(self, proposal: Any) -> dict[str, pa.Table]:
        """What a run keeps beside the verdicts: pairs, clusters and centres."""
        return proposal.stored

    def reason(self, duplicate_of: str, similarity: float) -> str:
        return f"dedup.semantic: cosine {similarity:.3f} to {duplicate_of}"

    def _clustered(
        self, vectors: Embeddings, chosen: np.ndarray, clusters: int, products: Numpy,
        several: spread.Spread | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
        """Unit vectors, float32[clusters, width]; the nearest of them to each vector, how near.

        By `several` workers, or by this process.
        """
        probe = min(self.probe, clusters)
        if several is not None:
            try:
                centres = kmeans.fit(several.sample, clusters, self.iterations, several).centres
                return centres, *several.assigned(vectors, centres, probe)
            except Exception as error:  # whatever a cluster raises that loses its workers
                if isinstance(error, TamisError):
                    raise
                log.warning("%s: workers gave up k-means, this process does it: %s: %s", self.name,
                            type(error).__name__, error)  # fmt: skip
        centres = np.ones((1, max(vectors.width, 1)), np.float32)  # where nobody asks for one
        if chosen.size:
            unit = vectors.units(chosen)
            centres = kmeans.fit(unit, clusters, self.iterations, products).centres
        return centres, *products.assigned(vectors, centres, probe)

    def _chosen(self, vectors: Embeddings, ids: pa.ChunkedArray, clusters: int) -> np.ndarray:
        """The vectors that centres are fitted to, chosen by id, in the order of a hash of it."""
        if (clusters == 1 and self.keep not in BY_CENTRE) or not vectors.count:
            return np.empty(0, np.int64)
        hashes = hash_ids(ids, self.seed)
        size = min(vectors.count, max(clusters, self._sample(vectors, clusters)))
        chosen = np.argpartition(hashes, size - 1)[:size]
        return chosen[np.argsort(hashes[chosen], kind="stable")]

    def _sample(self, vectors: Embeddings, clusters: int) -> int:
        if isinstance(self.fit, float):
            return round(self.fit * vectors.count)
        if self.fit is not None:
            return self.fit
        most = SAMPLE_BYTES // (4 * max(vectors.width, 1))
        return min(max(kmeans.PER_CENTRE * clusters, FEW), most)

    def _order(
        self, sketches: Sequence[pa.Table], vectors: Embeddings, ids: pa.ChunkedArray,
        similarity: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """The vectors' numbers in survivor order."""
        priorities = None
        if self.keep in BY_CENTRE:
            # float64 sums differ in the sixteenth digit from device to device: rounded, then by id
            near = np.round(similarity, 9)
            priorities = -near if self.keep == "hard" else near
        elif self.keep == "random":
            priorities = (hash_ids(ids, self.seed + 1) >> np.uint64(11)).astype(np.float64)
        elif sketches and "priority" in sketches[0].schema.names:
            priorities = candidates._column(sketches, "priority", np.float64)[vectors.rows]
        places = ranks(vectors.rows, priorities, ids)
        order = np.empty(places.size, np.int64)
        order[places] = np.arange(places.size)
        return order


def hash_ids(ids: pa.ChunkedArray, seed: int) -> np.ndarray:
    """A 64-bit hash of each id, another one for another seed."""
    texts = text_buffers(ids)
    low, high = np.empty((2, texts.valid.size), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    # high is another hash of the same text: a multiple of it, odd by seed, moves every bit
    return low ^ (high * np.uint64(2 * seed + 1))


def _verdicts(near: Near, order: np.ndarray, rows: np.ndarray, ids: pa.ChunkedArray) -> pa.Table:
    """The verdicts on every record of a cluster of duplicates, ascending by global row number."""
    gone = np.flatnonzero(near.witness >= 0)
    stays = np.unique(near.witness[gone])
    places = np.concatenate([gone, stays])
    target = np.concatenate([near.witness[gone], stays])
    by_row = np.argsort(rows[order[places]], kind="stable")
    places, target = places[by_row], target[by_row]
    return told(
        rows[order[places]],
        ids.take(pa.array(order[places])),
        ids.take(pa.array(order[target])),
        places == target,
        near.similarity[places],
    )


def _number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"{name}={value!r} is not a number")
