"""Where the CPU time of a fuzzy deduplication goes, stage by stage, and each stage's limit.

    python benchmarks/dedup_profile.py [--size hl] [--rounds 1]

What `FuzzyDedup()(tamis.read_parquet(…))` written to Parquet does with a lazy frame, in one thread
and one stage after another for each partition, so that CPU seconds can be told apart. The limit of
a stage is what the machine, or the library that does the work, gives for it alone in the same run:

| stage | limit |
| --- | --- |
| decode | pyarrow reading the same row groups, one thread |
| sketch | the loop over permutations on hashes that lie in the first-level cache |
| propose | reading its keys once (NumPy's sum) |
| evidence | reading the texts concerned once |
| settle | reading the sets once |
| write | pyarrow's `write_table` with zstd level 1 into memory |

`share` is the limit's seconds over the stage's.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dedup_kernels
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tamis
from tamis.dedup import chunks
from tamis.dedup.removal import without
from tamis.frame import text_buffers
from tamis.io.store import Store
from tamis.io.write import arrow_table, write_part
from tamis.source import sources

DATA = Path(__file__).parent / "data"


class Clock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def __call__(self, stage: str, function: Callable[..., Any], *given: Any) -> Any:
        start = time.process_time()
        made = function(*given)
        self.spent[stage] = self.spent.get(stage, 0.0) + time.process_time() - start
        return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="hl")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    files = sorted((DATA / chosen.size / "parquet").glob("*.parquet"))
    if not files:
        raise SystemExit(f"no corpus: python benchmarks/corpus.py --size {chosen.size}")
    profile(files[:1])  # compiles
    found = [profile(files) for _ in range(chosen.rounds)]
    best = min(found, key=lambda pair: sum(pair[0].values()))
    start = start_up()
    total = sum(best[0].values()) + start
    print("| stage | CPU s | of all | limit, CPU s | share |\n|---|---|---|---|---|")
    print(
        f"| start-up (imports, compiled code from disk) | {start:.2f} | {start / total:.0%} | | |"
    )
    for stage, spent in best[0].items():
        limit = best[1].get(stage)
        told = f"{limit:.2f} | {limit / spent:.0%}" if limit is not None else "|"
        print(f"| {stage} | {spent:.2f} | {spent / total:.0%} | {told} |")
    print(f"| all | {total:.2f} | 100% | | |")


def profile(files: list[Path]) -> tuple[dict[str, float], dict[str, float]]:
    """CPU seconds of each stage over some files, and those of its limit."""
    step = tamis.FuzzyDedup()
    clock, limits = Clock(), Clock()
    parts = sources(tamis.read_parquet([str(file) for file in files], errors="raise")) or []
    sketches, permuted = [], 0
    rate = dedup_kernels.minima_alone(1)
    for part in parts:
        frame = clock("decode, first pass", part)
        sketches.append(clock("sketch", chunks.sketch, step, frame))
        permuted += int(np.sum(sketches[-1]["shingles"].to_numpy())) * step.scheme.hashes
    proposal = clock("propose", step.propose, sketches)
    keys = [c for c in sketches[0].schema.names if c.startswith(("band_", "hash_"))]
    for sketch in sketches:
        for name in keys:
            limits("propose", sketch[name].to_numpy().sum)
    limits.spent["sketch"] = permuted / rate
    del sketches, sketch
    settling = step.settling(proposal)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        store = Store(folder)
        for k, part in enumerate(parts):
            frame = clock("decode, second pass", part)
            rows = step.wanted(proposal)[k]
            found = clock("evidence", chunks.evidence, step, frame, rows) if len(rows) else None
            if found is not None:
                limits("settle", _read, found)
                some = text_buffers(frame["text"].iloc[rows]).data
                limits("evidence", some[: some.size // 8 * 8].view(np.uint64).sum)
            verdicts = clock("settle", settling.take, k, found)
            first = int(proposal.offsets[k])
            left = clock("drop rows", without, frame, verdicts, first, "fuzzy_dedup", step)
            clock("write", write_part, left, f"part-{k}", store)
            table = arrow_table(left)
            limits("write", _written, table)
            del frame, left, table, found
    for file in files:
        parquet = pq.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            limits("decode, first pass", parquet.read_row_group, group, None, None, False)
    limits.spent["decode, second pass"] = limits.spent["decode, first pass"]
    return clock.spent, limits.spent


def _read(table: pa.Table) -> int:
    return sum(int(np.asarray(sets.values).sum()) for sets in table["shingles"].chunks)


def _written(table: pa.Table) -> None:
    pq.write_table(table, pa.BufferOutputStream(), compression="zstd", compression_level=1)


def start_up() -> float:
    """CPU seconds of the whole of a deduplication of two rows, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.table({"id": ["a", "b"], "text": ["x y", "z"]}), f"{folder}/in.parquet")
        script = Path(__file__).parent / "contenders" / "fuzzy_tamis.py"
        command = [sys.executable, str(script), "--input", folder, "--output", f"{folder}/out"]
        command += ["--threads", "1", "--setting", "lazy", "--hashes", "256", "--bands", "32"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, "--rows", "8"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
