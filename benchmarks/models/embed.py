"""Embeddings of text: tamis beside the model's own rate on the same batches, and plain loops.

    python benchmarks/models/embed.py [--rounds 3] [--texts 600] [--only crawl|mixed]

Two sets: pages and paragraphs of the demo's crawl as they come, and texts of 20 to 3,000
characters, which nearly all fill what the model reads. One thread (set before numpy and torch are
imported), CPU seconds; tamis and the model take turns, every other round from the last to the
first; the others are asked in the first round alone. A ratio is the median of the rounds' ratios;
what neighbours on the machine cannot blur is the share of tamis' own CPU time that is spent in the
model, which is printed, too. "The model alone" gets tokens that lie ready, padded, in the
batches that tamis makes. The plain loops take texts as they come, 32 at a time; `encode` of
sentence-transformers sorts all that it is given by their characters and takes 32 at a time. Vectors
have to be the same.
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
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import numpy as np
import torch
from classify import corpora
from semantic import _texts

from tamis import text
from tamis.text.encoders import TOKENS
from tamis.text.length_batches import Batches
from tamis.text.models import onnx_encoder, sentence_encoder
from tamis.text.pooling import pooled

Contenders = dict[str, Callable[[], object]]
INSIDE = [0.0]  # CPU seconds in the model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--only", choices=("crawl", "mixed"))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    sets = {
        "crawl": lambda: corpora(chosen.texts)["pages and paragraphs"],
        "mixed": lambda: _texts(chosen.texts // 4),
    }
    for name, make in sets.items():
        if chosen.only in (None, name):
            texts = make()
            print(f"\n{name}; load {os.getloadavg()[0]:.1f}", flush=True)
            report(f"{name}: minilm (torch, float32)", whole(texts), chosen.rounds)
            report(f"{name}: minilm-int8 (onnxruntime)", small(texts), chosen.rounds)


def whole(texts: list[str]) -> Contenders:
    encoder = sentence_encoder("minilm", None, "cpu", "float32", None, None, False)
    encoder._forward = timed(encoder._forward)  # type: ignore[method-assign]
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
    encoder._states = timed(encoder._states)  # type: ignore[method-assign]
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
    shares: list[float] = []
    for number in range(rounds):
        turns = list(contenders.items())[: 2 if number else None]
        for key, run in turns[::-1] if number % 2 else turns:
            INSIDE[0], start = 0.0, time.process_time()
            found[key] = run()
            spent[key].append(time.process_time() - start)
            if key == "tamis":
                shares.append(INSIDE[0] / spent[key][-1])
    for key, one in found.items():
        close = 2e-2 if "int8" in what else 1e-4  # scales by all that is given, in the loop
        assert one is None or np.abs(np.asarray(one) - found["tamis"]).max() < close, key
    print(f"\n| {what} | CPU s | over tamis |\n|---|---|---|")
    for key, times in spent.items():
        ratios = [one / own for one, own in zip(times, spent["tamis"], strict=False)]
        print(f"| {key} | {statistics.median(times):.2f} | {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}) |", flush=True)  # fmt: skip
    print(f"| *the model's share of tamis' CPU time* | | {statistics.median(shares):.3f} "
          f"({min(shares):.3f} to {max(shares):.3f}) |", flush=True)  # fmt: skip


def timed(pass_: Callable[..., object]) -> Callable[..., object]:
    """A pass of the model whose CPU time is added to `INSIDE`."""

    def run(*given: object) -> object:
        start = time.process_time()
        answer = pass_(*given)
        INSIDE[0] += time.process_time() - start
        return answer

    return run


def vectors(texts: list[str], **settings: object) -> np.ndarray:
    return np.stack([np.asarray(one) for one in text.embedding(texts, **settings)])


def planned(
    batches: Batches, coded: list[list[int]], limit: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The arrays of all batches; like tamis, of what is there several times once."""
    coded = [list(one) for one in dict.fromkeys(map(tuple, coded))]
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
