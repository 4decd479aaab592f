"""Certificates of exact and fuzzy deduplication: texts judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.certifying.case import AGAINST, SHOWN, Case
from tamis.dedup import canaries, certificate
from tamis.dedup.reference import shingles, similarity
from tamis.execute import execute
from tamis.frame import text_buffers
from tamis.kernels.meeting import similar_to
from tamis.sampling import fetch, meet, neighbours


class Fuzzy(Case):
    """Similarities computed again from texts; edited copies; kept records compared with kept."""

    def made(self, size: int) -> dict[str, Any]:
        """Precision, canaries, and kept records compared with kept ones."""
        step, pairs = self.step, self.pairs.slice(0, size)
        asked = np.concatenate([pairs["row"].to_numpy(), pairs["other"].to_numpy()])
        sample, costs = self.survey(size * AGAINST, asked)
        plain, compiled = _budgets(self.shingles)
        chosen = _within(costs[: pairs.num_rows] + costs[pairs.num_rows :], plain)
        pairs = pairs.take(pa.array(chosen))
        sizes = sample["shingles"].to_numpy()
        sample = sample.take(pa.array(_within(sizes, compiled)))
        few = sample.slice(0, size)
        originals = few.take(pa.array(_within(few["shingles"].to_numpy(), plain // 2)))
        rows = [pairs["row"], pairs["other"], sample["row"]]
        texts = self.fetched(fetch, "rows", np.concatenate([row.to_numpy() for row in rows]), True)
        precision = self._precise(pairs, texts)
        planted = canaries.plant(
            [(i, texts[row]) for i, row in zip(originals["id"].to_pylist(),
             originals["row"].to_pylist(), strict=True)], step,
        )  # fmt: skip
        hits = self._search(planted) if planted else np.zeros(0, bool)
        return {
            "threshold": step.threshold,
            "measure": step.measure,
            "precision": precision,
            "canaries": self.planted([canary.similarity for canary in planted], hits),
            "exhaustive": self._compared(sample, min(size, sample.num_rows), texts, precision),
        }

    def _precise(self, pairs: pa.Table, texts: dict[int, Any]) -> dict[str, Any]:
        step, true = self.step, []
        for row in pairs.to_pylist():
            left, right = texts[row["row"]] or "", texts[row["other"]] or ""
            sets = shingles(left, step.scheme), shingles(right, step.scheme)
            true.append(similarity(*sets, step.measure) if all(sets) else float(left == right))
        return self.precision(pairs, true, step.threshold)

    def _search(self, planted: Sequence[canaries.Canary]) -> np.ndarray:
        """Which canaries the search finds among the records that stay."""
        search = canaries.search_of(self.step)
        frame = canaries.frame_of(planted, search)
        sketch = search.sketch(frame)
        bands = [name for name in sketch.schema.names if name.startswith("band_")]
        keys = np.array([sketch[name].to_numpy() for name in bands])
        found: list[pa.Table] = [canaries.MET.empty_table()]
        calls = [
            (self.store, record.file("sketch"), self.local(self.gone, part)[1], keys,
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
        parts = self.touched(rows)
        near = [
            (self.store, (self.records[p].file("sketch"), self.records[p].file("rows")),
             self.columns, self.local(rows, p)[1], search)
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
        missed = self.missed(best, sample["id"])
        return self.exhaustive(missed, asked, len(rows), precision)


class Exact(Case):
    """Removals compared byte for byte; kept records by another hash."""

    banded = False

    def made(self, size: int) -> dict[str, Any]:
        """Precision, and kept records compared with kept ones; there is nothing to plant."""
        pairs = self.pairs.slice(0, size)
        sample, _ = self.survey(size * AGAINST, np.empty(0, np.int64))
        rows = np.concatenate([pairs["row"].to_numpy(), pairs["other"].to_numpy()])
        texts = self.fetched(fetch, "rows", rows, True)
        wrong = [
            {"id": row["id"], "duplicate_of": row["of"], "claimed": 1.0, "true": None}
            for row in pairs.to_pylist()
            if texts[row["row"]] != texts[row["other"]]
        ]
        digests = self.fetched(fetch, "rows", sample["row"].to_numpy(), False)
        places = canaries.in_order(sample)
        first: dict[bytes, int] = {}
        for k in np.argsort(places).tolist():
            first.setdefault(digests[sample["row"][k].as_py()], k)
        asked = min(size, sample.num_rows)
        best = {
            k: (1.0, other)
            for k in range(asked)
            if (other := first[digests[sample["row"][k].as_py()]]) != k
        }
        right = pairs.num_rows - len(wrong)
        precision = {"sampled": pairs.num_rows, "right": right, "wrong": wrong[:SHOWN], "bands": []}
        precision |= certificate.share(right, pairs.num_rows)
        missed = self.missed(best, sample["id"])
        return {
            "threshold": 1.0,
            "measure": "equality",
            "precision": precision,
            "canaries": None,
            "exhaustive": self.exhaustive(missed, asked, sample.num_rows, precision),
        }


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
