"""tamis: read_parquet, FuzzyDedup with verification; a durable run or kept rows only."""

from __future__ import annotations

import dask
import task

import tamis

chosen = task.arguments()
if chosen.setting == "default":
    dedup = tamis.FuzzyDedup()
else:
    dedup = tamis.FuzzyDedup(
        ngram=5, hashes=chosen.hashes, bands=chosen.bands, rows=chosen.rows, threshold=0.8
    )
with dask.config.set(scheduler="threads", num_workers=chosen.threads):
    if chosen.setting == "lazy":
        docs = tamis.read_parquet(task.files(chosen.input), errors="raise")
        tamis.write_parquet(dedup(docs), chosen.output)
    else:
        tamis.Pipeline([dedup]).run(tamis.read_parquet(task.files(chosen.input)), chosen.output)
