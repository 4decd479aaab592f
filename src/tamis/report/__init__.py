"""The report of a run: figures from its files, and one self-contained page that shows them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tamis.io import commit
from tamis.io.store import Store

if TYPE_CHECKING:
    from tamis.exhibits import Exhibit

PAGE = "report.html"


def publish(store: Store, figures: dict[str, Any]) -> None:
    """Complete a run's figures from its files, put `run.json` in place, then `report.html`.

    `figures` (counts, recipe, versions, parts) gains `scores`, `reasons`, `duplicates`,
    `text_column` and `shown_by`: histograms, quantiles, samples. They do not depend on the
    partitioning. Thumbnails, where rows point to media, go into `thumbnails.json` beside it. Where
    a step redacts, what its finders find stands in none of it (`tamis.report.covered`).
    """
    from tamis.report import covered, thumbnails
    from tamis.report.gather import gathered

    found, held = gathered(store, figures)
    figures |= found
    exhibits = thumbnails.made(store, figures, held)
    thumbnails.put(store, figures, exhibits)
    cover = covered.cover(figures["steps"])
    if cover is not None:
        for name in ("scores", "reasons", "duplicates"):
            figures[name] = covered.figures_covered(figures[name], cover, not exhibits)
        for one in figures.get("deduplications", []):
            shown = {name: one[name] for name in ("certificate", "largest") if one.get(name)}
            one |= covered.figures_covered(shown, cover, not exhibits)
    store.put(commit.RUN, json.dumps(figures, ensure_ascii=False, indent=1).encode())
    store.put(PAGE, render(figures, exhibits).encode())


def render(figures: Mapping[str, Any], exhibits: Mapping[str, Exhibit] | None = None) -> str:
    """The page for figures as `run.json` holds them: HTML that needs nothing else.

    `exhibits` show records by their ids: pictures, as `tamis.exhibits` makes them.
    """
    from tamis.report.page import render

    return render(figures, exhibits or {})


def again(out: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None) -> str:
    """Make `report.html` of a finished run once more, from its `run.json`; its path or URL.

    Pictures come from `thumbnails.json`; where that is lost or of another run, they are made anew
    from what the rows point to.
    """
    from tamis.report import thumbnails
    from tamis.results import Run

    run = Run(out, storage_options)
    exhibits = thumbnails.standing(run.store, run.figures)
    if exhibits is None:
        exhibits = thumbnails.made(run.store, run.figures)
        thumbnails.put(run.store, run.figures, exhibits)
    run.store.put(PAGE, render(run.figures, exhibits).encode())
    return run.report


__all__ = ["again", "publish", "render"]
