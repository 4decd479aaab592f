"""pandas: read everything, drop_duplicates, write."""

from __future__ import annotations

import pandas as pd
import task

chosen = task.arguments()
frame = pd.read_parquet(task.files(chosen.input), dtype_backend="pyarrow")
kept = frame.drop_duplicates(subset="text")
kept.to_parquet(f"{chosen.output}/kept.parquet", compression="zstd", index=False)
