"""polars: scan, unique on the text, sink."""

from __future__ import annotations

import polars as pl
import task

chosen = task.arguments()
(
    pl.scan_parquet(f"{chosen.input}/*.parquet")
    .unique(subset="text", keep="first", maintain_order=True)
    .sink_parquet(f"{chosen.output}/kept.parquet", compression="zstd", compression_level=1)
)
