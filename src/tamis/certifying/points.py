"""Certificates of semantic and perceptual deduplication: vectors and hashes judged anew.

Both are read from the rows themselves, not from the sketches that were searched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tamis.certifying.case import AGAINST, Case
from tamis.dedup import canaries, canaries_points
from tamis.dedup import reference_points as reference
from tamis.dedup.near import TIE
from tamis.dedup.reference_points import Alike
from tamis.execute import execute
from tamis.io.store import Store
from tamis.sampling import sketched
from tamis.stages import read_table
from tamis.vectors import view

BYTES = 1 << 30  # of vectors that kept records are compared with
HASHES = 1_000_000  # that they are compared with
SEARCHED = 20  # a canary of a hash is searched for among one in so many kept records


class Points(Case):
    """What both kinds have in common; `read` makes an array of a column."""

    read: Any
    near: Any

    def made(self, size: int) -> dict[str, Any]:
        """Precision, canaries, and kept records compared with kept ones."""
        pairs = self.pairs.slice(0, size)
        sample, _ = self.survey(max(self.most(), size * AGAINST), np.empty(0, np.int64))
        few = sample.slice(0, size)
        rows = [pairs["row"], pairs["other"], few["row"]]
        cells = self.fetched(fetch, "rows", np.concatenate([r.to_numpy() for r in rows]), self.read)
        self.measured(cells)
        true = [
            self.similarity(cells[row["row"]], cells[row["other"]]) for row in pairs.to_pylist()
        ]
        precision = self.precision(pairs, true, self.threshold - TIE)
        names, at = few["id"].to_pylist(), few["row"].to_pylist()
        originals = [(name, cells[row]) for name, row in zip(names, at, strict=True)]
        planted = self.plant([pair for pair in originals if pair[1] is not None])
        hits = self.found(planted, sample) if planted else np.zeros(0, bool)
        return self.noted() | {
            "precision": precision,
            "canaries": self.planted([point.similarity for point in planted], hits),
            "exhaustive": self._compared(sample, originals, precision),
        }

    def _compared(
        self, sample: pa.Table, originals: list[tuple[str, Any]], precision: dict[str, Any]
    ) -> dict[str, Any]:
        """The first records of the sample compared with all of it."""
        asked = np.array([k for k, pair in enumerate(originals) if pair[1] is not None], np.int64)
        if not asked.size:
            return self.exhaustive([], 0, sample.num_rows, precision)
        questions = np.stack([originals[k][1] for k in asked])
        rows, places = sample["row"].to_numpy(), canaries.in_order(sample)
        best: dict[int, tuple[float, int]] = {}
        parts = self.touched(rows)
        shares = [self.local(rows, part) for part in parts]

        def note(which: int, alike: Alike) -> None:
            others, k = shares[which][0][alike.rows], asked[alike.asked]
            order = np.lexsort((others, alike.similarity, k))
            order = order[places[others[order]] < places[k[order]]]
            last = order[np.flatnonzero(np.diff(k[order], append=-1))]
            nearest = zip(k[last].tolist(), alike.similarity[last].tolist(), others[last].tolist(),
                          strict=True)  # fmt: skip
            for later, true, other in nearest:
                best[later] = max(best.get(later, (0.0, other)), (true, other))

        column = next(iter(self.columns))
        calls = [
            (self.store, self.records[part].file("rows"), column, local, self.read, self.near,
             questions, self.bound())
            for part, (_, local) in zip(parts, shares, strict=True)
        ]  # fmt: skip
        execute(compare, calls, note)
        return self.exhaustive(self.missed(best, sample["id"]), len(asked), len(rows), precision)

    def most(self) -> int:
        """How many kept records the sampled ones are compared with."""
        raise TypeError(f"{type(self).__name__} has no budget")

    def measured(self, cells: dict[int, Any]) -> None:
        """Note what can only be told from a vector or hash."""

    def bound(self) -> float:
        """What `near` takes for near."""
        return self.threshold - TIE

    def similarity(self, left: Any, right: Any) -> float:
        """The true similarity of two cells; 0 where one is null."""
        raise TypeError(f"{type(self).__name__} does not say how alike two are")

    def plant(self, originals: list[tuple[str, np.ndarray]]) -> list[canaries_points.Point]:
        """Copies of kept records."""
        raise TypeError(f"{type(self).__name__} plants nothing")

    def found(self, planted: list[canaries_points.Point], sample: pa.Table) -> np.ndarray:
        """Which of the copies the search finds."""
        raise TypeError(f"{type(self).__name__} does not search")

    def noted(self) -> dict[str, Any]:
        """What was compared, and from where on."""
        return {"threshold": self.threshold}


class Pointing(Points):
    """Semantic deduplication."""

    read = staticmethod(reference.vectors)
    near = staticmethod(reference.alike_vectors)

    def most(self) -> int:
        names = [record.file("sketch") for record in self.records]
        fields = [read_table(self.store, name).schema.field("embedding") for name in names]
        return BYTES // (4 * max([1, *(field.type.list_size for field in fields)]))

    def similarity(self, left: Any, right: Any) -> float:
        return 0.0 if left is None or right is None else reference.cosine(left, right)

    def plant(self, originals: list[tuple[str, np.ndarray]]) -> list[canaries_points.Point]:
        return canaries_points.turned(originals, self.threshold, self.seed)

    def found(self, planted: list[canaries_points.Point], sample: pa.Table) -> np.ndarray:
        sketches = [read_table(self.store, record.file("sketch")) for record in self.records]
        home = read_table(self.store, self.stored["clusters"])["cluster"].to_numpy()
        centres = np.concatenate(view(read_table(self.store, self.stored["centres"])["centre"]))
        return canaries_points.met(self.step, sketches, self.gone, home, centres, planted)

    def noted(self) -> dict[str, Any]:
        told = {"threshold": self.threshold, "measure": "cosine"}
        if "centres" not in self.stored:  # there was no vector
            return told
        clusters = read_table(self.store, self.stored["centres"]).num_rows
        return told | {"clusters": clusters, "probe": min(self.step.probe, clusters)}


class Hashed(Points):
    """Perceptual deduplication."""

    read = staticmethod(reference.hashes)
    near = staticmethod(reference.alike_hashes)
    bits = 0

    def most(self) -> int:
        return HASHES

    def measured(self, cells: dict[int, Any]) -> None:
        self.bits = next((8 * cell.size for cell in cells.values() if cell is not None), 0)
        self.threshold = 1.0 - self.step.radius / self.bits if self.bits else 1.0

    def bound(self) -> float:
        return int(self.step.radius)

    def similarity(self, left: Any, right: Any) -> float:
        if left is None or right is None:
            return 0.0
        return 1.0 - reference.differing(left, right) / self.bits

    def plant(self, originals: list[tuple[str, np.ndarray]]) -> list[canaries_points.Point]:
        return canaries_points.flipped(originals, self.step.radius, self.seed)

    def found(self, planted: list[canaries_points.Point], sample: pa.Table) -> np.ndarray:
        """Through the search itself, among a part of the records that stay."""
        few = sample.slice(0, max(len(planted) * AGAINST, self.kept // SEARCHED))
        search = canaries.search_of(self.step)
        frame = canaries_points.frame_of(planted, self.step.on)
        rows, at = np.unique(few["row"].to_numpy(), return_index=True)
        schema = search.sketch(frame).schema
        held: dict[int, pa.Table] = {}
        calls = [
            (self.store, self.records[part].file("sketch"), self.local(rows, part)[1], schema.names)
            for part in self.touched(rows)
        ]
        execute(sketched, calls, lambda which, table: held.update({which: table}))
        order = np.argsort(canaries.in_order(few.take(pa.array(at))))
        staying = pa.concat_tables([held[k] for k in range(len(calls))]).take(pa.array(order))
        return canaries.go(search, staying, staying.slice(0, 0), frame)

    def noted(self) -> dict[str, Any]:
        told = {"threshold": self.threshold, "measure": "bits"}
        return told | {"radius": self.step.radius, "bits": self.bits}


def fetch(
    store: Store, name: str, columns: dict[str, Any], rows: np.ndarray, read: Any
) -> list[np.ndarray | None]:
    """The vectors or hashes at some rows of a partition; None for null."""
    (column,) = columns
    cells = read_table(store, name, [column])[column].take(pa.array(rows))
    valid = np.asarray(cells.combine_chunks().is_valid())
    found: list[np.ndarray | None] = [None] * len(rows)
    for place, value in zip(np.flatnonzero(valid), read(cells.drop_null()), strict=True):
        found[place] = value
    return found


def compare(
    store: Store, name: str, column: str, rows: np.ndarray, read: Any, near: Any,
    asked: np.ndarray, bound: float,
) -> Alike:  # fmt: skip
    """Which of some rows of a partition are near which of those asked about; places in `rows`."""
    cells = read_table(store, name, [column])[column]
    order = np.argsort(rows)
    found = []
    for first in range(0, len(rows), reference.BLOCK):
        places = order[first : first + reference.BLOCK]
        block = cells.take(pa.array(rows[places]))
        places = places[np.asarray(block.combine_chunks().is_valid())]
        if places.size:
            alike = near(read(block.drop_null()), asked, bound)
            found.append(alike._replace(rows=places[alike.rows]))
    nothing = Alike(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return Alike(*(np.concatenate(columns) for columns in zip(nothing, *found, strict=True)))
