"""text-dedup 0.4.0: its CCNet command (lines, 64-bit xxh3), then its Arrow output as Parquet."""

from __future__ import annotations

import subprocess
import sys

import task

from datasets import load_from_disk

chosen = task.arguments()
command = [
    sys.executable, "-m", "text_dedup.ccnet",
    "--path", "parquet", "--data_files", f"{chosen.input}/*.parquet", "--split", "train",
    "--cache_dir", f"{chosen.output}/cache", "--output", f"{chosen.output}/arrow",
    "--column", "text", "--batch_size", "1000", "--num_proc", str(chosen.threads),
    "--hash_func", "xxh3",
]  # fmt: skip
subprocess.run(command, check=True)
load_from_disk(f"{chosen.output}/arrow").to_parquet(f"{chosen.output}/kept.parquet")
