"""Fuzzy deduplication end to end, on a card and on all cores: Parquet in memory to verdicts.

    python benchmarks/gpu/fuzzy.py [--megabytes 1000] [--families curator,tamis] [--rounds 2]

The corpus has the demo crawl's pages again and again, each time with other letters for its letters,
so that nothing of one time is like anything of another, and a fifth of all pages a second time with
one word in thirty exchanged. It lies in Parquet files of some 32 MB of text, in a folder that is
memory (`/dev/shm` where there is one). Each time is of a process of its own that has compiled its
loops: `FuzzyDedup().find(read_parquet(…))`, verification and all, with as many threads as there are
cores; "cores" sees no card. The same ids must go.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILE = 32_000_000  # bytes of text
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--families", default="curator,tamis")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", help="a folder: one measured run in this process")
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(measured(chosen.only, chosen.families, chosen.rounds)))
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        size, texts = written(Path(folder), chosen.megabytes * 1_000_000)
        print(json.dumps({"megabytes": size / 1e6, "texts": texts, "in": folder}), flush=True)
        for family in chosen.families.split(","):
            compare(folder, family, size, chosen.rounds)


def compare(folder: str, family: str, size: int, rounds: int) -> None:
    found = {}
    for place, hidden in (("card", {}), ("cores", {"CUDA_VISIBLE_DEVICES": ""})):
        command = [sys.executable, __file__, "--only", folder, "--families", family]
        made = subprocess.run(
            [*command, "--rounds", str(rounds if place == "card" else 1)],
            env=os.environ | hidden, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        found[place] = json.loads(made.stdout.splitlines()[-1])
        rate = size / 1e6 / found[place]["seconds"]
        print(json.dumps({"family": family, "on": place, **found[place], "MB/s": rate}), flush=True)
    same = found["card"]["ids"] == found["cores"]["ids"]
    times = found["cores"]["seconds"] / found["card"]["seconds"]
    print(json.dumps({"family": family, "times": times, "the same ids": same}), flush=True)


def measured(folder: str, family: str, rounds: int) -> dict[str, Any]:
    """Seconds of the fastest round, and what goes."""
    import dask

    import tamis
    from tamis.accelerator import accelerators
    from tamis.dedup import on_card

    cores = len(os.sched_getaffinity(0))
    files = sorted(map(str, Path(folder).glob("*.parquet")))
    step = tamis.FuzzyDedup(family=family)
    seconds: list[float] = []
    with dask.config.set(scheduler="threads", num_workers=cores):
        step.find(tamis.read_parquet(files[:1])).compute()  # loops and kernels are compiled
        for _ in range(rounds):
            start = time.perf_counter()
            verdicts = step.find(tamis.read_parquet(files)).compute()
            seconds.append(time.perf_counter() - start)
        gone = np.sort(verdicts["id"][~verdicts["keep"].astype(bool)].to_numpy(str))
    return {
        "seconds": min(seconds),
        "cores": cores,
        "devices": [device.name for device in accelerators().devices],
        "signed there": on_card.able(step.scheme),
        "dropped": len(gone),
        "ids": hashlib.sha256("\n".join(gone).encode()).hexdigest()[:16],
    }


def written(folder: Path, least: int) -> tuple[int, int]:
    """Write the corpus; its bytes of text, and how many texts."""
    from tamis import datasets

    pages = datasets.demo().compute()["text"].dropna().drop_duplicates().tolist()
    pages = [page.encode() for page in pages]
    generator = np.random.default_rng(1)
    held: list[bytes] = []
    size = total = texts = files = 0
    while total < least:
        mixed = bytes(generator.permutation(np.frombuffer(LETTERS, np.uint8)))
        table = bytes.maketrans(LETTERS + LETTERS.upper(), mixed + mixed.upper())
        for page in pages:
            told = page.translate(table)
            held.append(told)
            if generator.random() < 0.2:
                held.append(edited(told, generator))
        size = sum(map(len, held))
        if size >= FILE or total + size >= least:
            ids = np.char.add(f"{files:04d}-", np.arange(len(held)).astype(str))
            table_of = pa.table({"id": ids.tolist(), "text": [t.decode() for t in held]})
            pq.write_table(table_of, folder / f"{files:04d}.parquet", compression="none")
            total, texts, files, held = total + size, texts + len(held), files + 1, []
    return total, texts


def edited(text: bytes, generator: Any) -> bytes:
    """With one word in thirty exchanged."""
    words = text.split(b" ")
    for k in np.flatnonzero(generator.random(len(words)) < 1 / 30).tolist():
        words[k] = b"exchanged%d" % k
    return b" ".join(words)


if __name__ == "__main__":
    main()
