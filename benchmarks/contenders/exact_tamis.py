"""tamis: read_parquet, ExactDedup; a durable run (kept, dropped, ledger) or kept rows only."""

from __future__ import annotations

import dask
import task

import tamis

chosen = task.arguments()
files = task.files(chosen.input)
with dask.config.set(scheduler="threads", num_workers=chosen.threads):
    if chosen.setting == "lazy":
        docs = tamis.read_parquet(files, errors="raise")
        tamis.write_parquet(tamis.ExactDedup()(docs), chosen.output)
    else:
        tamis.Pipeline([tamis.ExactDedup()]).run(tamis.read_parquet(files), chosen.output)
