"""The report of a run: figures from its files, and one self-contained page that shows them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from tamis.io import commit
from tamis.io.store import Store

PAGE = "report.html"


def publish(store: Store, figures: dict[str, Any]) -> None:
    """Complete a run's figures from its files, put `run.json` in place, then `report.html`.

    `figures` (counts, recipe, versions, parts) gains `scores`, `reasons`, `duplicates` and
    `text_column`: histograms, quantiles, samples. They do not depend on the partitioning.
    """
    from tamis.report.gather import gathered

    figures |= gathered(store, figures)
    store.put(commit.RUN, json.dumps(figures, ensure_ascii=False, indent=1).encode())
    store.put(PAGE, render(figures).encode())


def render(figures: Mapping[str, Any]) -> str:
    """The page for figures as `run.json` holds them: HTML that needs nothing else."""
    from tamis.report.page import render

    return render(figures)


def again(out: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None) -> str:
    """Make `report.html` of a finished run once more, from its `run.json`; its path or URL."""
    from tamis.results import Run

    run = Run(out, storage_options)
    run.store.put(PAGE, render(run.figures).encode())
    return run.report


__all__ = ["again", "publish", "render"]
