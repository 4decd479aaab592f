"""tamis: every statistic of the chosen recipes in one fused pass over partitions of 32 MB.

Setting "curator": the 28 of curator-en. Setting "all": those and all that Gopher, C4 and FineWeb
ask for, each statistic once. FineWeb's language model is left out, as for the peers.
Beside the time of the pass it tells how it divides into views and measures, and what it costs to
lay all bounds of the recipes on the scores again.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import scoring

from tamis import Filter, Pipeline, rowwise
from tamis.frame import STRING

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
RECIPES = {"curator": ["curator-en"], "all": ["curator-en", "gopher", "c4", "fineweb"]}


def filters() -> dict[str, Filter]:
    """Each filter of the recipes, by the name of its score."""
    found = {}
    for name in RECIPES[chosen.setting]:
        for step in Pipeline.from_yaml(name):
            if isinstance(step, Filter) and step.score is not None and not step.score.op.heavy:
                found.setdefault(step.score.name, step)
    return found


def partitions() -> list[pd.DataFrame]:
    """The texts cut as a reader cuts them: at most 32 MB, or one text, to a partition."""
    texts = column.cast(pa.large_string())
    filled = np.cumsum([len(text.as_buffer()) for text in texts]) // 32_000_000
    edges = [0, *(np.flatnonzero(np.diff(filled)) + 1), len(texts)]
    arrays = [pa.concat_arrays(texts.slice(a, b - a).chunks) for a, b in itertools.pairwise(edges)]
    return [pd.DataFrame({"text": pd.Series(pd.array(one, dtype=STRING))}) for one in arrays]


asked = filters()
pipeline = Pipeline(step.score for step in asked.values())  # for every row, nothing dropped
frames = partitions()
outcomes: list[rowwise.Outcome] = []
rowwise.run(frames[0].head(64), pipeline.named)  # loads the compiled loops from the cache


def work() -> None:
    outcomes.clear()
    outcomes.extend(rowwise.run(frame, pipeline.named) for frame in frames)


def split() -> dict:
    """CPU seconds of the pass by view, of the measures without their views, of bounds alone."""
    views: dict[str, float] = {}
    for name, seconds in (item for outcome in outcomes for item in outcome.views.items()):
        views[name] = views.get(name, 0.0) + seconds
    steps = sum(count.seconds for outcome in outcomes for count in outcome.counts.values())
    kept = pd.concat([outcome.kept for outcome in outcomes])
    kept.to_parquet(f"{chosen.output}/scores.parquet")
    clock = time.process_time()
    for name, step in asked.items():
        step.passes(kept[name])
    bounds = time.process_time() - clock
    return {
        "statistics": len(asked),
        "views": dict(sorted(views.items(), key=lambda item: -item[1])),
        "measures": steps - sum(views.values()),
        "bounds": bounds,
    }


scoring.timed(work, column, chosen, split)
