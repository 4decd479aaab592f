"""tamis: read_parquet, ExactDedup, a durable run (kept and dropped rows, ledger)."""

from __future__ import annotations

import dask
import task

import tamis

chosen = task.arguments()
with dask.config.set(scheduler="threads", num_workers=chosen.threads):
    docs = tamis.read_parquet(task.files(chosen.input))
    tamis.Pipeline([tamis.ExactDedup()]).run(docs, chosen.output)
