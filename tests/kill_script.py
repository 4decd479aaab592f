"""The run that test_kill.py kills: `main()` with the arguments OUT and threads or cluster.

With a third argument the deduplications are compared beyond memory, by alternating stars.
"""

import contextlib
import random
import sys
import time

import dask
import dask.dataframe as dd
import pandas as pd

import tamis
from tamis import Edit, ExactDedup, Filter, FuzzyDedup, Pipeline, sharded
from tamis.frame import STRING

WORDS = ["river", "stone", "cloud", "paper", "winter", "garden", "bridge", "music", "window"]


def read(part):
    """A partition of 60 records: a fifth copied exactly, a fifth nearly, some too short."""
    time.sleep(0.05)
    rows = []
    for row in range(60):
        origin = random.Random(row % 40 if row % 5 else 1000 * part + row)
        words = [origin.choice(WORDS) + str(origin.randrange(50)) for _ in range(80)]
        if row % 5 == 2:
            words[origin.randrange(80)] = f"changed{part}"
        text = "short" if row % 11 == 0 else " ".join(words)
        rows.append((f"p{part}/r{row}", text + "\n\n\n\n"))
    return pd.DataFrame(rows, columns=["id", "text"], dtype=STRING)


PIPELINE = Pipeline(
    [
        Filter("text.word_count", min=10),
        Edit("text.normalize_newlines"),
        ExactDedup(),
        Filter("text.mean_word_length", max=20),
        FuzzyDedup(),
        Filter("text.word_count", max=1000),
    ]
)


def frame():
    """The input, 12 partitions of it."""
    return dd.from_map(read, list(range(12)), meta=read(0).iloc[:0])


@contextlib.contextmanager
def beyond_memory():
    """Memory for a few rows, and yet few blocks, so that a run is a matter of seconds."""
    blocks, sharded.blocks = sharded.blocks, lambda size: 4
    try:
        with dask.config.set({"tamis.dedup.memory": "1 kB"}):
            yield
    finally:
        sharded.blocks = blocks


def main():
    out, mode, *beyond = sys.argv[1:]
    with beyond_memory() if beyond else contextlib.nullcontext():
        carry_out(out, mode)


def carry_out(out, mode):
    if mode == "cluster":
        with tamis.local_cluster(workers=2, memory="1GiB"):
            PIPELINE.run(frame(), out, progress=False)
    else:
        PIPELINE.run(frame(), out, progress=False)
