"""The certificate of a deduplication within a run: what it is made of, and what comes of it.

Records are drawn by a hash of their ids and a seed, so a certificate does not depend on the
partitioning. Sketches are read once more, partition by partition; texts only of what is sampled.
What it costs is bounded by a share of the data (`_budgets`). It stands in a file of its own, as
the verdicts do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from dask.base import tokenize

from tamis.dedup import canaries, certificate
from tamis.dedup.reference import shingles, similarity
from tamis.errors import SettingError
from tamis.execute import execute
from tamis.frame import text_buffers
from tamis.io.store import Store
from tamis.kernels.meeting import similar_to
from tamis.sampling import Surveyed, drawn, fetch, meet, neighbours, survey
from tamis.stages import Layout, Record, read_table

KINDS = ("exact", "fuzzy")
AGAINST = 100  # records that a sampled one is compared with, times the size of the sample
Recall = Callable[[float, int], dict[str, Any]]
SHOWN = 5  # wrong removals, and pairs missed, that are listed


def checked(certificate_: bool | int) -> int:
    """The setting `certificate` of a run as the size of its samples; 0 for none."""
    if isinstance(certificate_, bool):
        return certificate.SIZE if certificate_ else 0
    if not isinstance(certificate_, int) or certificate_ < 1:
        raise SettingError(
            f"certificate={certificate_!r} is neither True, False nor a number of records to sample"
        )
    return certificate_


def certify(
    number: int, step: Any, verdicts: dict[str, Any], records: Sequence[Record],
    columns: dict[str, Any], layout: Layout, size: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Precision and recall of a deduplication whose verdicts stand; None for other kinds."""
    if step.kind not in KINDS or not size:
        return None
    name = f"stages/{number}/certificate.{tokenize(verdicts['token'], size)[:12]}.json"
    if layout.store.size(name) is not None:
        found: dict[str, Any] = json.loads(layout.store.read(name))
        return found
    started = time.perf_counter()
    case = _Case(step, read_table(layout.store, verdicts["name"]), records, columns, layout.store)
    made = case.fuzzy(size) if step.kind == "fuzzy" else case.exact(size)
    made = {"kind": step.kind, "size": size, "removed": case.gone.size, "kept": case.kept} | made
    made["seconds"] = time.perf_counter() - started
    layout.store.put(name, json.dumps(made).encode())
    return made


