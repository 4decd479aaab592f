"""What another set holds (hashes, vectors, fingerprints), and what of a partition it holds too."""

from __future__ import annotations

import functools
import threading
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.devices import arithmetic
from tamis.dedup.embeddings import Embeddings
from tamis.dedup.fingerprints import places_of, sounds
from tamis.dedup.near import TIE
from tamis.dedup.nearest import Nearest
from tamis.dedup.radius import as_words, index_of
from tamis.dedup.radius_there import nearest
from tamis.errors import DataError
from tamis.kernels import radius as kernels
from tamis.kernels import recordings

_MAKING = threading.Lock()  # of an index, once for all threads
KINDS = ("perceptual", "semantic", "fingerprint")
ASKED = 100_000  # vectors that will be compared with a set: a guess, their number is not known yet
HELD = 4  # the state of a vector that another set holds, beside `vectors.STATES`


class Answer(NamedTuple):
    """For each row of a partition its nearest in the set (-1: none near enough), how similar."""

    held: np.ndarray
    similarity: np.ndarray


class HashSet:
    """The hashes of a set, with an index of them for one radius."""

    def __init__(self, sketch: pa.Table, step: Any) -> None:
        valid = np.flatnonzero(np.asarray(sketch["valid"]))
        self.ids = sketch["id"].take(pa.array(valid))
        self.table, self.radius = _bytes(sketch)[valid], step.radius
        self.words = as_words(self.table)

    def compare(self, sketch: pa.Table) -> Answer:
        """Which rows of a partition's sketch are within the radius of a hash here."""
        rows = np.flatnonzero(np.asarray(sketch["valid"]))
        table = _bytes(sketch)[rows]
        if rows.size and len(self.table) and table.shape[1] != self.table.shape[1]:
            raise DataError(
                f"hashes of {table.shape[1]} bytes, and against= has them of "
                f"{self.table.shape[1]}; both must be of one length"
            )
        answer = Answer(np.full(sketch.num_rows, -1), np.zeros(sketch.num_rows))
        if not rows.size or not len(self.table):
            return answer
        witness, apart = self._nearest(as_words(table))
        answer.held[rows] = witness
        answer.similarity[rows] = 1.0 - apart / (8 * table.shape[1])
        return answer

    def _nearest(self, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = nearest(self.words, asked, self.radius)
        if found is not None:
            return found
        witness, apart = np.empty(len(asked), np.int32), np.empty(len(asked), np.int16)
        both = np.concatenate([self.words, asked])
        kernels.nearest_entered(self.index, both, len(self.words), self.radius, witness, apart)
        return witness, apart

    @functools.cached_property
    def index(self) -> Any:
        """An index of the hashes, made when the processor is first asked."""
        with _MAKING:
            made = self.__dict__.get("_index")
            if made is None:
                made = self.__dict__["_index"] = index_of(self.words, self.radius)
                kernels.enter(made, self.words)
            return made

    def left(self, sketch: pa.Table, hit: np.ndarray) -> pa.Table:
        """The sketch without the rows that were hit."""
        return without(sketch, hit)


class VectorSet:
    """The vectors of a set, all of which each record is compared with."""

    def __init__(self, sketch: pa.Table, step: Any) -> None:
        self.vectors = Embeddings([sketch], np.array([0, sketch.num_rows]))
        self.ids = sketch["id"].take(pa.array(self.vectors.rows))
        self.threshold = step.threshold - TIE
        work = 2.0 * self.vectors.width * self.vectors.count * ASKED
        self.products = arithmetic(step.device, work)

    def compare(self, sketch: pa.Table) -> Answer:
        """Which rows of a partition's sketch reach the threshold with a vector here."""
        vectors = Embeddings([sketch], np.array([0, sketch.num_rows]))
        if vectors.count and self.vectors.count and vectors.width != self.vectors.width:
            raise DataError(
                f"vectors of {vectors.width} numbers, and against= has them of "
                f"{self.vectors.width}; both must be of one width"
            )
        nearest = Nearest(vectors, self.threshold, self.products)
        nearest.show(self.vectors, np.arange(self.vectors.count))
        answer = Answer(np.full(sketch.num_rows, -1), np.zeros(sketch.num_rows))
        answer.held[vectors.rows] = nearest.witness
        answer.similarity[vectors.rows] = np.where(nearest.witness >= 0, nearest.similarity, 0.0)
        return answer

    def left(self, sketch: pa.Table, hit: np.ndarray) -> pa.Table:
        """The sketch without the vectors that were hit."""
        return without_vectors(sketch, hit)


def without_vectors(sketch: pa.Table, hit: np.ndarray) -> pa.Table:
    """A sketch of vectors in which those that were hit are duplicates of nothing else."""
    state = np.where(hit, np.uint8(HELD), np.asarray(sketch["state"]))
    return sketch.set_column(sketch.schema.get_field_index("state"), "state", pa.array(state))


class SoundSet:
    """The fingerprints of a set, with the places of their words."""

    def __init__(self, sketch: pa.Table, step: Any) -> None:
        valid = pa.array(np.flatnonzero(np.asarray(sketch["valid"])))
        self.ids = sketch["id"].take(valid)
        self.sounds, self.step = sounds(sketch["words"].take(valid)), step
        self.places = places_of(self.sounds)
        nobody = np.full(len(self.ids), -1, np.int32)
        recordings.enter_staying(self.places, self.sounds, nobody)

    def compare(self, sketch: pa.Table) -> Answer:
        """Which rows of a partition's sketch are the same sound as a record here."""
        asked = sounds(sketch["words"])
        count = sketch.num_rows
        witness, similarity = np.full(count, -1, np.int32), np.zeros(count)
        recordings.ask(
            self.places, self.sounds, asked, self.step.contained, float(self.step.threshold), 0,
            witness, similarity, np.zeros(count, np.int64),
        )  # fmt: skip
        return Answer(witness, similarity)

    def left(self, sketch: pa.Table, hit: np.ndarray) -> pa.Table:
        """The sketch without the rows that were hit."""
        return without(sketch, hit)


_SETS = {"perceptual": HashSet, "semantic": VectorSet, "fingerprint": SoundSet}


@functools.lru_cache(maxsize=2)
def held_set(path: str, step: Any, token: str, read: Any) -> Any:
    """The set that files hold, in memory, once for each process that needs it."""
    frame = read(path)
    columns = ["id", *step.columns()]
    rows: pd.DataFrame = frame[columns].compute(scheduler="synchronous")
    return _SETS[step.kind](step.sketch(rows), step)


def without(sketch: pa.Table, hit: np.ndarray) -> pa.Table:
    """A sketch of which the rows that were hit are a duplicate of nothing else."""
    valid = np.asarray(sketch["valid"]) & ~hit
    return sketch.set_column(sketch.schema.get_field_index("valid"), "valid", pa.array(valid))


def _bytes(sketch: pa.Table) -> np.ndarray:
    column = sketch["hash"].combine_chunks()
    width = column.type.byte_width
    data = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.empty(0, np.uint8)
    start = column.offset * width
    return data[start : start + len(column) * width].reshape(-1, width)
