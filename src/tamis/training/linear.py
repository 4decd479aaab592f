"""Linear classifiers of embeddings: logistic regression, of several labels softmax regression."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.regression import fit_logistic, fit_softmax
from tamis.sets.keys import keys
from tamis.steps import Score
from tamis.tensor_files import write_safetensors
from tamis.text.linear_file import linear
from tamis.training.labelled import counted, gathered, named, parts, unjudged
from tamis.training.metrics import Trained, check_precision, measured
from tamis.vectors import GOOD, read_vectors
from tamis.version import VERSION


class _Piece(NamedTuple):
    """What a partition gives: rows with a vector and a label."""

    key: np.ndarray
    vectors: np.ndarray
    labels: pd.Series
    held: np.ndarray


def train_linear(
    frame: Any,
    *,
    output: str | Path,
    on: str | Score = "embedding",
    label: str = "label",
    by: Any = None,
    share: float = 0.9,
    precision: float | None = None,
    seed: int = 1992,
    penalty: float = 1.0,
    normalize: bool = True,
) -> Trained:
    """Train a linear classifier on labelled embeddings and write it as a `.safetensors` file.

    `frame` (pandas or Dask) has columns `id` and `label`, and a column of vectors `on`, or `on` is
    a step that makes them, such as `Score(text.embedding)`; the file then says how they are made.
    Embeddings may be of any model and medium, and are brought into memory, with length 1
    (`normalize`). Two labels are told apart by logistic, more by softmax regression; `penalty`
    times half the squared weights is added to the sum of the losses, as in scikit-learn
    (`C = 1 / penalty`). `label`, `by`, `share`, `precision`, `seed` as for `tamis.train_fasttext`.

    `text.linear_score` and `text.linear_label` read the file; of two labels `image.head` does, too,
    and gives the score of the second. Labels come in the order of their names. The metadata of the
    file hold the settings and what was measured, as JSON. The same records, in any order and
    partitions, give the same file.

    >>> import tempfile
    >>> rows = pd.DataFrame({"embedding": [[1.0, 0], [0.9, 0.1], [0, 1.0], [0.1, 0.9]] * 10,
    ...                      "label": ["cat", "cat", "dog", "dog"] * 10, "id": range(40)})
    >>> made = train_linear(rows, output=tempfile.mkdtemp() + "/cats.safetensors")
    >>> made.labels, made.held_out.accuracy
    (('cat', 'dog'), 1.0)
    """
    what = "train_linear"
    check_precision(what, precision)
    if not str(output).endswith(".safetensors"):
        raise SettingError(f"{what}: output={str(output)!r} has to end with .safetensors")
    if isinstance(penalty, bool) or not penalty > 0:
        raise SettingError(f"{what}: penalty={penalty!r} is not above 0")
    column = on.name if isinstance(on, Score) else on
    made_by = json.dumps(on.to_dict(), sort_keys=True) if isinstance(on, Score) else ""
    pieces: list[_Piece] = gathered(
        [_task(part, label, column) for part in parts(what, frame, on, label, by, share, seed)]
    )
    key = np.concatenate([piece.key for piece in pieces])
    order = np.argsort(key, kind="stable")
    vectors = np.concatenate([p.vectors for p in pieces if len(p.key)] or [np.zeros((0, 1))])[order]
    labels = pd.concat([piece.labels for piece in pieces], ignore_index=True).iloc[order]
    held = np.concatenate([piece.held for piece in pieces])[order]
    counts = counted(what, label, labels[~held])
    names = tuple(sorted(counts.index))
    truth = pd.Categorical(labels, names).codes.astype(np.int64)
    x = vectors.astype(np.float64)
    if normalize:
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    weight, bias = _fit(x[~held], truth[~held], len(names), penalty)
    tensors = {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}
    told = {
        "made_by": f"tamis {VERSION}, train_linear",
        "kind": "logistic" if len(names) == 2 else "softmax",
        "labels": json.dumps(names, ensure_ascii=False),
        "normalize": "yes" if normalize else "no",
        "rows": json.dumps({name: int(counts[name]) for name in names}, ensure_ascii=False),
        "embedding": made_by,
        "settings": json.dumps(
            {"on": column, "label": label, "by": None if by is None else str(by), "share": share,
             "seed": seed, "penalty": penalty}, ensure_ascii=False,
        ),
    }  # fmt: skip
    _write(Path(output), tensors, told)
    judged = held & (truth >= 0)
    held_out = None
    if judged.any():
        scores = linear(str(output))(vectors[judged])
        held_out = measured(truth[judged], scores, names, precision)
        _write(
            Path(output), tensors,
            told | {"held_out": json.dumps(held_out.to_dict(), ensure_ascii=False)},
        )  # fmt: skip
    else:
        unjudged(what, by, share)
    return Trained(str(output), names, int((~held).sum()), held_out)


def _fit(
    x: np.ndarray, truth: np.ndarray, count: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    if count == 2:
        weight, bias = fit_logistic(x, truth.astype(np.float64), penalty)
        return weight[None], np.array([bias])
    return fit_softmax(x, truth, count, penalty)


def _write(file: Path, tensors: dict[str, np.ndarray], told: dict[str, str]) -> None:
    """Write under another name, then put in place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        write_safetensors(draft, tensors, told)
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _task(part: Any, label: str, column: str) -> Any:
    import dask

    return dask.delayed(_piece, pure=True)(part, label, column)


def _piece(rows: pd.DataFrame, label: str, column: str) -> _Piece:
    read = read_vectors(rows["value"].rename(column))
    there = read.state == GOOD
    rows = rows[there]
    return _Piece(
        keys(rows, 0, "train_linear"), read.values[there],
        named("train_linear", label, rows["label"]).astype(STRING), rows["held"].to_numpy(bool),
    )  # fmt: skip
