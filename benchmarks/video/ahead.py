"""How decoding goes on while a model computes: who waits for whom in embeddings of clips.

    python benchmarks/video/ahead.py [--clips 48] [--repeats 3]

Clips of two seconds of the H.264 file at 360p of `decode.py`, two frames a second of each, embedded
by EfficientNet-Lite0 in batches of 32 (`video.embedding`), decoding in a process of its own. Shares
of the time by the clock in which the model computes, in which a clip is decoded, in which both do,
and in which neither does; with what may be decoded ahead set to one clip, and to a batch. The two
take turns, medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from decode import made, source

import tamis
from tamis.framewise import embedded
from tamis.media import decoded

Spans = list[tuple[float, float]]


class Watched:
    """When each call of a function began and ended, in any thread."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.spans, self.adding = function, Spans(), threading.Lock()

    def __call__(self, *given: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        try:
            return self.function(*given, **named)
        finally:
            with self.adding:
                self.spans.append((begin, time.perf_counter()))


def covered(spans: Spans, grid: np.ndarray) -> np.ndarray:
    """Which moments of a grid are in some span."""
    found = np.zeros(len(grid), bool)
    for begin, end in spans:
        found[np.searchsorted(grid, begin) : np.searchsorted(grid, end)] = True
    return found


def shares(rows: pd.DataFrame, step: Any, room: Any) -> dict[str, float]:
    """One run."""
    from tamis.image.models import picture_model

    model = picture_model("efficientnet-lite0", None, None, None, "auto")
    plain, ahead, load = type(model).compute, embedded.ahead, decoded.Decoded.__getitem__
    computing = Watched(plain)
    decoding = Watched(load)
    type(model).compute = lambda *a, **k: computing(*a, **k)

    def going(items: Any, function: Any, rows: Any, given: Any) -> Any:
        return ahead(_Items(items, decoding), function, rows, given if room is None else room)

    embedded.ahead = going
    begin = time.perf_counter()
    try:
        step(rows)
    finally:
        type(model).compute, embedded.ahead = plain, ahead
    end = time.perf_counter()
    grid = np.linspace(begin, end, 4000)
    one, other = covered(computing.spans, grid), covered(decoding.spans, grid)
    return {
        "seconds": end - begin, "model": one.mean(), "decoding": other.mean(),
        "both": (one & other).mean(), "neither": (~one & ~other).mean(),
    }  # fmt: skip


class _Items:
    """Clips, of which it is noted when they are decoded."""

    def __init__(self, items: Any, decoding: Watched) -> None:
        self.items, self.decoding = items, decoding

    def __getitem__(self, row: int) -> Any:
        return self.decoding(self.items, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    step = tamis.Score("video.embedding", fps=2.0)
    with tempfile.TemporaryDirectory() as folder:
        path = made(source(), Path(folder))["h264 360p"]
        starts = [2.0 * (k % 5) + 0.01 * (k // 5) for k in range(asked.clips)]
        rows = pd.DataFrame({"path": str(path), "start": starts, "end": [s + 2 for s in starts]})
        step(rows.iloc[:4])  # the model is loaded, processes started
        print("load", os.getloadavg()[0], "cores", len(os.sched_getaffinity(0)))
        ways = {"one clip ahead": 1, "a batch ahead": None}
        found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
        for _ in range(asked.repeats):
            for name, room in ways.items():
                found[name].append(shares(rows, step, room))
    told = list(found["a batch ahead"][0])
    print("| | " + " | ".join(told) + " |\n|---|" + "---:|" * len(told))
    for name, runs in found.items():
        middle = [statistics.median(run[key] for run in runs) for key in told]
        print(f"| {name} | {middle[0]:.2f} | " + " | ".join(f"{v:.0%}" for v in middle[1:]) + " |")


if __name__ == "__main__":
    main()
