"""Records from one end of a score to the other: those nearest to its quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tamis.execute import execute
from tamis.io.store import Store
from tamis.report.distribution import Tally
from tamis.report.samples import Found, Rows
from tamis.report.survey import Asked, Survey, numbers, read, taken

Key = tuple[str, float]  # the step of a score, and a value


def along(
    store: Store, ledger: Sequence[str], found: Survey, scores: Sequence[Asked], names: list[str]
) -> dict[str, list[Found]]:
    """The record nearest to each quantile of every score of numbers, in order of the values.

    Ties go by id, and a record stands once for a score; so parts do not matter.
    """
    asked = [(score.step, score.column, values(found.tallies.get(score.step))) for score in scores]
    asked = [each for each in asked if each[2]]
    best: dict[Key, Found] = {}

    def note(_: int, result: Mapping[Key, Found]) -> None:
        for key, row in result.items():
            best[key] = min(best.get(key, row), row)

    if asked:
        execute(nearest, [(store, part, asked, names) for part in ledger], note)
    result = {}
    for step, _, at in asked:
        rows = {best[step, value].id: best[step, value] for value in at}
        result[step] = sorted(rows.values(), key=lambda row: (row.value, row.id))
    return result


def values(tally: Tally | None) -> list[float]:
    """The values to look near: the ends, and the quantiles between them."""
    if tally is None or not len(tally.buckets):
        return []
    return sorted({tally.low, *tally.quantiles().values(), tally.high})


def nearest(
    store: Store, part: str, asked: Sequence[tuple[str, str, list[float]]], names: Sequence[str]
) -> dict[Key, Found]:
    """Of the records of one part of the ledger those nearest to some values."""
    columns = list(dict.fromkeys(column for _, column, _ in asked))
    table = read(store, part, ["id", "dropped_by", *columns])
    rows = Rows(table, taken(table, names), part)
    found: dict[Key, Found] = {}
    for step, column, at in asked:
        cells = numbers(table[column])
        known = np.isfinite(cells)
        for value in at:
            for row in rows.first(1, known, np.abs(cells - value), cells):
                found[step, value] = row
    return found
