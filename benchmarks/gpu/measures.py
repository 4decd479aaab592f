"""Text measures of cuDF frames on a card, and the same on the cores.

    PYTHONPATH=src python benchmarks/gpu/measures.py [--megabytes 300] [--rounds 3]

The measures are those that have a version for cuDF. Prints whether all values are equal, and MB of
text per second: on the card with the texts there already, and in a thread for each core.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from minhash import corpus, timed

from tamis import Pipeline, Score
from tamis.frame import STRING, text_buffers
from tamis.registry import registered


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    import cudf
    import cupy

    texts = corpus(chosen.megabytes)
    size = float(np.diff(text_buffers(texts).offsets).sum()) / 1e6
    ops = [op for op in registered().values() if op.special("cudf", {}) is not None]
    steps = Pipeline([Score(op) for op in ops])
    frame = pd.DataFrame({"text": pd.array(texts, STRING)})
    there = cudf.from_pandas(frame)
    small = frame.head(1900)
    equal = steps(there.head(1900)).to_pandas().drop(columns="text")
    equal = equal.equals(steps(small).drop(columns="text"))
    cores = len(os.sched_getaffinity(0))
    step = -(-len(frame) // (8 * cores))
    parts = [frame.iloc[k : k + step] for k in range(0, len(frame), step)]

    def on_card():
        steps(there)
        cupy.cuda.runtime.deviceSynchronize()

    on_card()
    seconds = timed(on_card, chosen.rounds)
    with ThreadPoolExecutor(cores) as pool:
        wall = timed(lambda: list(pool.map(steps, parts)), chosen.rounds)
    print(json.dumps({
        "card": cupy.cuda.runtime.getDeviceProperties(0)["name"].decode(),
        "measures": len(ops), "megabytes": size, "values equal": bool(equal),
        "card MB/s": size / seconds, "cores": cores, "cores MB/s": size / wall,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
