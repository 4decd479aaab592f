"""What every certificate is drawn from: verdicts, partitions, records drawn by lot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup import certificate
from tamis.execute import execute
from tamis.io.store import Store
from tamis.sampling import Surveyed, drawn, survey
from tamis.stages import Record

AGAINST = 100  # records that a sampled one is compared with, times the size of the sample
SHOWN = 5  # wrong removals, and pairs missed, that are listed
Recall = Callable[[float, int], dict[str, Any]]


class Case:
    """A deduplication that is done, and the passes over its partitions.

    `stored` names the tables that the step kept beside its verdicts. `threshold` is the similarity
    from which records are duplicates.
    """

    banded = True  # figures are given by similarity too

    def __init__(
        self, step: Any, verdicts: pa.Table, stored: Mapping[str, str], records: Sequence[Record],
        columns: dict[str, Any], store: Store,
    ) -> None:  # fmt: skip
        self.step, self.stored, self.store, self.records = step, stored, store, records
        self.columns = {column: columns[column] for column in step.columns()}
        self.seed = int(getattr(step, "seed", 42))
        self.offsets = np.cumsum([0, *(record.rows_kept for record in records)])
        if "against" in verdicts.column_names:  # what another set holds is not in these partitions
            verdicts = verdicts.filter(pc.is_null(verdicts["against"]))
        keep = verdicts["keep"]
        self.gone = verdicts.filter(pc.invert(keep))["row"].to_numpy()
        self.values = verdicts.filter(pc.invert(keep))["similarity"].to_numpy()
        self.pairs = _pairs(verdicts, self.seed)
        self.threshold = float(getattr(step, "threshold", 1.0))
        self.kept = self.shingles = 0

    def made(self, size: int) -> dict[str, Any]:
        """Precision, canaries and a comparison of kept records, from samples of this size."""
        raise TypeError(f"{type(self).__name__} makes no certificate")

    def survey(self, most: int, asked: np.ndarray) -> tuple[pa.Table, np.ndarray]:
        """The staying records drawn first, in the order drawn, and the sizes of the rows asked."""
        costs = np.zeros(asked.size, np.int64)
        held: list[pa.Table] = []
        shares = [self.local(asked, part) for part in range(len(self.records))]

        def note(part: int, found: Surveyed) -> None:
            self.kept += found.kept
            self.shingles += found.shingles
            costs[shares[part][0]] = found.asked
            held[:] = [pa.concat_tables([*held, found.sample])]
            if held[0].num_rows > 2 * most:
                held[:] = [_first(held[0], most)]

        calls = [
            (self.store, record.file("sketch"), self.seed, int(self.offsets[part]),
             self.local(self.gone, part)[1], shares[part][1], most)
            for part, record in enumerate(self.records)
        ]  # fmt: skip
        execute(survey, calls, note)
        return _first(held[0], most), costs

    def fetched(self, function: Any, kind: str, rows: np.ndarray, *given: Any) -> dict[int, Any]:
        """What a task makes of some global rows of a staged file, by row."""
        rows = np.unique(rows)
        found: dict[int, Any] = {}

        def note(which: int, values: Sequence[Any]) -> None:
            part = parts[which]
            at = self.local(rows, part)[1] + self.offsets[part]
            found.update(zip(at.tolist(), values, strict=True))

        parts = self.touched(rows)
        calls = [
            (self.store, self.records[p].file(kind), self.columns, self.local(rows, p)[1], *given)
            for p in parts
        ]
        execute(function, calls, note)
        return found

    def touched(self, rows: np.ndarray) -> list[int]:
        """The partitions in which some global rows lie."""
        return [part for part in range(len(self.records)) if self.local(rows, part)[1].size]

    def local(self, rows: np.ndarray, part: int) -> tuple[np.ndarray, np.ndarray]:
        """Which of some global rows lie in a partition, and their positions there."""
        first, end = self.offsets[part], self.offsets[part + 1]
        which = np.flatnonzero((rows >= first) & (rows < end))
        return which, rows[which] - first

    def precision(self, pairs: pa.Table, true: Sequence[float], reach: float) -> dict[str, Any]:
        """The share of removals whose `true` similarity reaches a bound."""
        wrong, judged, apart = [], [], 0.0
        for row, value in zip(pairs.to_pylist(), true, strict=True):
            judged.append((row["claimed"], value >= reach))
            apart = max(apart, abs(value - row["claimed"]))
            if value < reach:
                wrong.append({"id": row["id"], "duplicate_of": row["of"],
                              "claimed": row["claimed"], "true": value})  # fmt: skip
        right = len(judged) - len(wrong)
        figures = {"sampled": len(judged), "right": right, "wrong": wrong[:SHOWN]}
        figures |= {"bands": certificate.per_band(judged, self.threshold)}
        return figures | {"largest_difference": apart} | certificate.share(right, len(judged))

    def planted(self, values: Sequence[float], hits: np.ndarray) -> dict[str, Any]:
        """The share of canaries of some similarities that were found."""
        judged = list(zip(values, hits.tolist(), strict=True))
        found = int(hits.sum())
        figures = {"planted": len(values), "found": found} | certificate.share(found, len(values))
        return figures | {"bands": certificate.per_band(judged, self.threshold)}

    def missed(self, best: Mapping[int, tuple[float, int]], names: Any) -> list[dict[str, Any]]:
        """The pairs of a sample that should have gone, by the place of the later record."""
        return [
            {"id": names[k].as_py(), "with": names[other].as_py(), "similarity": true}
            for k, (true, other) in sorted(best.items())
        ]

    def exhaustive(
        self, missed: list[dict[str, Any]], asked: int, against: int, precision: dict[str, Any]
    ) -> dict[str, Any]:
        """The recall that missed pairs among `asked` records, each compared with others, tell."""
        coverage = (against - 1) / (self.kept - 1) if self.kept > 1 and against > 1 else 0.0
        right = 1.0 if precision["estimate"] is None else precision["estimate"]

        def recall(removed: float, count: int) -> dict[str, Any]:
            return certificate.recall(removed, self.kept, count, asked, coverage)

        rows = self._by_similarity(missed, right, recall) if self.banded else []
        figures: dict[str, Any] = {"asked": asked, "against": against, "coverage": coverage}
        figures |= {"missed": len(missed)}
        figures |= {"pairs": missed[:SHOWN], "bands": rows}
        return figures | recall(self.gone.size * right, len(missed))

    def _by_similarity(
        self, missed: Sequence[dict[str, Any]], right: float, recall: Recall
    ) -> list[dict[str, Any]]:
        """Recall by the similarity of the pairs, where enough went."""
        bounds = certificate.edges(self.threshold)
        similar = np.array([pair["similarity"] for pair in missed], np.float64)
        removed, lost = (
            np.bincount(certificate.places(values, bounds), minlength=len(bounds)).tolist()
            for values in (self.values, similar)
        )
        found = []
        for k, (low, gone, missing) in enumerate(zip(bounds, removed, lost, strict=True)):
            row = {"from": low, "to": bounds[min(k + 1, certificate.BANDS)]}
            row |= {"removed": gone, "missed": missing}
            enough = gone >= certificate.ENOUGH
            if gone or missing:
                found.append(row | recall(gone * right if enough else 0.0, missing * enough))
        return found


def _pairs(verdicts: pa.Table, seed: int) -> pa.Table:
    """Removals in the order drawn: row, id, similarity claimed, and the row and id they are for."""
    keep = verdicts["keep"]
    gone, stays = verdicts.filter(pc.invert(keep)), verdicts.filter(keep)
    order = pa.array(np.argsort(drawn(gone["id"], seed), kind="stable"))
    gone = gone.take(order)
    where = pc.index_in(gone["duplicate_of"], value_set=stays["id"].combine_chunks())
    return pa.table(
        {
            "row": gone["row"],
            "id": gone["id"],
            "claimed": gone["similarity"],
            "other": stays["row"].take(where),
            "of": gone["duplicate_of"],
        }
    )


def _first(sample: pa.Table, most: int) -> pa.Table:
    """The rows drawn first, in that order."""
    order = np.lexsort((sample["row"].to_numpy(), sample["drawn"].to_numpy()))[:most]
    return sample.take(pa.array(order))
