"""All statistics of curator-en in one fused pass over a partition in memory."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from statistics_input import arguments, texts, timed

from tamis import recipe
from tamis.viewing import Views

chosen = arguments()
column = texts(chosen.input, chosen.megabytes)
frame = pd.DataFrame({"text": pd.Series(pd.array(column, dtype=pd.StringDtype("pyarrow")))})
steps = recipe.load("curator-en")


def statistics() -> dict[str, pd.Series]:
    views = Views(frame)
    return {f"{k}_{step.name}": step.score.column(views) for k, step in enumerate(steps)}


statistics()  # compiled loops come from the disk cache here
scores = timed(statistics, column, chosen.repeats)
if chosen.scores:
    pq.write_table(pa.table({k: pa.array(v) for k, v in scores.items()}), chosen.scores)
