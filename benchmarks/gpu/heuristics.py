"""Whole runs of heuristics from Parquet in memory: texts lent to a card, and all cores alone.

    PYTHONPATH=src python benchmarks/gpu/heuristics.py [--megabytes 1500] [--rounds 2] [--numpy]

Two pipelines: a recipe (`--recipe curator-en`), and all measures that have a version for a card.
Each is run by `Pipeline.run` with `tamis.engine` "gpu" and "cpu" in turns, in a thread for each
core, into folders in memory. Prints whether kept ids and scores are equal, GB of text a second,
seconds of the card's turns, and from how much text a partition is faster there than on one core.
`--numpy` puts NumPy in the place of the card: that the script works can be seen without one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import dask
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from minhash import corpus, timed

import tamis
from tamis import Filter, Pipeline, Score, array_device, lending
from tamis.frame import STRING, text_buffers
from tamis.recipe import load
from tamis.registry import registered

BOTH = {"isin": [True, False]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--recipe", default="curator-en")
    parser.add_argument("--numpy", action="store_true")
    chosen = parser.parse_args()
    if chosen.numpy:
        array_device.use(array_device.Device())
    device = array_device.device()
    if device is None:
        raise SystemExit(array_device.why_not())
    versions = [op for op in registered().values() if op.special("cudf", {}) is not None]
    lendable = [Score(op) for op in versions if lending.lendable(Score(op))]
    pipelines = {
        chosen.recipe: Pipeline(load(chosen.recipe)),
        "measures with a version": Pipeline(
            [
                Filter(one.op, **(BOTH if one.op.dtype == "boolean" else {"min": 0}))
                for one in lendable
            ]
        ),
    }
    cores = len(os.sched_getaffinity(0))
    made: dict[str, object] = {"device": device.name, "cores": cores}
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        made |= write(Path(folder), chosen.megabytes, cores)
        print(json.dumps(made), flush=True)
        for name, steps in pipelines.items():
            found = both(steps, Path(folder), float(made["megabytes"]), chosen.rounds)
            print(json.dumps({name: found}, indent=1), flush=True)
    print(
        json.dumps({"seconds, by MB in a partition": worth(lendable, chosen.megabytes)}, indent=1)
    )
    if array_device._LOST:
        raise SystemExit(f"the card failed: {array_device._LOST[0]}")


def write(folder: Path, megabytes: int, cores: int) -> dict[str, object]:
    """Parquet files of about 64 MB of text each, at least two for each core; what they hold."""
    texts = corpus(megabytes)
    size = float(np.diff(text_buffers(texts).offsets).sum()) / 1e6
    count = max(2 * cores, round(size / 64))
    ids = pa.array([f"row:{k}" for k in range(len(texts))], pa.large_string())
    step = -(-len(texts) // count)
    for number, start in enumerate(range(0, len(texts), step)):
        part = {"id": ids.slice(start, step), "text": texts.slice(start, step)}
        pq.write_table(pa.table(part), folder / f"in-{number:04d}.parquet", compression="lz4")
    return {"megabytes": size, "texts": len(texts), "files": number + 1}


def both(steps: Pipeline, folder: Path, size: float, rounds: int) -> dict[str, object]:
    """Runs on the card and on the cores, in turns; the first of each loads what is compiled."""
    seconds: dict[str, list[float]] = {"gpu": [], "cpu": []}
    said, turns = {}, 0.0
    for number in range(rounds + 1):
        for engine, took in seconds.items():
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            with dask.config.set({"tamis.engine": engine}):
                docs = tamis.read_parquet(str(folder / "in-*.parquet"))
                start = time.perf_counter()
                run = steps.run(docs, out, progress=False, certificate=False)
                took += [time.perf_counter() - start] if number else []
            if engine == "gpu":
                turns = run.figures["views"].get(lending.CLOCK, 0.0)
            if not number:
                ledger = run.ledger().compute()
                said[engine] = (run.kept().compute()["id"].tolist(), ledger)
    lent = lending.chosen(steps.named, {"text"})
    found: dict[str, object] = {"measures": len(steps.named), "lent": sorted(lent)}
    found["kept"] = len(said["cpu"][0])
    found["kept ids equal"] = said["gpu"][0] == said["cpu"][0]
    found["ledgers equal"] = bool(said["gpu"][1].equals(said["cpu"][1]))
    for engine, took in seconds.items():
        found[f"{engine} GB/s"] = round(size / 1e3 / statistics.median(took), 3)
    found["seconds of the card's turns"] = round(turns, 3)
    found["card over cores"] = round(
        statistics.median(seconds["cpu"]) / statistics.median(seconds["gpu"]), 2
    )
    return found


def worth(lendable: list[Score], most: int) -> dict[str, dict[str, float]]:
    """Seconds for partitions of these sizes by the card and by one core."""
    import pandas as pd

    steps, found = Pipeline(lendable), {}
    before, lending.WORTH = lending.WORTH, 0
    try:
        for megabytes in (1, 2, 4, 8, 16, 32, 64):
            if megabytes > most:
                break
            texts = corpus(max(1, megabytes))
            share = min(1.0, megabytes * 1e6 / float(np.diff(text_buffers(texts).offsets).sum()))
            frame = pd.DataFrame({"text": pd.array(texts[: int(len(texts) * share)], STRING)})
            row = {}
            for engine in ("gpu", "cpu"):
                with dask.config.set({"tamis.engine": engine}):
                    steps(frame)
                    row[engine] = round(timed(lambda: steps(frame), 3), 4)  # noqa: B023
            found[str(megabytes)] = row
    finally:
        lending.WORTH = before
    return found


if __name__ == "__main__":
    main()
