"""Classification by fastText's models: the scores of all labels, for many texts at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import fasttext as kernel
from tamis.resources import resource
from tamis.text.fasttext_file import Model, load
from tamis.text.views import arrays

MARKS = np.frombuffer(b"</s> __label__", np.uint8)
_REMEMBERED = 1 << 21  # numbers of vectors of words that a call may remember
_BLOCK = 4096  # texts whose labels are scored at a time
_SMALLEST = 1e-5  # what fastText adds to a probability, and the least that it gives


class Seen(NamedTuple):
    """The mean vectors of those texts (`rows` of `texts`) in which a model sees something at all.

    What is less likely than 1e-5 is given as 0. Scores are worked out for some texts at a time,
    since there may be thousands of labels.
    """

    classifier: Classifier
    rows: np.ndarray
    vectors: np.ndarray
    texts: int

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.labels

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows, and how likely each label is for each of them: float32 of [rows, labels]."""
        for first in range(0, len(self.rows), _BLOCK):
            some = slice(first, first + _BLOCK)
            found = self.classifier.likely(self.vectors[some]).astype(np.float32)
            found[found < _SMALLEST] = 0
            yield self.rows[some], np.minimum(found, 1, out=found)

    def top(self) -> tuple[np.ndarray, np.ndarray]:
        """Per text the likeliest label (None where nothing is seen) and how likely it is."""
        names, scores = np.full(self.texts, None, object), np.zeros(self.texts)
        for rows, likely in self.blocks():
            best = likely.argmax(axis=1)
            names[rows] = np.array(self.labels, object)[best]
            scores[rows] = likely[np.arange(len(rows)), best]
        return names, scores

    def score(self, label: str) -> np.ndarray:
        """Per text how likely this label is; 0 where nothing is seen."""
        scores, which = np.zeros(self.texts), self.labels.index(label)
        for rows, likely in self.blocks():
            scores[rows] = likely[:, which]
        return scores

    def several(self, most: int, least: float) -> np.ndarray:
        """Per text the likeliest labels, at most so many, each at least so likely, by blanks."""
        names = np.full(self.texts, None, object)
        for rows, likely in self.blocks():
            order = np.argsort(-likely, axis=1, kind="stable")[:, :most]
            for row, some, scores in zip(rows, order, likely, strict=True):
                names[row] = " ".join(self.labels[k] for k in some if scores[k] >= least)
        return names


class Classifier(NamedTuple):
    """A model, and for one trained with a hierarchical softmax its tree.

    `tree` has for each inner node, the root first, its row of the output matrix, itself, and its
    children on the left and on the right, labels being the nodes before the inner ones.
    """

    model: Model
    tree: np.ndarray

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.labels

    def see(self, utf8: Texts) -> Seen:
        """What the model sees of texts, newlines being spaces."""
        model, data = self.model, arrays(utf8)
        width = model.rows.shape[1]
        sums = np.zeros((len(utf8.valid), width))
        counts = np.empty(len(sums), np.int64)
        room = 1 << max(4, (_REMEMBERED // width).bit_length() - 1)
        shape = np.array([*model.shape, room], np.int64)
        kernel.hidden(
            *data, model.names, model.offsets, model.kinds, model.slots, model.buckets, model.rows,
            shape, MARKS, sums, counts,
        )  # fmt: skip
        rows = np.flatnonzero(counts)
        return Seen(self, rows, (sums[rows] / counts[rows, None]).astype(np.float32), len(sums))

    def likely(self, vectors: np.ndarray) -> np.ndarray:
        """How likely each label is for mean vectors: [rows, labels]."""
        outputs = vectors @ self.model.output.T
        if self.model.loss == "softmax":
            outputs -= outputs.max(axis=1, keepdims=True, initial=-np.inf)
            likely = np.exp(outputs)
            return likely / likely.sum(axis=1, keepdims=True) + _SMALLEST
        if self.model.loss != "hierarchical":
            # the library looks sigmoids up, in steps of a 32nd from -8 to 8
            steps = np.floor(np.clip(outputs, -8, 8) * 32) / 32
            likely = np.where(outputs < -8, 0, 1 / (1 + np.exp(-steps)))
            return np.where(outputs > 8, 1, likely) + _SMALLEST
        with np.errstate(over="ignore"):  # of what is next to impossible: 1 / inf
            likely = 1 / (1 + np.exp(-outputs))
        count = len(self.labels)
        logs = np.zeros((2 * count - 1, len(outputs)), np.float64)
        with np.errstate(under="ignore"):
            for row, node, left, right in self.tree:
                logs[left] = logs[node] + np.log(1 - likely[:, row] + _SMALLEST)
                logs[right] = logs[node] + np.log(likely[:, row] + _SMALLEST)
            return np.exp(logs[:count].T)


def classifier(file: str) -> Classifier:
    """The model in a file, loaded once per process; anew when the file has changed."""
    try:
        status = os.stat(file)
    except OSError:
        raise SettingError(
            f"model={file!r} is no file; give the path of a fastText model"
        ) from None
    return _classifier(file, status.st_mtime_ns, status.st_size)


@resource
def _classifier(file: str, changed: int, size: int) -> Classifier:
    model = load(file)
    tree = _tree(model.label_counts) if model.loss == "hierarchical" else np.empty((0, 4), np.int64)
    return Classifier(model, tree)


def _tree(label_counts: np.ndarray) -> np.ndarray:
    """The Huffman tree of labels that come by falling counts, built as fastText builds it."""
    count = len(label_counts)
    weights = np.full(2 * count - 1, int(1e15), np.int64)
    weights[:count] = label_counts
    found, leaf, node = [], count - 1, count
    for parent in range(count, 2 * count - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(node)
                node += 1
        weights[parent] = weights[pair].sum()
        found.append((parent - count, parent, *pair))
    return np.array(found[::-1], np.int64).reshape(-1, 4)
