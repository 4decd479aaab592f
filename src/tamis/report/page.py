"""The page: figures into the template."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from tamis import notation
from tamis.exhibits import Exhibit
from tamis.io.writers import beside
from tamis.report import certified, wording
from tamis.report.chart import chart

FILES = 400  # parts listed on the page; run.json lists them all


def render(figures: Mapping[str, Any], exhibits: Mapping[str, Exhibit]) -> str:
    """The whole page as HTML."""
    steps = [{"entry": {}, "bounds": {}, **step} for step in figures["steps"]]
    most = max([figures["rows"]["in"], *(step["rows_in"] + step["cut"] for step in steps), 1])
    return _environment().get_template("page.html").render(
        figures=figures,
        rows=figures["rows"],
        steps=steps,
        most=most,
        scores=[_score(score, steps) for score in figures.get("scores", [])],
        unreadable=[row for row in figures.get("reasons", []) if row["kind"] == "reader"],
        reasons=sorted(
            (row for row in figures.get("reasons", []) if row["kind"] != "reader"),
            key=lambda row: -row["rows"],
        ),
        never=[step for step in steps if step["fired"] == "never"],
        always=[step for step in steps if step["fired"] == "always"],
        idle=[step for step in steps if step["kind"] == "filter" and not step["rows_in"]],
        recipe=notation.dump(figures["recipe"]),
        folders=_folders(figures["parts"]),
        listed=figures["parts"][:FILES],
        certificates=certified.certificates(figures),
        exhibits=exhibits,
    )  # fmt: skip


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tamis", "report"),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    names = ["count", "number", "exact", "size", "duration", "moment", "rule", "operation"]
    names += ["breakable", "shown"]
    environment.filters |= {name: getattr(wording, name) for name in names}
    own = {
        "bound": certified.bound,
        "searched": certified.searched,
        "interval": certified.interval,
        "between": certified.between,
        "silent": certified.silent,
    }
    environment.filters |= own
    environment.filters["zipped"] = lambda left, right: zip(left, right, strict=True)
    environment.filters["slowest"] = lambda rows: sorted(rows, key=lambda row: -row[1])
    environment.globals |= {"percent": wording.percent, "chart": chart}
    return environment


def _score(score: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A score with the step it belongs to. The busiest rules show their samples at once."""
    of = next(step for step in steps if step["name"] == score["step"])
    busiest = sorted((step["dropped"] for step in steps if step["kind"] == "filter"), reverse=True)
    shown = bool(of["dropped"]) and of["dropped"] >= busiest[:3][-1]
    return {"quantiles": {}, "along": [], **score, "of": of, "open": shown}


def _folders(parts: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parts, rows and bytes per folder."""
    found: dict[str, dict[str, Any]] = {}
    names = {part["name"] for part in parts}
    for part in parts:
        name = part["name"].split("/", 1)[0]
        total = found.setdefault(name, {"name": name, "parts": 0, "rows": 0, "bytes": 0})
        total["parts"] += 1
        total["rows"] += 0 if beside(part["name"], names) else part["rows"]
        total["bytes"] += part["bytes"]
    return list(found.values())
