"""Heads trained from labelled rows: logistic and ridge regression on embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, DataError, SettingError
from tamis.regression import fit_logistic, fit_ridge
from tamis.spelling import no_column
from tamis.tensor_files import write_safetensors
from tamis.vectors import GOOD, read_vectors

FOLDS = 5


class Trained(NamedTuple):
    """A head that was written. `held_out` is how good it is on rows it was not fitted to.

    That is the area under the ROC curve for labels (0.5: as good as chance), and the correlation
    with the labels for numbers; NaN with fewer than five rows of each kind.
    """

    weights: str
    rows: int
    held_out: float


def train_head(
    frame: Any,
    *,
    output: str | Path,
    on: str = "embedding",
    label: str = "label",
    kind: Literal["logistic", "ridge"] = "logistic",
    positive: Any = None,
    penalty: float = 1.0,
    normalize: bool = True,
) -> Trained:
    """Fit a head to labelled embeddings and write it to `output`, for `tamis.image.head`.

    `frame` (pandas or Dask; it is brought into memory) has a column of vectors, of any model and
    medium, and one of labels: booleans, 0 and 1, or any values of which `positive` is the one to
    find (`kind="logistic"`: the score is its probability), or numbers (`kind="ridge"`). Rows whose
    label or vector is null are left out. `penalty` times half the squared weights is added to the
    sum of the losses, as in scikit-learn (`C = 1 / penalty`, `alpha = penalty`); the intercept is
    free. The same rows in the same order give the same bytes.

    >>> import tempfile
    >>> rows = pd.DataFrame({"embedding": [[1.0, 0], [0.9, 0.1], [0, 1.0], [0.1, 0.9]] * 5,
    ...                      "label": ["cat", "cat", "dog", "dog"] * 5})
    >>> file = tempfile.mkdtemp() + "/cats.safetensors"
    >>> train_head(rows, output=file, positive="cat").held_out
    1.0
    """
    if not str(output).endswith(".safetensors"):
        raise SettingError(f"output={str(output)!r}: a head is written as .safetensors")
    if penalty <= 0:
        raise SettingError(f"penalty={penalty} must be more than 0")
    vectors, labels = _labelled(frame, on, label, kind, positive)
    if normalize:
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    fit = fit_logistic if kind == "logistic" else fit_ridge
    weight, bias = fit(vectors, labels, penalty)
    held_out = _held_out(vectors, labels, penalty, kind)
    told = {
        "made_by": "tamis.image.train_head",
        "kind": kind,
        "normalize": "yes" if normalize else "no",
        "rows": str(len(labels)),
        "held_out": f"{held_out:.6f}",
        "positive": str(positive),
    }
    tensors = {"weight": weight[None].astype(np.float32), "bias": np.array([bias], np.float32)}
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    write_safetensors(Path(output), tensors, told)
    return Trained(str(output), len(labels), held_out)


def _labelled(
    frame: Any, on: str, label: str, kind: str, positive: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors and the labels (0 and 1, or numbers) of the rows that have both."""
    for column in (on, label):
        if column not in frame.columns:
            raise ColumnError(f"train_head: {no_column(column, frame.columns)}")
    rows = frame[[on, label]]
    rows = rows.compute() if hasattr(rows, "compute") else rows
    read = read_vectors(rows[on])
    there = (read.state == GOOD) & rows[label].notna().to_numpy()
    told = rows[label][there]
    if kind == "ridge":
        numbers = pd.to_numeric(told, errors="coerce").to_numpy(np.float64)
        if not len(numbers) or not np.isfinite(numbers).all():
            raise DataError(f"train_head: ridge regression needs numbers in {label!r}")
        return read.values[there].astype(np.float64), numbers
    if positive is not None:
        chosen = (told == positive).to_numpy(bool)
    elif set(told.unique()) <= {0, 1}:
        chosen = told.to_numpy(bool)
    else:
        raise SettingError(
            f"train_head: {label!r} has {', '.join(map(repr, told.unique()[:5]))}; say which one "
            "to find, positive=…"
        )
    if not 0 < chosen.sum() < len(chosen):
        raise DataError(f"train_head: {len(chosen)} labelled rows, {chosen.sum()} of them positive")
    return read.values[there].astype(np.float64), chosen.astype(np.float64)


def _held_out(x: np.ndarray, y: np.ndarray, penalty: float, kind: str) -> float:
    """How well rows are told by heads fitted to the four other fifths."""
    fold = np.empty(len(y), np.intp)
    for group in [y == 0, y == 1] if kind == "logistic" else [np.ones(len(y), bool)]:
        if group.sum() < FOLDS:
            return float("nan")
        fold[group] = np.arange(group.sum()) % FOLDS
    fit = fit_logistic if kind == "logistic" else fit_ridge
    said = np.empty(len(y))
    for number in range(FOLDS):
        left = fold == number
        weight, bias = fit(x[~left], y[~left], penalty)
        said[left] = x[left] @ weight + bias
    if kind == "ridge":
        return float(np.corrcoef(said, y)[0, 1])
    rank = pd.Series(said).rank().to_numpy()
    ones = y.sum()
    return float((rank[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))
