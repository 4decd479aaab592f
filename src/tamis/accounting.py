"""Every record accounted for: sums over tasks, the error budget, ids that stand twice."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tamis.bounds import Bounds
from tamis.codes import RELATED
from tamis.errors import AccountingError, DataError
from tamis.io.store import Store
from tamis.segments import Named
from tamis.stages import Record, read_table

JUDGED_FROM = 1000  # records before the error budget is judged
_JUDGED_CODES = (
    "min",
    "max",
    "isin",
    "invert",
    "text.null",
    "text.empty",
    "score.null",
    "cut.empty",
    "media.unlisted",
    "warc.content",
    "warc.status",
)
_CHUNK = 8_000_000  # id hashes compared at a time


def unreadable(code: str) -> bool:
    """Whether a reason says that a record could not be read, rather than that it was not wanted.

    What models do not answer is judged where they are asked (`max_errors` of `Prompt`).
    """
    judged = code in _JUDGED_CODES or code in RELATED
    return not judged and not code.startswith(("dedup.", "prompt.", "contaminated."))


class Budget:
    """Stops a run once too large a share of its records could not be read."""

    def __init__(self, most: float) -> None:
        self.most, self.rows = most, 0
        self.codes: Counter[str] = Counter()

    def note(self, record: Record | None) -> None:
        """Count a finished task."""
        if record is None:
            return
        self.rows += record.rows_in
        told = [*(count["reasons"] for count in record.counts.values()), record.lost]
        for code, number in (pair for reasons in told for pair in reasons.items()):
            if unreadable(code):
                self.codes[code] += number

    def judge(self) -> None:
        """Raise `DataError` if the budget is spent; what is done stays done."""
        bad = self.codes.total()
        if self.rows >= JUDGED_FROM and bad > self.most * self.rows:
            worst = ", ".join(f"{code} ({number})" for code, number in self.codes.most_common(5))
            raise DataError(
                f"{bad} of {self.rows} records could not be read: {worst}. That is more than "
                f"max_errors={self.most:g}; mend the input, or raise max_errors and run again to "
                "go on from here"
            )


def totals(
    named: Named, records: Sequence[Sequence[Record]], verdicts: Sequence[dict[str, Any]],
    bounds: Mapping[str, Bounds], writer: str = "write",
) -> dict[str, Any]:  # fmt: skip
    """Rows and reasons per step over all tasks; `AccountingError` unless they add up.

    `bounds` are those that the data gave, by the name of the step. Rows that the `writer` of this
    name could not write are those of a step behind all others.
    """
    counts: dict[str, dict[str, Any]] = {}
    for of_stage in records:
        for record in of_stage:
            for name, count in record.counts.items():
                _add(counts.setdefault(name, _nothing()), count)
    rows_in = sum(record.rows_in for record in records[0])
    readers = [name for name in counts if name not in dict(named)]
    steps, left = [], rows_in
    for name, step in [*((reader, None) for reader in sorted(readers)), *named]:
        count = counts.get(name, _nothing())
        dropped = sum(count["reasons"].values())
        if step is not None and not step.shuffles and count["rows_in"] != left:
            raise AccountingError(
                f"{name}: {left} rows should have come in, {count['rows_in']} did"
            )
        row = {"name": name, "rows_in": left, "dropped": dropped, "cut": count["cut"]}
        left += count["cut"] - dropped
        row |= {"rows_out": left, "reasons": dict(sorted(count["reasons"].items()))}
        row["seconds"] = count["seconds"]
        steps.append(row | _described(step, bounds.get(name)))
    lost = sum((Counter(record.lost) for record in records[-1]), Counter())
    if lost:
        row = {"name": writer, "rows_in": left, "dropped": lost.total(), "cut": 0}
        left -= lost.total()
        row |= {"rows_out": left, "reasons": dict(sorted(lost.items())), "seconds": 0.0}
        steps.append(row | {"kind": "writer"})
    shuffled = {found["step"]: found["seconds"] for found in verdicts}
    for row in steps:
        row["seconds"] += shuffled.get(row["name"], 0.0)
        row["fired"] = _fired(row)
    _check_sums(records, left, steps)
    views: dict[str, float] = {}
    for record in (record for of_stage in records for record in of_stage):
        for name, spent in record.views.items():
            views[name] = views.get(name, 0.0) + spent
    cut = sum(row["cut"] for row in steps)
    rows = {"in": rows_in, "cut": cut, "kept": left, "dropped": rows_in + cut - left}
    return {"rows": rows, "steps": steps, "views": views, "deduplications": list(verdicts)}


def check_ids(store: Store, records: Sequence[Record]) -> None:
    """Raise `DataError` where an id stands twice, naming both places.

    Compares 64-bit hashes of the ids range by range, so that memory stays bounded, then the ids.
    """
    for name, first, second in _twice(store, records, "ids"):
        raise DataError(
            f"the id {name!r} stands twice: in partition {first[0]} row {first[1]} and in "
            f"partition {second[0]} row {second[1]}; ids must be unique (readers make unique ones "
            "where no id column is named)"
        )


def check_documents(store: Store, records: Sequence[Record]) -> None:
    """Raise `DataError` where rows of one document stand in several partitions."""
    for name, first, second in _twice(store, records, "documents"):
        raise DataError(
            f"the document {name!r} has rows in the partitions {first[0]} and {second[0]}, and a "
            "step looks at whole documents; put them together with tamis.interleaved.together"
        )


def _twice(
    store: Store, records: Sequence[Record], kind: str
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Names that stand twice in the staged tables of a kind, with both places."""
    rows = sum(record.rows_in for record in records)
    ranges = max(1, -(-rows // _CHUNK))
    width = 2**64 // ranges
    for k in range(ranges):
        low, high = k * width, (k + 1) * width - 1 if k + 1 < ranges else 2**64 - 1
        found = [_between(store, record.file(kind), low, high) for record in records]
        chunk = np.sort(np.concatenate(found))
        twice = chunk[1:][chunk[1:] == chunk[:-1]]
        if len(twice):
            yield from _named_twice(store, records, kind, np.unique(twice)[:1000])


def _between(store: Store, name: str, low: int, high: int) -> np.ndarray:
    hashes = read_table(store, name, ["hash"])["hash"].to_numpy()
    return hashes[(hashes >= np.uint64(low)) & (hashes <= np.uint64(high))]


def _named_twice(
    store: Store, records: Sequence[Record], kind: str, hashes: np.ndarray
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    seen: dict[tuple[str, int], tuple[int, int]] = {}
    for number, record in enumerate(records):
        table = read_table(store, record.file(kind))
        for row in np.flatnonzero(np.isin(table["hash"].to_numpy(), hashes)).tolist():
            name = table["id"][row].as_py()
            key = (name, table["hash"][row].as_py())
            if key in seen:
                yield name, seen[key], (number, row)
            seen[key] = (number, row)


def _check_sums(
    records: Sequence[Sequence[Record]], left: int, steps: Sequence[dict[str, Any]]
) -> None:
    kept = sum(record.rows_kept for record in records[-1])
    dropped = sum(record.rows_dropped for of_stage in records for record in of_stage)
    counted = sum(row["dropped"] for row in steps)
    if kept != left or dropped != counted:
        raise AccountingError(
            f"rows went missing: {left} should be kept and {counted} dropped, "
            f"{kept} and {dropped} were written"
        )
    early = [f["name"] for part in records[:-1] for r in part for f in r.files]
    if any(name.startswith("kept/") for name in early):
        raise AccountingError(
            "a stage before the last wrote rows as kept that still had steps to go"
        )
    for before, after in itertools.pairwise(records):
        sent, came = sum(r.rows_kept for r in before), sum(r.rows_in for r in after)
        if sent != came:
            raise AccountingError(f"one stage left {sent} rows, {came} came to the next")


def _nothing() -> dict[str, Any]:
    return {"rows_in": 0, "rows_out": 0, "cut": 0, "seconds": 0.0, "reasons": {}}


def _add(total: dict[str, Any], count: dict[str, Any]) -> None:
    for key in ("rows_in", "rows_out", "cut", "seconds"):
        total[key] += count[key]
    for code, number in count["reasons"].items():
        total["reasons"][code] = total["reasons"].get(code, 0) + number


def _described(step: Any, given: Bounds | None) -> dict[str, Any]:
    """What the report needs to know of a step, and of the bounds that the data gave it."""
    if step is None:
        return {"kind": "reader"}
    entry = step.to_dict()
    described = {"kind": step.word, "entry": entry}
    if step.word == "filter":
        found = entry if given is None else given.to_dict()
        described["bounds"] = {k: found[k] for k in ("min", "max", "isin", "invert") if k in found}
        if given is not None:
            described["asked"] = step.bounds.asked
    return described


def _fired(row: dict[str, Any]) -> str | None:
    """Whether a step that could drop rows did: "never", "always" or "sometimes"."""
    if row["kind"] not in ("filter", "dedup") or not row["rows_in"]:
        return None
    if not row["dropped"]:
        return "never"
    return "always" if row["dropped"] == row["rows_in"] else "sometimes"
