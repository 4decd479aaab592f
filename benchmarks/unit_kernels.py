"""Kernels of deduplication by unit on one core: megabytes of text per CPU second, in memory.

    python benchmarks/unit_kernels.py [--size s] [--megabytes 64] [--rounds 5]

Texts of a benchmark corpus (benchmarks/corpus.py) are in memory and everything is compiled before
the clock starts. After the rates, what the steps find on these texts and what comparing costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
from dedup_kernels import load

from tamis import LineDedup, ParagraphDedup, SentenceDedup, SubstringDedup
from tamis.dedup.parts import PartDedup
from tamis.frame import STRING, Texts

CCNET = ("case", "digits", "punctuation", "accents")
STEPS: dict[str, PartDedup] = {
    "lines": LineDedup(),
    "lines, as CCNet": LineDedup(ignore=CCNET, min_length=1),
    "paragraphs": ParagraphDedup(),
    "runs of 3 sentences": SentenceDedup(),
    "substrings of 50 words": SubstringDedup(),
    "substrings of 200 characters": SubstringDedup(length=200, unit="characters"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="s")
    parser.add_argument("--megabytes", type=float, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    texts = load(chosen.size, chosen.megabytes)
    size = float(texts.offsets[-1] - texts.offsets[0]) / 1e6
    frame = as_frame(texts)
    print(f"{len(frame)} texts, {size:.0f} MB\n")
    print(f"{'':30}  sketch MB/s  evidence  comparing s  marking MB/s  cut %  rows gone")
    for name, step in STEPS.items():
        sketch, sketching = best(chosen.rounds, lambda step=step: step.sketch(frame))
        proposal, proposing = best(chosen.rounds, lambda step=step, s=sketch: step.propose([s]))
        rows = step.wanted(proposal)[0]
        evidence, gathering = best(chosen.rounds, lambda step=step, r=rows: step.evidence(frame, r))
        verdicts, deciding = best(
            chosen.rounds, lambda step=step, p=proposal, e=evidence: step.decide(p, [e])
        )
        _, marking = best(
            chosen.rounds, lambda step=step, v=verdicts: step.edited(frame, v, 0, "share")
        )
        told = f"{size / gathering:8.0f}" if len(rows) else f"{'-':>8}"
        figures = step.figures(verdicts)
        cut = 100 * figures["characters_cut"] / figures["characters"]
        gone = int(np.count_nonzero(~verdicts["keep"].to_numpy()))
        print(
            f"{name:30}  {size / sketching:11.0f}  {told}  {proposing + deciding:11.2f}"
            f"  {size / marking:12.0f}  {cut:5.1f}  {gone:9}"
            f"  ({sketch.nbytes / 1e6 / size:.3f} bytes sketched a byte)"
        )


def as_frame(texts: Texts) -> pd.DataFrame:
    """The texts with ids."""
    column = pa.LargeStringArray.from_buffers(
        len(texts.valid), pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)
    )
    ids = [f"r{number}" for number in range(len(texts.valid))]
    return pd.DataFrame({"id": pd.array(ids, STRING), "text": pd.array(column, STRING)})


def best(rounds: int, call: Callable[[], object]) -> tuple:
    """The result, and the fewest CPU seconds of this thread over some rounds."""
    made, fewest = call(), float("inf")
    for _ in range(rounds):
        start = time.thread_time()
        made = call()
        fewest = min(fewest, time.thread_time() - start)
    return made, fewest


if __name__ == "__main__":
    main()
