"""The heuristics of shipped recipes on a card, and the same on the cores.

    PYTHONPATH=src python benchmarks/gpu/measures.py [--megabytes 300] [--rounds 3]

For each recipe the measures up to its first edit or cut, all together, of the demo crawl's texts
again and again. GB of text per second: by kernels alone, with the texts on the card already (as a
`TextArrays`; values come to the host); of a cuDF frame, filters and all; with the texts' way from
host memory; and by a thread for each core. `bandwidth` is what part of the card's memory bandwidth
one reading of the texts at the kernels' rate is; `least bandwidth` of 16 bytes a byte of text, what
the kernels move of it at the least. `first call` is in seconds, compilation with it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from minhash import corpus, timed

from tamis import Pipeline, device_columns
from tamis.frame import STRING, text_buffers
from tamis.recipe import load

RECIPES = ["curator-en", "gopher@paper", "gopher@datatrove", "gopher@dclm", "gopher@dolma",
           "fineweb", "c4"]  # fmt: skip


def heuristics(name: str) -> list[Any]:
    """The steps of a recipe that have a version for a card, up to its first edit or cut."""
    found = []
    for step in load(name):
        if step.word != "filter":
            break
        if step.score is not None and version(step.score) is not None:
            found.append(step)
    return found


def version(score: Any) -> Any:
    return score.op.special("cudf", dict(score.settings))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=50, help="no recipe begins after these")
    chosen = parser.parse_args()
    import cudf
    import cupy

    texts = corpus(chosen.megabytes)
    size = float(np.diff(text_buffers(texts).offsets).sum()) / 1e9
    frame = pd.DataFrame({"text": pd.array(texts, STRING)})
    there = cudf.from_pandas(frame)
    cores = len(os.sched_getaffinity(0))
    step = -(-len(frame) // (8 * cores))
    parts = [frame.iloc[k : k + step] for k in range(0, len(frame), step)]
    card = cupy.cuda.runtime.getDeviceProperties(0)
    moved = 2e3 * card["memoryClockRate"] * card["memoryBusWidth"] / 8 / 1e9  # GB/s; clock in kHz
    print(json.dumps({
        "card": card["name"].decode(), "GB/s of its memory": moved, "cores": cores,
        "gigabytes": size, "texts": len(frame), "batch": device_columns.BYTES,
    }, indent=1), flush=True)  # fmt: skip
    began = time.perf_counter()
    for name in RECIPES:
        if time.perf_counter() - began > chosen.seconds:
            print(json.dumps({"recipe": name, "left out": "no time"}), flush=True)
            continue
        filters = heuristics(name)
        steps = Pipeline(filters)
        equal = steps(there.head(1900)).to_pandas().equals(steps(frame.head(1900)))

        def kernels(scores=tuple(one.score for one in filters)):
            for batch in device_columns.text_arrays(there["text"]):
                for score in scores:
                    version(score).function(batch, **dict(score.settings))
            cupy.cuda.runtime.deviceSynchronize()

        def of_a_frame(steps=steps):
            steps(there)
            cupy.cuda.runtime.deviceSynchronize()

        def from_host(steps=steps):
            steps(cudf.from_pandas(frame))
            cupy.cuda.runtime.deviceSynchronize()

        start = time.perf_counter()
        kernels()
        first = time.perf_counter() - start
        alone = size / timed(kernels, chosen.rounds)
        with ThreadPoolExecutor(cores) as pool:
            wall = timed(lambda steps=steps: list(pool.map(steps, parts)), 1)
        print(json.dumps({
            "recipe": name, "measures": len(filters), "values equal": bool(equal),
            "first call": first, "kernels GB/s": alone, "bandwidth": alone / moved,
            "least bandwidth": 16 * alone / moved,
            "cuDF frame GB/s": size / timed(of_a_frame, 1),
            "from host GB/s": size / timed(from_host, 1), "cores GB/s": size / wall,
        }, indent=1), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
