"""How well an image fits its document: the best similarity with one of its texts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.interleaved.documents import Documents
from tamis.op import measure
from tamis.vectors import GOOD, read_vectors


@measure(dtype="float64", range=(-1, 1), whole="parent_id")
def best_text_similarity(
    document_of: Documents,
    modality: pd.Series,
    image_embedding: pd.Series,
    text_embedding: pd.Series,
) -> np.ndarray:
    """The highest cosine of an image's embedding and that of any text of its document.

    Both columns come from one model, such as CLIP; they may be one column (`on=`). Null for rows
    of other modalities, for images without an embedding or in documents without text. NeMo
    Curator's interleaved CLIP-score filter keeps images from 0.15 on. Cosines are computed in
    float32.
    """
    found = np.full(len(modality), np.nan)
    images = _embedded(document_of, modality, "image", image_embedding)
    texts = _embedded(document_of, modality, "text", text_embedding)
    if not len(images.rows) or not len(texts.rows):
        return found
    place = {int(d): k for k, d in enumerate(np.unique(document_of.number[texts.rows]))}
    by_document = np.split(*_grouped(document_of.number[texts.rows]))
    for document, own in _groups(document_of.number[images.rows]):
        if document in place:
            others = texts.values[by_document[place[document]]]
            found[images.rows[own]] = (images.values[own] @ others.T).max(axis=1)
    return np.clip(found, -1, 1)


class _Embedded:
    """The rows that have a direction, and their vectors of length 1."""

    def __init__(self, rows: np.ndarray, values: np.ndarray) -> None:
        self.rows, self.values = rows, values


def _embedded(
    document_of: Documents, modality: pd.Series, name: str, column: pd.Series
) -> _Embedded:
    wanted = (modality == name).fillna(False).to_numpy(bool)
    mine = np.flatnonzero(wanted & (document_of.number >= 0))
    if not len(mine):
        return _Embedded(mine, np.zeros((0, 0), np.float32))
    vectors = read_vectors(column.iloc[mine])
    good = vectors.state == GOOD
    values = vectors.values[good].astype(np.float32)
    values /= np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    return _Embedded(mine[good], values)


def _grouped(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(numbers, kind="stable")
    return order, np.flatnonzero(np.diff(numbers[order])) + 1


def _groups(numbers: np.ndarray) -> list[tuple[int, np.ndarray]]:
    return [(int(numbers[own[0]]), own) for own in np.split(*_grouped(numbers))]
