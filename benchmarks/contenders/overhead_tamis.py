"""The same row-wise work on the same partitions: a bare loop, or Dask's threaded scheduler.

Prints a JSON line with the wall and CPU seconds of the work alone.
"""

from __future__ import annotations

import json
import time

import dask
import numpy as np
import task

import tamis
from tamis import Pipeline
from tamis.source import sources

chosen = task.arguments()
docs = tamis.read_parquet(task.files(chosen.input))
pipeline = Pipeline.from_yaml("curator-en")
reads = sources(docs)


def counted(frame) -> np.ndarray:
    """Rows kept and rows in, so that nothing but two numbers comes out of a task."""
    return np.array([[frame["dropped_by"].isna().sum(), len(frame)]])


pipeline.explain(reads[0]().head(64))  # loads the compiled loops from the cache
wall, cpu = time.perf_counter(), time.process_time()
if chosen.setting == "bare":
    parts = [counted(pipeline.explain(read())) for read in reads]
else:
    work = [dask.delayed(counted)(part) for part in pipeline.explain(docs).to_delayed()]
    parts = dask.compute(*work, scheduler="threads", num_workers=chosen.threads)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
kept, rows = np.concatenate(parts).sum(axis=0).tolist()
print(json.dumps({"docs": rows, "kept": kept, "partitions": len(reads), "cpu": cpu, "wall": wall}))
