"""Embeddings of text: tamis beside the model's own rate on the same batches, and a plain loop.

    python benchmarks/models/embed.py [--rounds 3] [--texts 120]

One thread (set before numpy and torch are imported), CPU seconds, contenders interleaved, medians.
The model's own rate is that of its session on tokens that lie ready, padded, in the batches that
tamis makes; the plain loop takes texts as they come, 32 at a time. Vectors have to be the same.
Needs `pip install -c constraints-cpu.txt -e '.[semantic,semantic-onnx]'`.
"""

# ruff: noqa: E402  (threads are counted when numpy is imported)

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from semantic import _texts

from tamis import text
from tamis.text.encoders import batches
from tamis.text.models import onnx_encoder
from tamis.text.pooling import pooled


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=120)
    chosen = parser.parse_args()
    texts = _texts(chosen.texts)
    encoder = onnx_encoder("minilm-int8", None, None, ())
    coded = [one.ids for one in encoder._coded(texts, encoder.made.tokens)]
    lengths = np.array([len(ids) for ids in coded])
    ready = [padded(coded, rows) for rows in batches(lengths, encoder.batch)]

    def own() -> list[np.ndarray]:
        return [encoder._states(*given) for given in ready]

    def plain() -> np.ndarray:
        found = []
        for first in range(0, len(texts), 32):
            rows = range(first, min(first + 32, len(texts)))
            some = [
                one.ids for one in encoder._coded([texts[r] for r in rows], encoder.made.tokens)
            ]
            ids, mask = padded(some, range(len(some)))
            found.append(pooled(encoder._states(ids, mask), mask, encoder.made))
        return np.concatenate(found)

    def whole() -> np.ndarray:
        import torch

        torch.set_num_threads(1)
        return vectors(texts, model="minilm", precision="float32", device="cpu")

    contenders: dict[str, Callable[[], object]] = {
        "tamis, minilm-int8": lambda: vectors(texts, model="minilm-int8"),
        "its session on prepared batches": own,
        "its session, texts as they come, 32 at a time": plain,
        "tamis, minilm (torch, float32)": whole,
    }
    light, heavy = (contenders[k]() for k in list(contenders)[::3])
    assert np.abs(light - plain()).max() < 1e-4, "the vectors differ"  # type: ignore[operator]
    cosine = (light * heavy).sum(axis=1)  # type: ignore[operator]
    own()
    spent: dict[str, list[float]] = {key: [] for key in contenders}
    for _ in range(chosen.rounds):
        for key, run in contenders.items():
            start = time.process_time()
            run()
            spent[key].append(time.process_time() - start)
    print(f"{len(texts)} texts, {lengths.sum():,} tokens; load {os.getloadavg()[0]:.1f}")
    print(
        f"cosine of int8 to float32: {cosine.min():.4f} at least, {cosine.mean():.4f} in the mean"
    )
    first = statistics.median(spent["tamis, minilm-int8"])
    print("| | CPU s | tokens/s | over the first |\n|---|---|---|---|")
    for key, found in spent.items():
        middle = statistics.median(found)
        print(f"| {key} | {middle:.2f} | {lengths.sum() / middle:,.0f} | {middle / first:.2f} |")


def vectors(texts: list[str], **settings: object) -> np.ndarray:
    return np.stack([np.asarray(one) for one in text.embedding(texts, **settings)])


def padded(coded: list[list[int]], rows: object) -> tuple[np.ndarray, np.ndarray]:
    some = [coded[row] for row in rows]  # type: ignore[attr-defined]
    ids = np.zeros((len(some), max(map(len, some))), np.int64)
    mask = np.zeros_like(ids)
    for row, one in enumerate(some):
        ids[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return ids, mask


if __name__ == "__main__":
    main()
