"""One pass over a run's ledger: what it says about every score, reason and duplicate.

A part of the ledger gives a `Survey`; surveys merge in any order, and what comes out does not
depend on how the records were spread over parts. Memory is that of one part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tamis.io.store import Store
from tamis.report.distribution import ELSEWHERE, HERE, KEPT, Tally
from tamis.report.samples import Found, Rows, hashes, lots

NEAREST = 5  # samples on either side of a bound
EXAMPLES = 3  # samples of a reason
PAIRS = 4  # the least and the most similar pairs of a deduplication
MOST_VALUES = 10_000  # different values of a text score that are told apart


class Asked(NamedTuple):
    """A score to be surveyed: the step at `position`, its column in the ledger, its bounds."""

    step: str
    position: int
    column: str
    bounds: dict[str, Any]


Samples = dict[tuple[Any, ...], list[Found]]


@dataclass
class Survey:
    """What parts of a ledger hold, by score name, reason and deduplication."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    values: dict[str, dict[str, list[int]] | None] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)
    samples: Samples = field(default_factory=dict)
    groups: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def add(self, other: Survey) -> None:
        """Take in another survey."""
        for name, tally in other.tallies.items():
            self.tallies[name] = self.tallies[name].merge(tally) if name in self.tallies else tally
        for name, found in other.values.items():
            self.values[name] = _counted_together(self.values.get(name, {}), found)
        for name, number in other.nulls.items():
            self.nulls[name] = self.nulls.get(name, 0) + number
        for key, rows in other.samples.items():
            both = sorted([*self.samples.get(key, []), *rows])
            self.samples[key] = both[: _most(key)]
        for step, (keys, counts) in other.groups.items():
            known = self.groups.get(step, (np.empty(0, np.uint64), np.empty(0, np.int64)))
            self.groups[step] = _summed(
                np.concatenate([known[0], keys]), np.concatenate([known[1], counts])
            )


