"""Linear classifiers of embeddings: the file that `tamis.train_linear` writes, read again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tamis.errors import DataError, SettingError
from tamis.resources import resource
from tamis.tensor_files import read_safetensors

KINDS = ("logistic", "softmax")


class Linear(NamedTuple):
    """Weights [labels or 1, width], biases, and what the labels are called.

    One row of weights is for two labels: its score is that of the second.
    """

    weight: np.ndarray
    bias: np.ndarray
    labels: tuple[str, ...]
    normalize: bool

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """How likely each label is for vectors [rows, width]: float64 of [rows, labels]."""
        values: np.ndarray = vectors.astype(np.float32)
        if self.normalize:
            length = np.linalg.norm(values, axis=1, keepdims=True)
            values = values / np.where(length == 0, 1, length)
        scores = (values @ self.weight.T + self.bias).astype(np.float64)
        if len(self.weight) == 1:
            scores = np.column_stack([np.zeros(len(scores)), scores[:, 0]])
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: np.ndarray = scores / scores.sum(axis=1, keepdims=True)
        return found


def linear(file: str) -> Linear:
    """The classifier in a file, read once per process; anew when the file has changed."""
    try:
        status = os.stat(file)
    except OSError:
        raise SettingError(
            f"weights={file!r} is no file; give the path of what tamis.train_linear wrote"
        ) from None
    made: Linear = _linear(file, status.st_mtime_ns, status.st_size)
    return made


@resource
def _linear(file: str, changed: int, size: int) -> Linear:
    tensors, told = read_safetensors(Path(file))
    try:
        weight, bias = tensors["weight"], tensors["bias"]
        labels = tuple(json.loads(told["labels"]))
        rows = 1 if len(labels) == 2 else len(labels)
        fits = weight.ndim == 2 and len(weight) == len(bias) == rows
        fits = fits and all(isinstance(label, str) for label in labels)
    except (KeyError, ValueError, TypeError):
        fits = False
    if not fits:
        raise DataError(f"{file} is no classifier with labels that tamis.train_linear wrote")
    if told.get("kind", KINDS[0]) not in KINDS:
        raise DataError(
            f"{file} holds a classifier of the kind {told['kind']!r}; read here: {', '.join(KINDS)}"
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise DataError(f"{file} holds weights that are no numbers")
    return Linear(weight, bias, labels, told.get("normalize") != "no")
