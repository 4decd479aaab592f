"""What a linear classifier, trained on labelled embeddings, says of a row by its embedding."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.op import measure
from tamis.text.language import check_label
from tamis.text.linear_file import Linear, linear
from tamis.vectors import GOOD, read_vectors


@measure(dtype="string")
def linear_label(embedding: pd.Series, *, weights: str) -> np.ndarray:
    """The likeliest label of a row by its embedding, of a column that is already there.

    `weights` is a file that `tamis.train_linear` wrote, from embeddings of the same model, of
    whatever medium. Rows without an embedding have none. No package is needed.
    """
    made = linear(weights)
    rows, scores = _scores("linear_label", embedding, weights, made)
    found = np.full(len(embedding), None, object)
    found[rows] = np.array(made.labels, object)[scores.argmax(axis=1)]
    return found


@measure(dtype="float64", range=(0, 1))
def linear_score(embedding: pd.Series, *, weights: str, label: str | None = None) -> np.ndarray:
    """How likely a label is for a row by its embedding: 0 to 1.

    `weights` as for `text.linear_label`. Of two labels `label` may be left out: it is then the
    second, of which the file's metadata tell (`True` of booleans, `1` of numbers).
    """
    made = linear(weights)
    if label is None and len(made.labels) != 2:
        raise SettingError(f"linear_score: say which label=, of {', '.join(made.labels)}")
    label = made.labels[1] if label is None else label
    check_label("linear_score", "label", label, made.labels)
    rows, scores = _scores("linear_score", embedding, weights, made)
    found = np.full(len(embedding), np.nan)
    found[rows] = scores[:, made.labels.index(label)]
    return found


def _scores(
    what: str, embedding: pd.Series, weights: str, made: Linear
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have an embedding, and how likely each label is for them."""
    vectors = read_vectors(embedding)
    rows = np.flatnonzero(vectors.state == GOOD)
    width = made.weight.shape[1]
    if rows.size and width != vectors.values.shape[1]:
        raise SettingError(
            f"{what}: {weights} is for embeddings of {width} numbers; the column "
            f"{embedding.name!r} has {vectors.values.shape[1]}"
        )
    if not rows.size:
        return rows, np.empty((0, len(made.labels)))
    return rows, made(vectors.values[rows])
