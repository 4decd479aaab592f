"""How often the n-grams of benchmarks stand in a data set, and which benchmarks are met at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import dask
import numpy as np
import pandas as pd

from tamis.decontamination.found import Found
from tamis.decontamination.step import Decontaminate
from tamis.errors import ColumnError
from tamis.frame import STRING, library
from tamis.source import sources


def matches(frame: Any, step: Decontaminate, *, more_than: int = 0) -> pd.DataFrame:
    """The n-grams that stand in a frame more often than so: `ngram`, `benchmark`, `count`.

    Most frequent first; of several benchmarks that have it the first is named. The frame is
    computed, partition by partition. What is common, such as a licence or "all of the above …", is
    no sign of a benchmark: NeMo Curator's step leaves n-grams with more than 10 matches out of
    account, `Decontaminate(…, ignore=matches(frame, step, more_than=10).ngram)`.
    """
    if library(frame) == "dask":
        parts = sources(frame) or frame.to_delayed(optimize_graph=True)
        tasks = [dask.delayed(_counted, pure=True)(part, step) for part in parts]
        counts = _summed(list(dask.compute(*tasks)))
    else:
        counts = _counted(frame, step)
    known = step.known()
    often = np.flatnonzero(counts > more_than)
    often = often[np.argsort(-counts[often], kind="stable")]
    return pd.DataFrame(
        {
            "ngram": pd.array([known.ngram(which) for which in often.tolist()], STRING),
            "benchmark": pd.array([known.benchmarks(k)[0] for k in often.tolist()], STRING),
            "count": counts[often],
        }
    )


def met(ledger: Any, name: str = "decontaminate") -> pd.DataFrame:
    """Which benchmarks a run met: `benchmark`, `documents` with an n-gram of it, `ngrams`.

    `ledger` is `run.ledger()`, or a frame that the step scored; `name` is the step's.
    """
    column = f"{name}_evidence"
    if column not in ledger.columns:
        raise ColumnError(f"met: no column {column!r}; pass name=… of the step")
    texts = ledger[column].dropna()
    texts = texts.compute() if library(ledger) == "dask" else texts
    documents: dict[str, int] = {}
    ngrams: dict[str, int] = {}
    for text in texts:
        for benchmark, count in json.loads(text)["ngrams"].items():
            documents[benchmark] = documents.get(benchmark, 0) + 1
            ngrams[benchmark] = ngrams.get(benchmark, 0) + count
    order = sorted(documents, key=lambda one: (-documents[one], one))
    return pd.DataFrame(
        {
            "benchmark": pd.array(order, STRING),
            "documents": [documents[one] for one in order],
            "ngrams": [ngrams[one] for one in order],
        }
    )


def _counted(part: Any, step: Decontaminate) -> np.ndarray:
    part = part() if callable(part) else part
    known = step.known()
    return np.bincount(Found(part[step.on], known).hits[:, 5], minlength=known.size)


def _summed(counts: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.sum(counts, axis=0, dtype=np.int64))
