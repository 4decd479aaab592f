"""text-dedup 0.4.0: its own command, then its Arrow output as Parquet. Two processes."""

from __future__ import annotations

import subprocess
import sys

import task

from datasets import load_from_disk

chosen = task.arguments()
command = [
    sys.executable, "-m", "text_dedup.minhash",
    "--path", "parquet", "--data_files", f"{chosen.input}/*.parquet", "--split", "train",
    "--cache_dir", f"{chosen.output}/cache", "--output", f"{chosen.output}/arrow",
    "--column", "text", "--batch_size", "1000", "--num_proc", str(chosen.threads),
    "--hash_func", "xxh3", "--ngram", "5",
]  # fmt: skip
if chosen.setting == "eq":
    command += ["--num_perm", str(chosen.hashes), "--b", str(chosen.bands), "--r", str(chosen.rows)]
    command += ["--threshold", "0.8", "--min_length", "1"]
subprocess.run(command, check=True)
load_from_disk(f"{chosen.output}/arrow").to_parquet(f"{chosen.output}/kept.parquet")
