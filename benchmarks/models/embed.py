"""Embeddings of text: tamis beside the model's own rate on the same batches, and plain loops.

    python benchmarks/models/embed.py [--rounds 3] [--texts 120]

One thread (set before numpy and torch are imported), CPU seconds, contenders interleaved, medians.
"The model alone" gets tokens that lie ready, padded, in the batches that tamis makes. The plain
loops take texts as they come, 32 at a time; `encode` of sentence-transformers sorts all that it is
given by their characters and takes 32 at a time. Vectors have to be the same. Three rounds of 120
texts take some four minutes of a quiet core.
Needs `pip install -c constraints-cpu.txt -e '.[semantic,semantic-onnx]'`.
"""

# ruff: noqa: E402  (threads are counted when numpy is imported)

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from semantic import _texts

from tamis import text
from tamis.text.encoders import TOKENS
from tamis.text.length_batches import Batches
from tamis.text.models import onnx_encoder, sentence_encoder
from tamis.text.pooling import pooled

Contenders = dict[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=120)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    texts = _texts(chosen.texts)
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    report("minilm (torch, float32)", whole(texts), chosen.rounds)
    report("minilm-int8 (onnxruntime)", small(texts), chosen.rounds)


def whole(texts: list[str]) -> Contenders:
    encoder = sentence_encoder("minilm", None, "cpu", "float32", None, None)
    own, tokenizer = encoder.model, encoder.model.tokenizer
    limit = own.max_seq_length
    coded = tokenizer(texts, truncation=True, max_length=limit)["input_ids"]
    ready = [
        {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        for ids, mask in planned(Batches(TOKENS[0]), coded, limit)
    ]
    print(f"{len(texts)} texts, {sum(map(len, coded)):,} tokens, "
          f"with padding {sum(one['input_ids'].numel() for one in ready):,}")  # fmt: skip

    def alone() -> None:
        with torch.inference_mode():
            for given in ready:
                encoder._forward(dict(given))

    def loop() -> np.ndarray:
        found = []
        for some in thirty_two(texts):
            given = tokenizer(
                some, truncation=True, max_length=limit, padding=True, return_tensors="pt"
            )
            with torch.inference_mode():
                found.append(encoder._forward(dict(given)).numpy())
        return np.concatenate(found)

    return {
        "tamis": lambda: vectors(texts, model="minilm", precision="float32", device="cpu"),
        "the model alone, batches ready": alone,
        "encode of sentence-transformers": lambda: own.encode(texts, batch_size=32),
        "loop of 32 in data order": loop,
    }


def small(texts: list[str]) -> Contenders:
    encoder = onnx_encoder("minilm-int8", None, None, ())
    limit = encoder.made.tokens
    coded = [one.ids for one in encoder._coded(texts, limit)]
    ready = list(planned(encoder.batches, coded, limit))

    def alone() -> None:
        for given in ready:
            encoder._states(*given)

    def loop() -> np.ndarray:
        found = []
        for some in thirty_two(texts):
            ids, mask = padded([one.ids for one in encoder._coded(some, limit)])
            found.append(pooled(encoder._states(ids, mask), mask, encoder.made))
        return np.concatenate(found)

    return {
        "tamis": lambda: vectors(texts, model="minilm-int8"),
        "its session alone, texts ready": alone,
        "loop of 32 in data order": loop,
    }


def report(what: str, contenders: Contenders, rounds: int) -> None:
    spent: dict[str, list[float]] = {key: [] for key in contenders}
    found: dict[str, object] = {}
    for _ in range(rounds):
        for key, run in contenders.items():
            start = time.process_time()
            found[key] = run()
            spent[key].append(time.process_time() - start)
    for key, one in found.items():
        close = 2e-2 if "int8" in what else 1e-4  # scales by all that is given, in the loop
        assert one is None or np.abs(np.asarray(one) - found["tamis"]).max() < close, key
    first = statistics.median(spent["tamis"])
    print(f"\n| {what} | CPU s | over tamis |\n|---|---|---|")
    for key, times in spent.items():
        middle = statistics.median(times)
        print(f"| {key} | {middle:.2f} | {middle / first:.2f} |", flush=True)


def vectors(texts: list[str], **settings: object) -> np.ndarray:
    return np.stack([np.asarray(one) for one in text.embedding(texts, **settings)])


def planned(
    batches: Batches, coded: list[list[int]], limit: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The arrays of all batches."""
    for rows, width in batches.plan(np.array([len(ids) for ids in coded]), limit):
        yield batches.padded([coded[row] for row in rows], width)


def thirty_two(texts: list[str]) -> list[list[str]]:
    return [texts[at : at + 32] for at in range(0, len(texts), 32)]


def padded(some: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    ids = np.zeros((len(some), max(map(len, some))), np.int64)
    mask = np.zeros_like(ids)
    for row, one in enumerate(some):
        ids[row, : len(one)], mask[row, : len(one)] = one, 1
    return ids, mask


if __name__ == "__main__":
    main()
