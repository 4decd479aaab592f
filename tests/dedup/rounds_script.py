"""The run that test_sound_rounds.py kills: `main()` with the folder it goes to."""

import base64
import sys
import time

import dask.dataframe as dd
import numpy as np
import pandas as pd

from tamis import FingerprintDedup, Pipeline
from tamis.dedup import sound_blocks
from tamis.frame import STRING

PIPELINE = Pipeline([FingerprintDedup(threshold=0.4, keep="longest")])
WORDS = 900  # of a block: some eight recordings


def read(part):
    """A partition of 10 recordings; half of them stand elsewhere, too, with other ends."""
    time.sleep(0.02)
    rows = []
    for row in range(10):
        origin = np.random.default_rng([row % 5, part % 3] if row % 2 else [row, part, 9])
        words = origin.integers(1, 2**32, 100, np.uint32)
        ends = np.random.default_rng([part, row]).integers(1, 2**32, 1 + part, np.uint32)
        cell = np.concatenate([words, ends]).astype("<u4").tobytes()
        rows.append((f"p{part}/r{row}", base64.b64encode(cell).decode()))
    return pd.DataFrame(rows, columns=["id", "fingerprint"], dtype=STRING)


def frame():
    """The input, 6 partitions of it."""
    return dd.from_map(read, list(range(6)), meta=read(0).iloc[:0])


def main():
    sound_blocks.BLOCK = WORDS
    PIPELINE.run(frame(), sys.argv[1], progress=False)