def asked(steps: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[Asked]:
    """The scores a ledger of these columns has, each with the step that put a bound to it."""
    found: dict[str, Asked] = {}
    for position, step in enumerate(steps):
        if step["kind"] not in ("score", "filter"):
            continue
        column, op = step["name"], str(step.get("entry", {}).get("filter", ""))
        if step["kind"] == "filter" and op.removeprefix("column:") in columns:
            column = op.removeprefix("column:")
        if column in columns:
            earlier = found.get(column)
            key = column if earlier is None or not earlier.bounds else step["name"]
            found[key] = Asked(step["name"], position, column, dict(step.get("bounds") or {}))
    return sorted(found.values(), key=lambda score: score.position)


def survey(
    store: Store, part: str, scores: Sequence[Asked], names: Sequence[str], dedups: Sequence[int]
) -> Survey:
    """Survey one part of a ledger. `names` are the steps in order, `dedups` positions in them."""
    table = read(store, part)
    rows = Rows(table, taken(table, names), part)
    fate = np.where(rows.taken == len(names), KEPT, ELSEWHERE)
    result = Survey()
    for score in scores:
        if score.column in table.column_names:
            _score(result, score, rows, fate)
    _reasons(result, rows.take(rows.taken < len(names)))
    for position in dedups:
        if "duplicate_of" in table.column_names:
            _duplicates(result, position, rows)
    return result


def read(store: Store, part: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet part of a run's folder."""
    source = store.path(part) if store.local else pa.BufferReader(store.read(part))
    return pq.ParquetFile(source).read(columns=columns)


def read_names(store: Store, parts: Sequence[str]) -> list[str]:
    """The columns of a ledger; its parts all have the same."""
    for part in parts:
        source = store.path(part) if store.local else pa.BufferReader(store.read(part))
        return list(pq.ParquetFile(source).schema_arrow.names)
    return []


def taken(table: pa.Table, names: Sequence[str]) -> np.ndarray:
    """The position of the step that dropped each row; the number of steps if it was kept."""
    found = pc.index_in(
        table["dropped_by"].cast(pa.string()), value_set=pa.array(names, pa.string())
    )
    return pc.fill_null(found, len(names)).to_numpy()


def _score(result: Survey, score: Asked, rows: Rows, fate: np.ndarray) -> None:
    column = rows.table[score.column]
    number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    values: Any = numbers(column) if number else column.cast(pa.string())
    valid = ~np.isnan(values) if number else column.is_valid().to_numpy()
    result.nulls[score.step] = int((~valid & (rows.taken >= score.position)).sum())
    classes = np.where(rows.taken == score.position, HERE, fate)
    if number:
        known = slice(None) if valid.all() else valid
        fractional = pa.types.is_floating(column.type)
        result.tallies[score.step] = Tally.of(values[known], classes[known], fractional)
        _near_bounds(result, score, rows, values, valid)
    else:
        _count_values(result, score, values, classes, valid)
    if score.bounds.get("isin") is not None:
        _of_either_side(result, score, rows, values, valid)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers as float64, NaN where there is none."""
    return column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()


def _near_bounds(
    result: Survey, score: Asked, rows: Rows, values: np.ndarray, valid: np.ndarray
) -> None:
    here, passed = _sides(score, rows, valid)
    for name in ("min", "max"):
        bound = score.bounds.get(name)
        if bound is None:
            continue
        outside = here
        if not score.bounds.get("invert"):
            outside = here & ((values < bound) if name == "min" else (values > bound))
        distance = np.abs(values - bound)
        for side, which in (("outside", outside), ("inside", passed)):
            key = ("bound", score.step, name, side)
            result.samples[key] = rows.first(NEAREST, which, distance, values)


def _of_either_side(
    result: Survey, score: Asked, rows: Rows, values: Any, valid: np.ndarray
) -> None:
    """Where a bound lists values nothing is near it: samples by lot."""
    lot = lots(rows.table["id"])
    for side, which in zip(("outside", "inside"), _sides(score, rows, valid), strict=True):
        key = ("bound", score.step, "isin", side)
        result.samples[key] = rows.first(NEAREST, which, lot, values)


def _sides(score: Asked, rows: Rows, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows that the step dropped, and those that it let pass."""
    return valid & (rows.taken == score.position), valid & (rows.taken > score.position)


def _count_values(
    result: Survey, score: Asked, texts: pa.ChunkedArray, classes: np.ndarray, valid: np.ndarray
) -> None:
    counted: dict[str, list[int]] = {}
    rows = pa.table({"value": texts, "class": classes}).filter(pa.array(valid))
    grouped = rows.group_by(["value", "class"]).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        counted.setdefault(row["value"], [0, 0, 0])[row["class"]] += row["count_all"]
    result.values[score.step] = counted if len(counted) <= MOST_VALUES else None


def _reasons(result: Survey, dropped: Rows) -> None:
    if not dropped.table.num_rows:
        return
    why = dropped.table["dropped_why"].cast(pa.string())
    codes = pc.list_element(pc.split_pattern(why, ":", max_splits=1), 0)
    lot = lots(dropped.table["id"])
    pairs = pa.table({"by": dropped.taken, "code": codes}).group_by(["by", "code"]).aggregate([])
    for pair in pairs.to_pylist():
        which = (dropped.taken == pair["by"]) & pc.equal(codes, pair["code"]).to_numpy()
        key = ("reason", pair["by"], pair["code"])
        result.samples[key] = dropped.first(EXAMPLES, which, lot)


def _duplicates(result: Survey, position: int, rows: Rows) -> None:
    rows = rows.take((rows.taken == position) & rows.table["duplicate_of"].is_valid().to_numpy())
    if not rows.table.num_rows:
        return
    ones = np.ones(rows.table.num_rows, np.int64)
    result.groups[position] = _summed(hashes(rows.table["duplicate_of"]), ones)
    similarity = numbers(rows.table["similarity"])
    known = ~np.isnan(similarity)
    result.samples["least", position] = rows.first(PAIRS, known, similarity, similarity)
    result.samples["most", position] = rows.first(PAIRS, similarity < 1, -similarity, similarity)


def _counted_together(
    mine: dict[str, list[int]] | None, other: dict[str, list[int]] | None
) -> dict[str, list[int]] | None:
    """Counts per value summed; None once there are too many values to tell apart."""
    if mine is None or other is None:
        return None
    for value, counts in other.items():
        mine[value] = [a + b for a, b in zip(mine.get(value, (0, 0, 0)), counts, strict=True)]
    return mine if len(mine) <= MOST_VALUES else None


def _summed(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, where = np.unique(keys, return_inverse=True)
    total = np.zeros(len(known), np.int64)
    np.add.at(total, where, counts)
    return known, total


def _most(key: tuple[Any, ...]) -> int:
    return {"bound": NEAREST, "reason": EXAMPLES}.get(key[0], PAIRS)
