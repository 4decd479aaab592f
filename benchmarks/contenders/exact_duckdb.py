"""duckdb: distinct on the text, the lowest id first."""

from __future__ import annotations

import duckdb
import task

chosen = task.arguments()
duckdb.sql(f"set threads to {chosen.threads}")
duckdb.sql(
    f"""copy (select distinct on (text) * from read_parquet('{chosen.input}/*.parquet'))
    to '{chosen.output}/kept.parquet' (format parquet, compression zstd, compression_level 1)"""
)
