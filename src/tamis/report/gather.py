"""What a run's parts say, beyond its counts: distributions, samples, duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tamis.execute import execute
from tamis.exhibits import subject_of
from tamis.io.store import Store
from tamis.report import covered, duplicates, texts
from tamis.report.along import along
from tamis.report.distribution import values_table
from tamis.report.duplicates import Places
from tamis.report.samples import Found
from tamis.report.survey import Asked, Survey, asked, read_names, survey

EXCERPT = 400  # characters of a text that a sample shows
COMPARED = 20_000  # characters of a text that a comparison looks at


class Held(NamedTuple):
    """Some records, and the files of `kept` and `dropped` among which they are."""

    parts: list[str]
    ids: list[str]


def gathered(store: Store, figures: Mapping[str, Any]) -> tuple[dict[str, Any], list[Held]]:
    """The figures that come out of the ledger: `scores`, `reasons`, `duplicates`, `text_column`.

    Also `shown_by`, the columns that show a record; and where the records are that are shown.

    Three passes: over the ledger; where there are duplicates, over its ids (where rows point to
    media, over its scores too); and over the parts that hold the few texts to be shown. Each part
    is a task of its own, on whatever scheduler is set.
    """
    steps = figures["steps"]
    names = [step["name"] for step in steps]
    ledger = [part["name"] for part in figures["parts"] if part["name"].startswith("ledger/")]
    scores = asked(steps, read_names(store, ledger))
    dedups = [i for i, step in enumerate(steps) if step["kind"] == "dedup"]
    found = Survey()
    calls = [(store, part, scores, names, dedups) for part in ledger]
    execute(survey, calls, lambda _, result: found.add(result))
    of = subject_of(figures)
    most = duplicates.SHEET if of.columns else duplicates.MEMBERS
    places = _places(store, ledger, found, names, dedups, most)
    line = along(store, ledger, found, scores, names) if of.columns else {}
    found.samples |= {("along", step): rows for step, rows in line.items()}
    held = _held(figures, found, places)
    after = covered.showing(steps, of.text) if of.text else None
    shown = _texts(store, held, of.text, after) if of.text else {}
    cover = covered.cover(steps)
    if cover is not None and after is None:
        shown = dict(zip(shown, cover(list(shown.values())), strict=True))
    reasons = _reasons(steps, found, names, shown)
    return {
        "text_column": of.text,
        "shown_by": {"text": of.text, "pointer": dict(of.pointer), "medium": of.medium},
        "scores": [_score(score, found, names, shown) for score in scores],
        "reasons": reasons,
        "duplicates": [
            {"step": names[i], "entry": steps[i].get("entry", {})}
            | duplicates.described(found, i, names[i], places, shown, EXCERPT)
            for i in dedups
        ],
    }, held  # fmt: skip


def _places(
    store: Store, ledger: list[str], found: Survey, names: list[str], dedups: list[int], most: int
) -> Places:
    places = Places({}, {})
    groups = [(names[i], group) for i in dedups for group, _ in duplicates.largest(found, i)]
    if not groups:
        return places
    others = {row.other or "" for i in dedups for row in duplicates.pairs(found, i)}
    calls = [(store, part, sorted(others), groups, most) for part in ledger]
    execute(duplicates.locate, calls, lambda _, result: places.add(result, most))
    kept = sorted({row[1] for rows in places.members.values() for row in rows} - set(places.part))
    if kept:
        calls = [(store, part, kept, [], most) for part in ledger]
        execute(duplicates.locate, calls, lambda _, result: places.add(result, most))
    return places


def _held(figures: Mapping[str, Any], found: Survey, places: Places) -> list[Held]:
    """All records that the report shows."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for rows in found.samples.values():
        for row in rows:
            wanted[texts.stem(row.part)].add(row.id)
    for name, part in places.part.items():
        wanted[texts.stem(part)].add(name)
    for members in places.members.values():
        for name, _, _, part in members:
            wanted[texts.stem(part)].add(name)
    parts: dict[str, list[str]] = defaultdict(list)
    for part in figures["parts"]:
        if not part["name"].startswith("ledger/"):
            parts[texts.stem(part["name"])].append(part["name"])
    return [Held(parts[key], sorted(ids)) for key, ids in wanted.items()]


def _texts(
    store: Store, held: Iterable[Held], column: str, after: frozenset[str] | None
) -> dict[str, str]:
    """Their texts, as far as they may be shown."""
    shown: dict[str, str] = {}

    def note(_: int, result: Mapping[str, str]) -> None:
        shown.update({name: text[:COMPARED] for name, text in result.items()})

    calls = [(store, few.parts, column, few.ids, after) for few in held]
    execute(covered.fetch_shown, calls, note)
    return shown


def _score(
    score: Asked, found: Survey, names: list[str], shown: Mapping[str, str]
) -> dict[str, Any]:
    figure: dict[str, Any] = {"step": score.step, "column": score.column, "bounds": score.bounds}
    figure["nulls"] = found.nulls.get(score.step, 0)
    tally, values = found.tallies.get(score.step), found.values.get(score.step, {})
    if tally is not None:
        figure |= {"kind": "number", "infinite": tally.infinite, "whole": not tally.fractional}
        if len(tally.buckets):
            figure |= {"min": tally.low, "max": tally.high, "quantiles": tally.quantiles()}
            figure["histogram"] = tally.histogram(score.bounds)
    else:
        figure |= {"kind": "value", "values": None if values is None else values_table(values)}
    samples: dict[str, dict[str, Any]] = {}
    for bound in ("min", "max", "isin"):
        sides = {
            side: _samples(found.samples.get(("bound", score.step, bound, side), []), names, shown)
            for side in ("outside", "inside")
        }
        if any(sides.values()):
            samples[bound] = sides
    line = found.samples.get(("along", score.step))
    if line:
        figure["along"] = _samples(line, names, shown)
    return figure | {"samples": samples}


def _reasons(
    steps: Iterable[Mapping[str, Any]], found: Survey, names: list[str], shown: Mapping[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for position, step in enumerate(steps):
        for code, number in sorted(step["reasons"].items(), key=lambda item: (-item[1], item[0])):
            examples = found.samples.get(("reason", position, code), [])
            row = {"step": step["name"], "kind": step["kind"], "code": code, "rows": number}
            rows.append(row | {"samples": _samples(examples, names, shown)})
    return rows


def _samples(
    found: Iterable[Found], names: list[str], shown: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "value": row.value,
            "dropped_by": names[row.taken] if row.taken < len(names) else None,
            "why": row.why,
            "text": shown[row.id][:EXCERPT] if row.id in shown else None,
        }
        for row in found
    ]
