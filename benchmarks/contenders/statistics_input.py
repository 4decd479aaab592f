"""What the contenders of text_statistics.py share: the texts, and how a pass is timed."""

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
    parser.add_argument("--input", required=True, help="folder of Parquet files with a text column")
    parser.add_argument("--megabytes", type=float, required=True, help="take this much text")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scores", help="write the scores here, as Parquet")
    return parser.parse_args()


def texts(folder: str, megabytes: float) -> pa.Array:
    """The first texts of the corpus, in memory."""
    taken, size = [], 0.0
    for file in sorted(Path(folder).glob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(1000, columns=["text"]):
            column = batch.column(0).cast(pa.large_string())
            sizes = column.cast(pa.large_binary())
            lengths = [len(value) for value in sizes.to_pylist()]
            for row, length in enumerate(lengths):
                if size >= megabytes * 1e6:
                    taken.append(column.slice(0, row))
                    return pa.concat_arrays(taken)
                size += length
            taken.append(column)
    return pa.concat_arrays(taken)


def timed(work: Callable[[], Any], texts: pa.Array, repeats: int) -> Any:
    """Run `repeats` times; print the least CPU and wall seconds and the bytes. The last result."""
    cpu, wall = [], []
    for _ in range(repeats):
        began, clock = time.process_time(), time.perf_counter()
        result = work()
        cpu.append(time.process_time() - began)
        wall.append(time.perf_counter() - clock)
    size = sum(len(text.encode()) for text in texts.to_pylist())
    facts = {"cpu": min(cpu), "wall": min(wall), "bytes": size, "texts": len(texts)}
    print(json.dumps(facts | {"runs": [round(seconds, 4) for seconds in cpu]}))
    return result
