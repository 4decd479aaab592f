"""More sound than one block of fingerprints holds: memory, time, and what is found of copies.

    python benchmarks/audio/fingerprint_rounds.py FOLDER [--hours 1500] [--minutes 10]

Fingerprints are made, not heard: words at random, recordings of `--minutes` each. One in twenty is
a copy of another, from 20 s on, with 6 % of the bits of 60 % of its words flipped, as MP3 at 64
kbit/s leaves them. They go through a run into FOLDER, whose time and peak memory are told.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import FingerprintDedup, Pipeline
from tamis.audio.subfingerprints import HOP, RATE
from tamis.dedup import sound_blocks

EACH = 100  # recordings of a partition
LATE = 625  # words: 20 s


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=1500)
    parser.add_argument("--minutes", type=float, default=10)
    chosen = parser.parse_args()
    size = round(chosen.minutes * 60 * RATE / HOP)
    parts = round(chosen.hours * 60 / chosen.minutes / EACH)
    words = parts * EACH * size
    print(f"{words:,} words, {words / sound_blocks.BLOCK:.1f} blocks, {parts * EACH:,} recordings")
    frame = dd.from_map(
        made, list(range(parts)), size=size, parts=parts, meta=made(0, 10, 1).iloc[:0]
    )
    before, wall = time.process_time(), time.perf_counter()
    run = Pipeline([FingerprintDedup(min_survivors=0.0)]).run(frame, chosen.folder / "out")
    spent, took = time.process_time() - before, time.perf_counter() - wall
    dropped = run.dropped()[["id", "duplicate_of"]].compute()
    wanted = {f"{part}/{row}" for part in range(parts) for row in range(0, EACH, 20)}
    pairs = zip(dropped.id, dropped.duplicate_of, strict=True)
    right = [
        any(one in wanted and original(one, parts) == other for one, other in ((a, b), (b, a)))
        for a, b in pairs
    ]
    print(
        f"{spent:.0f} CPU s (making the words included), {took:.0f} s; found {sum(right):,} of "
        f"{len(wanted):,} copies, {len(right) - sum(right)} wrongly; peak memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    )


def made(part: int, size: int, parts: int) -> pd.DataFrame:
    """A partition: every twentieth recording is a copy of the one before it, half a set away."""
    cells = []
    for row in range(EACH):
        if row % 20:
            cells.append(words_of(part, row, size))
            continue
        other, place = map(int, original(f"{part}/{row}", parts).split("/"))
        rng = np.random.default_rng([part, row, 7])
        words = words_of(other, place, size)[LATE:]
        bits = np.zeros(words.size, np.uint32)
        for bit in range(32):
            bits |= (rng.random(words.size, np.float32) < 0.06).astype(np.uint32) << np.uint32(bit)
        cells.append(words ^ np.where(rng.random(words.size) < 0.6, bits, 0).astype(np.uint32))
    ids = pd.array([f"{part}/{row}" for row in range(EACH)], "string")
    cells = [cell.astype("<u4").tobytes() for cell in cells]
    return pd.DataFrame({"id": ids, "fingerprint": pd.array(cells, pd.ArrowDtype(pa.binary()))})


def original(name: str, parts: int) -> str:
    """The recording that a copy is of; it stands in the other half, so one of both goes."""
    part, row = map(int, name.split("/"))
    return f"{(part + parts // 2) % parts}/{row + 1 + part * 2 // parts}"


def words_of(part: int, row: int, size: int) -> np.ndarray:
    """Words of a recording that is no copy."""
    return np.random.default_rng([part, row]).integers(1, 2**32, size, np.uint32)


if __name__ == "__main__":
    main()
