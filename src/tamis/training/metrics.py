"""How good a classifier is on rows that it has not seen, and where to put a bound on its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import SettingError


class Metrics(NamedTuple):
    """Figures of held-out rows.

    `labels` has a row for each label: how many `rows` have it; `precision`, `recall` and `f1` where
    each row is given its likeliest label; `auc`, the area under the ROC curve of its score; and
    `threshold`, the suggested bound (`min=`) on its score, with the `precision_at` and `recall_at`
    it. NaN where there is nothing to tell from. `confusion` counts rows by their label (down) and
    the likeliest one (across).
    """

    accuracy: float
    labels: pd.DataFrame
    confusion: pd.DataFrame

    @property
    def rows(self) -> int:
        """How many rows these are the figures of."""
        return int(self.confusion.to_numpy().sum())

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data, as they are written beside a model; NaN as None."""
        told = {
            str(label): {k: None if v != v else v for k, v in row.items()}
            for label, row in self.labels.to_dict("index").items()
        }
        counts = self.confusion.to_numpy().tolist()
        return {
            "rows": self.rows, "accuracy": self.accuracy, "labels": told, "confusion": counts
        }  # fmt: skip


class Trained(NamedTuple):
    """A classifier that was written to `file`, from so many `rows`. `held_out`: how good it is."""

    file: str
    labels: tuple[str, ...]
    rows: int
    held_out: Metrics | None


def measured(
    truth: np.ndarray, scores: np.ndarray, labels: Sequence[str], precision: float | None = None
) -> Metrics:
    """The figures of rows whose labels are known: places in `labels`, scores of [rows, labels].

    The suggested threshold is the lowest at which `precision` is reached, or the one of the best F1
    (of equals the highest).

    >>> scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    >>> found = measured(np.array([0, 0, 1]), scores, ["a", "b"])
    >>> found.labels[["precision", "recall", "auc", "threshold"]].loc["a"].tolist()
    [1.0, 0.5, 1.0, 0.4]
    """
    count = len(labels)
    given = scores.argmax(axis=1) if len(scores) else np.empty(0, np.intp)
    confusion = np.bincount(truth * count + given, minlength=count * count).reshape(count, count)
    rows = []
    for label in range(count):
        right, own, said = (
            confusion[label, label],
            confusion[label].sum(),
            confusion[:, label].sum(),
        )
        p, r = _share(right, said), _share(right, own)
        rows.append(
            {"rows": int(own), "precision": p, "recall": r, "f1": _share(2 * right, own + said)}
            | {"auc": auc(truth == label, scores[:, label])}
            | _suggested(truth == label, scores[:, label], precision)
        )
    index = pd.Index(labels, name="label")
    return Metrics(
        _share(np.trace(confusion), len(truth)),
        pd.DataFrame(rows, index=index),
        pd.DataFrame(confusion, index=index, columns=pd.Index(labels, name="given")),
    )


def auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """The share of pairs, of a row with the label and one without, that scores put in order.

    Equal scores count half. NaN where there is no such pair.
    """
    ones = int(truth.sum())
    pairs = ones * (len(truth) - ones)
    if not pairs:
        return float("nan")
    ranks = pd.Series(scores).rank().to_numpy()
    return float((ranks[truth].sum() - ones * (ones + 1) / 2) / pairs)


def check_precision(what: str, precision: object) -> None:
    """Refuse what is no share from 0 to 1, nor None."""
    if precision is None:
        return
    if isinstance(precision, bool) or not isinstance(precision, int | float):
        raise SettingError(f"{what}: precision={precision!r} is not a number from 0 to 1")
    if not 0 < precision <= 1:
        raise SettingError(f"{what}: precision={precision!r} is not above 0, up to 1")


def _suggested(truth: np.ndarray, scores: np.ndarray, precision: float | None) -> dict[str, float]:
    """The threshold, and precision and recall of the rows that reach it."""
    nothing = dict.fromkeys(("threshold", "precision_at", "recall_at"), float("nan"))
    if not truth.any():
        return nothing
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # equal scores go together
    right = np.cumsum(truth[order])[ends]
    taken = ends + 1
    if precision is None:
        best = int(np.argmax(2 * right / (taken + truth.sum())))
    else:
        enough = np.flatnonzero(right >= precision * taken)
        if not enough.size:
            return nothing
        best = int(enough[-1])
    return {
        "threshold": float(ranked[ends[best]]),
        "precision_at": _share(right[best], taken[best]),
        "recall_at": _share(right[best], truth.sum()),
    }


def _share(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else float("nan")
