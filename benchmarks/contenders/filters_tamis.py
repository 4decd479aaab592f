"""tamis: every statistic of the chosen recipes in one fused pass over one partition.

Setting "curator": the 27 and one of curator-en. Setting "all": those and all that Gopher, C4 and
FineWeb ask for, each statistic once.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import scoring

from tamis import Filter, Pipeline, Score

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
RECIPES = {"curator": ["curator-en"], "all": ["curator-en", "gopher", "c4", "fineweb"]}


def scores() -> Pipeline:
    """Each filter of the recipes as a Score: computed for every row, nothing dropped."""
    found = {}
    for name in RECIPES[chosen.setting]:
        for step in Pipeline.from_yaml(name):
            score = step.score if isinstance(step, Filter) else step
            if isinstance(score, Score) and not score.op.heavy:  # no model, as for the peers
                found.setdefault(score.name, score)
    return Pipeline(found.values())


pipeline = scores()
frame = pd.DataFrame({"text": pd.Series(column, dtype=pd.ArrowDtype(pa.large_string()))})
pipeline.explain(frame.head(64))  # loads the compiled loops from the cache


def work() -> dict:
    explained = pipeline.explain(frame)
    return {name: pa.array(explained[name]) for name, _ in pipeline.named}


scoring.timed(work, column, chosen.output)