class _Case:
    """A deduplication that is done, and the passes over its sketches and texts."""

    def __init__(
        self, step: Any, verdicts: pa.Table, records: Sequence[Record], columns: dict[str, Any],
        store: Store,
    ) -> None:  # fmt: skip
        self.step, self.store, self.records = step, store, records
        self.columns = {column: columns[column] for column in step.columns()}
        self.seed = int(getattr(step, "seed", 42))
        self.offsets = np.cumsum([0, *(record.rows_kept for record in records)])
        if "against" in verdicts.column_names:  # what another set holds is not in these partitions
            verdicts = verdicts.filter(pc.is_null(verdicts["against"]))
        keep = verdicts["keep"]
        self.gone = verdicts.filter(pc.invert(keep))["row"].to_numpy()
        self.values = verdicts.filter(pc.invert(keep))["similarity"].to_numpy()
        self.pairs = _pairs(verdicts, self.seed)
        self.kept = self.shingles = 0

    def fuzzy(self, size: int) -> dict[str, Any]:
        """Precision, canaries, and kept records compared with kept ones."""
        step, pairs = self.step, self.pairs.slice(0, size)
        asked = np.concatenate([pairs["row"].to_numpy(), pairs["other"].to_numpy()])
        sample, costs = self._survey(size * AGAINST, asked)
        plain, compiled = _budgets(self.shingles)
        chosen = _within(costs[: pairs.num_rows] + costs[pairs.num_rows :], plain)
        pairs = pairs.take(pa.array(chosen))
        sizes = sample["shingles"].to_numpy()
        sample = sample.take(pa.array(_within(sizes, compiled)))
        few = sample.slice(0, size)
        originals = few.take(pa.array(_within(few["shingles"].to_numpy(), plain // 2)))
        rows = [pairs["row"], pairs["other"], sample["row"]]
        texts = self._texts(np.concatenate([row.to_numpy() for row in rows]), whole=True)
        precision = self._precise(pairs, texts)
        planted = canaries.plant(
            [(i, texts[row]) for i, row in zip(originals["id"].to_pylist(),
             originals["row"].to_pylist(), strict=True)], step,
        )  # fmt: skip
        return {
            "threshold": step.threshold,
            "measure": step.measure,
            "precision": precision,
            "canaries": self._canaries(planted),
            "exhaustive": self._compared(sample, min(size, sample.num_rows), texts, precision),
        }

    def exact(self, size: int) -> dict[str, Any]:
        """Removals compared byte for byte; kept records by another hash."""
        pairs = self.pairs.slice(0, size)
        sample, _ = self._survey(size * AGAINST, np.empty(0, np.int64))
        rows = np.concatenate([pairs["row"].to_numpy(), pairs["other"].to_numpy()])
        texts = self._texts(rows, whole=True)
        wrong = [
            {"id": row["id"], "duplicate_of": row["of"], "claimed": 1.0, "true": None}
            for row in pairs.to_pylist()
            if texts[row["row"]] != texts[row["other"]]
        ]
        digests = self._texts(sample["row"].to_numpy(), whole=False)
        places = canaries.in_order(sample)
        first: dict[bytes, int] = {}
        for k in np.argsort(places).tolist():
            first.setdefault(digests[sample["row"][k].as_py()], k)
        asked = min(size, sample.num_rows)
        missed = [
            {"id": sample["id"][k].as_py(), "with": sample["id"][other].as_py(), "similarity": 1.0}
            for k in range(asked)
            if (other := first[digests[sample["row"][k].as_py()]]) != k
        ]
        right = pairs.num_rows - len(wrong)
        precision = {"sampled": pairs.num_rows, "right": right, "wrong": wrong[:SHOWN], "bands": []}
        precision |= certificate.share(right, pairs.num_rows)
        return {
            "threshold": 1.0,
            "measure": "equality",
            "precision": precision,
            "canaries": None,
            "exhaustive": self._recall(missed, asked, sample.num_rows, precision),
        }

    def _survey(self, most: int, asked: np.ndarray) -> tuple[pa.Table, np.ndarray]:
        """The staying records drawn first, in the order drawn, and the sizes of the rows asked."""
        costs = np.zeros(asked.size, np.int64)
        held: list[pa.Table] = []
        shares = [self._local(asked, part) for part in range(len(self.records))]

        def note(part: int, found: Surveyed) -> None:
            self.kept += found.kept
            self.shingles += found.shingles
            costs[shares[part][0]] = found.asked
            held[:] = [pa.concat_tables([*held, found.sample])]
            if held[0].num_rows > 2 * most:
                held[:] = [_first(held[0], most)]

        calls = [
            (self.store, record.file("sketch"), self.seed, int(self.offsets[part]),
             self._local(self.gone, part)[1], shares[part][1], most)
            for part, record in enumerate(self.records)
        ]  # fmt: skip
        execute(survey, calls, note)
        return _first(held[0], most), costs

    def _texts(self, rows: np.ndarray, whole: bool) -> dict[int, Any]:
        rows = np.unique(rows)
        found: dict[int, Any] = {}

        def note(which: int, texts: list[Any]) -> None:
            part = parts[which]
            at = self._local(rows, part)[1] + self.offsets[part]
            found.update(zip(at.tolist(), texts, strict=True))

        parts = [p for p in range(len(self.records)) if self._local(rows, p)[1].size]
        calls = [
            (self.store, self.records[p].file("rows"), self.columns, self._local(rows, p)[1], whole)
            for p in parts
        ]
        execute(fetch, calls, note)
        return found

    def _precise(self, pairs: pa.Table, texts: dict[int, Any]) -> dict[str, Any]:
        step, judged, wrong, apart = self.step, [], [], 0.0
        for row in pairs.to_pylist():
            left, right = texts[row["row"]] or "", texts[row["other"]] or ""
            sets = shingles(left, step.scheme), shingles(right, step.scheme)
            true = similarity(*sets, step.measure) if all(sets) else float(left == right)
            judged.append((row["claimed"], true >= step.threshold))
            apart = max(apart, abs(true - row["claimed"]))
            if true < step.threshold:
                wrong.append({"id": row["id"], "duplicate_of": row["of"],
                              "claimed": row["claimed"], "true": true})  # fmt: skip
        right = len(judged) - len(wrong)
        figures = {"sampled": len(judged), "right": right, "wrong": wrong[:SHOWN]}
        figures |= {"bands": certificate.per_band(judged, step.threshold)}
        return figures | {"largest_difference": apart} | certificate.share(right, len(judged))

    def _canaries(self, planted: Sequence[canaries.Canary]) -> dict[str, Any]:
        hits = np.zeros(len(planted), bool)
        if planted:
            hits = self._search(planted)
        values = [canary.similarity for canary in planted]
        judged = list(zip(values, hits.tolist(), strict=True))
        found = int(hits.sum())
        figures = {"planted": len(planted), "found": found} | certificate.share(found, len(planted))
        return figures | {"bands": certificate.per_band(judged, self.step.threshold)}

    def _search(self, planted: Sequence[canaries.Canary]) -> np.ndarray:
        """Which canaries the search finds among the records that stay."""
        search = canaries.search_of(self.step)
        frame = canaries.frame_of(planted, search)
        sketch = search.sketch(frame)
        bands = [name for name in sketch.schema.names if name.startswith("band_")]
        keys = np.array([sketch[name].to_numpy() for name in bands])
        found: list[pa.Table] = [canaries.MET.empty_table()]
        calls = [
            (self.store, record.file("sketch"), self._local(self.gone, part)[1], keys,
             int(self.offsets[part]))
            for part, record in enumerate(self.records)
        ]  # fmt: skip
        execute(meet, calls, lambda _, table: found.append(table))
        few = canaries.first_few(pa.concat_tables(found))
        rows, at = np.unique(few["row"].to_numpy(), return_index=True)
        if not rows.size:
            return np.zeros(len(planted), bool)
        order = np.argsort(canaries.in_order(few.take(pa.array(at))))
        held: dict[int, tuple[pa.Table, pa.Table]] = {}
        parts = [p for p in range(len(self.records)) if self._local(rows, p)[1].size]
        near = [
            (self.store, (self.records[p].file("sketch"), self.records[p].file("rows")),
             self.columns, self._local(rows, p)[1], search)
            for p in parts
        ]  # fmt: skip
        execute(neighbours, near, lambda which, tables: held.update({which: tables}))
        sketches = pa.concat_tables([held[k][0] for k in range(len(parts))])
        sketches = sketches.take(pa.array(order)).select(sketch.schema.names)
        evidence = pa.concat_tables([held[k][1] for k in range(len(parts))])
        if evidence.num_rows:
            evidence = evidence.take(pa.array(order))
        return canaries.go(search, sketches, evidence, frame)

    def _compared(
        self, sample: pa.Table, asked: int, texts: dict[int, Any], precision: dict[str, Any]
    ) -> dict[str, Any]:
        """Each of the first `asked` records compared with all of the sample."""
        step, rows = self.step, sample["row"].to_pylist()
        buffers = text_buffers(pa.array([texts[row] for row in rows], pa.large_string()))
        ends = np.zeros(len(rows) + 1, np.int64)
        values = step.scheme.sets(buffers, np.arange(len(rows)), ends)
        sizes, last = np.diff(ends[: asked + 1]), int(ends[asked])
        owners = np.repeat(np.arange(asked), sizes)
        by_hash = np.argsort(values[:last], kind="stable")
        found = similar_to(
            values, ends, values[:last][by_hash], owners[by_hash], sizes, step.threshold,
            step.measure == "containment",
        )  # fmt: skip
        places = canaries.in_order(sample)
        best: dict[int, tuple[float, int]] = {}
        for other, k in found.tolist():
            if places[other] < places[k]:
                left, right = (shingles(texts[rows[n]], step.scheme) for n in (k, other))
                true = similarity(left, right, step.measure)
                if true >= step.threshold:
                    best[k] = max(best.get(k, (0.0, other)), (true, other))
        names = sample["id"]
        missed = [
            {"id": names[k].as_py(), "with": names[other].as_py(), "similarity": true}
            for k, (true, other) in sorted(best.items())
        ]
        return self._recall(missed, asked, len(rows), precision)

    def _recall(
        self, missed: list[dict[str, Any]], asked: int, against: int, precision: dict[str, Any]
    ) -> dict[str, Any]:
        coverage = (against - 1) / (self.kept - 1) if self.kept > 1 and against > 1 else 0.0
        right = 1.0 if precision["estimate"] is None else precision["estimate"]

        def recall(removed: float, count: int) -> dict[str, Any]:
            return certificate.recall(removed, self.kept, count, asked, coverage)

        rows = self._recall_bands(missed, right, recall) if self.step.kind == "fuzzy" else []
        figures: dict[str, Any] = {"asked": asked, "against": against, "coverage": coverage}
        figures |= {"missed": len(missed)}
        figures |= {"pairs": missed[:SHOWN], "bands": rows}
        return figures | recall(self.gone.size * right, len(missed))

    def _recall_bands(
        self, missed: Sequence[dict[str, Any]], right: float, recall: Recall
    ) -> list[dict[str, Any]]:
        """Recall by the similarity of the pairs, where enough went."""
        bounds = certificate.edges(self.step.threshold)
        removed = [certificate.place(value, bounds) for value in self.values.tolist()]
        lost = [certificate.place(pair["similarity"], bounds) for pair in missed]
        found = []
        for k, low in enumerate(bounds):
            gone, missing = removed.count(k), lost.count(k)
            row = {"from": low, "to": bounds[min(k + 1, certificate.BANDS)]}
            row |= {"removed": gone, "missed": missing}
            enough = gone >= certificate.ENOUGH
            if gone or missing:
                found.append(row | recall(gone * right if enough else 0.0, missing * enough))
        return found

    def _local(self, rows: np.ndarray, part: int) -> tuple[np.ndarray, np.ndarray]:
        """Which of some global rows lie in a partition, and their positions there."""
        first, end = self.offsets[part], self.offsets[part + 1]
        which = np.flatnonzero((rows >= first) & (rows < end))
        return which, rows[which] - first


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


def _budgets(shingles: int) -> tuple[int, int]:
    """Shingles made in plain Python of removals, and by the kernel: 1/1000 and 1/100 of all.

    At least 60,000 and 500,000 (a twentieth of a second each), at most 1,000,000 and 4,000,000.
    """
    plain, compiled = shingles // 1000, shingles // 100
    return min(max(plain, 60_000), 1_000_000), min(max(compiled, 500_000), 4_000_000)


def _within(costs: np.ndarray, budget: int) -> np.ndarray:
    """Positions taken in order while their costs fit; none that takes a quarter of it alone."""
    fits = np.flatnonzero(costs <= budget // 4)
    return fits[np.cumsum(costs[fits]) <= budget]
