"""What the text filter contenders share: texts in memory first, then only the scoring is timed.

A contender prints one JSON line: documents, bytes, seconds of CPU and wall for text in, scores out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--limit", type=int, default=0, help="only the first documents")
    parser.add_argument("--setting", default="all")
    parser.add_argument("--passes", type=int, default=1, help="over the texts, of which the last")
    return parser.parse_args()


def column(folder: str, limit: int) -> pa.ChunkedArray:
    """The texts as Arrow; read until there are enough."""
    parts, count = [], 0
    for file in sorted(Path(folder).glob("*.parquet")):
        parts.append(pq.read_table(file, columns=["text"])["text"])
        count += len(parts[-1])
        if limit and count >= limit:
            break
    chunks = [chunk for part in parts for chunk in part.chunks]
    whole = pa.chunked_array(chunks)
    return whole.slice(0, limit) if limit else whole


def timed(
    work: Callable[[], Any],
    texts: pa.ChunkedArray,
    chosen: argparse.Namespace,
    more: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Do the work and say how long its last pass took; keep its scores where they are a mapping.

    `more` is asked afterwards for what else is to be told of that pass.
    """
    size = sum(len(text.as_buffer()) for text in texts)
    for _ in range(chosen.passes):
        wall, cpu = time.perf_counter(), time.process_time()
        scores = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if isinstance(scores, dict):
        pq.write_table(pa.table(scores), f"{chosen.output}/scores.parquet")
    print(json.dumps({"docs": len(texts), "bytes": size, "cpu": cpu, "wall": wall} | more()))
