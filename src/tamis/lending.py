"""Texts of a pandas partition are lent to a card: bytes go there, scores come back.

Rows stay where the run has them. For each block of measures the texts that those with a version
for a card look at are copied once, in batches, by the thread whose turn it is; all others go on
decoding. Where the card has no memory left or fails, the processor measures the partition.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tamis import device_columns
from tamis.array_device import Device, device, give_up, lost, no_gpu, why_not
from tamis.device_columns import DeviceFullError, Part
from tamis.engines import engine
from tamis.errors import ColumnError
from tamis.frame import Texts
from tamis.judging import Named
from tamis.settings import parameters
from tamis.steps import Score
from tamis.viewing import VIEWS, Views, finish, key_of, leaves

WORTH = 16 << 20
"""Bytes of text times measures from which a card is asked: below, what is fixed of each array
operation (some 10 µs, of some hundred) outweighs it. Estimated, not yet measured on a card."""
CLOCK = "on a GPU, by the clock"  # what a report calls the time of turns, waiting not included

log = logging.getLogger(__name__)
_SAID: set[str] = set()  # what was told by this process, of many partitions


def ahead(views: Views, block: Named) -> dict[str, pd.Series]:
    """The scores of those measures of a block that the card takes, of all rows of a partition."""
    there = lends()
    if there is None or not len(views.frame):
        return {}
    found: dict[str, pd.Series] = {}
    for column, measures in _by_column(chosen(block, views.frame.columns)).items():
        try:
            texts: Texts = views.get("utf8", {"text": column}, {})
        except ColumnError:  # no text: the step itself says so
            continue
        if int(texts.offsets[-1] - texts.offsets[0]) * len(measures) < WORTH:
            continue
        made = tried(lambda of=texts, ours=measures: _lent(of, ours, views, there), there)
        found |= made or {}
    return found


def lends() -> Device | None:
    """The device that texts are lent to; None where the engine has none, or it has failed."""
    said = engine()
    if said not in ("auto", "gpu") or lost():
        return None
    why = why_not()
    if why:
        expected = said == "auto" and no_gpu()  # which nobody need be told of
        once("none", logging.INFO if expected else logging.WARNING,
             "%s, so texts are measured on the processor", why)  # fmt: skip
        return None
    return device()


def tried(work: Any, there: Device) -> Any:
    """What some work on the device gives; None where that failed, which is told once.

    See `array_device.give_up` for errors that the processor may not make good.
    """
    try:
        with there.alone():
            return work()
    except DeviceFullError as error:
        once("full", logging.WARNING, "no memory on %s for %.3g MiB of text, so partitions are "
             "measured on the processor until there is: %s",
             there.name, device_columns.FLOOR / 2**20, error)  # fmt: skip
    except Exception as error:  # of CUDA, of its compiler: the processor gives the same values
        give_up(error)
        once("failed", logging.WARNING, "%s failed, so texts are measured on the processor from "
             "here on: %s: %.300s", there.name, type(error).__name__, error)  # fmt: skip
    return None


def chosen(block: Named, columns: Collection[str]) -> dict[str, Score]:
    """The measures of a block, of a frame with these columns, that have a version for a card.

    Not those that look only at views that the processor makes anyway, for another measure: a count
    of words is nothing where n-grams need the words.
    """
    found: dict[str, Score] = {}
    added: set[str] = set()
    forms: set[Any] = set()  # views that are made on the processor
    for name, step in block:
        measure = measure_of(step)
        if measure is not None:
            if lendable(measure) and set(measure.binding.values()) <= set(columns) - added:
                found[name] = measure
            elif not measure.heavy and not step.where.columns:
                forms |= _forms(measure)
        added |= {name, *step.beside(name)}
    return {name: m for name, m in found.items() if not _own_forms(m) <= forms}


def measure_of(step: Any) -> Score | None:
    """The measure of a step, where it has one: a prompt, say, has none."""
    measure = step.score if step.word == "filter" else step
    return measure if isinstance(measure, Score) else None


def version_of(measure: Score) -> Any:
    """The version of a measure for a card under its settings, if it has one."""
    return measure.op.special("cudf", dict(measure.settings))


def lendable(measure: Score) -> bool:
    """Whether a measure has a version that wants no more than the bytes of a column."""
    version = version_of(measure)
    return version is not None and bool(version.views) and measure.together is None


def scores(measures: Mapping[str, Score], offsets: np.ndarray, part: Part, there: Device) -> Any:
    """For each measure of a column: the values of all rows, and which of them are blank."""
    values: dict[str, list[Any]] = {name: [] for name in measures}
    blank: list[np.ndarray] = []

    def look(rows: slice) -> None:
        batch = part(rows)
        found = {}
        for name, measure in measures.items():
            version = version_of(measure)
            if version.views:
                given = [version.views[view](batch) for view in parameters(version.function)[0]]
                found[name] = device_columns.on_host(
                    version.function(*given, **own_settings(measure))
                )
        if any(measure.op.null_where is not None for measure in measures.values()):
            blank.append(batch.blank)
        for name, made in found.items():
            values[name].append(made)

    device_columns.through(offsets, look, there)
    whole = np.concatenate([np.zeros(0, bool), *blank])
    joined = {name: np.concatenate(made) if made else np.zeros(0) for name, made in values.items()}
    return joined, whole


def own_settings(measure: Score) -> dict[str, Any]:
    """The settings that its version takes."""
    own = parameters(version_of(measure).function)[1]
    return {k: v for k, v in measure.settings if k in own}


def looked_at(measure: Score) -> str | None:
    """The column whose bytes a version looks at; None where it wants no bytes."""
    looked = [*version_of(measure).views, *filter(None, [measure.op.null_where])]
    if not looked:
        return None
    leaf = leaves(looked[0])[0]
    return measure.binding.get(leaf, leaf)


def once(kind: str, level: int, told: str, *values: Any) -> None:
    """Log a line, unless this process has told this kind of thing."""
    if kind not in _SAID:
        _SAID.add(kind)
        log.log(level, told, *values)


def _lent(
    texts: Texts, measures: Mapping[str, Score], views: Views, there: Device
) -> dict[str, pd.Series]:
    start = time.perf_counter()
    joined, blank = scores(measures, *device_columns.of_host(texts, there), there)
    found = {}
    for name, measure in measures.items():
        null = None if measure.op.null_where is None else blank
        dtype = measure.op.column_dtype(dict(measure.settings))
        found[name] = finish(joined[name], dtype, views.frame.index, null)
    views.seconds[CLOCK] = views.seconds.get(CLOCK, 0.0) + time.perf_counter() - start
    return found


def _by_column(measures: Mapping[str, Score]) -> dict[str, dict[str, Score]]:
    found: dict[str, dict[str, Score]] = {}
    for name, measure in measures.items():
        column = looked_at(measure)
        if column is not None:
            found.setdefault(column, {})[name] = measure
    return found


def _forms(measure: Score) -> set[Any]:
    """All views that a measure has made on the processor."""
    settings = dict(measure.settings)
    todo, found = list(measure.op.inputs), set()
    while todo:
        name = todo.pop()
        if name in VIEWS and name != "utf8":  # which costs nothing
            found.add(key_of(name, measure.binding, settings))
            todo.extend(VIEWS[name].inputs)
    return found


def _own_forms(measure: Score) -> set[Any]:
    """The views that a measure looks at itself, or its columns."""
    return {key_of(name, measure.binding, dict(measure.settings)) for name in measure.op.inputs}
