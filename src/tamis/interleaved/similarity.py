"""How well an image fits its document: the best similarity with one of its texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.image.computed import Computed, seen
from tamis.image.encoders import unit
from tamis.image.similarity import text_side
from tamis.interleaved.documents import Documents
from tamis.op import measure
from tamis.vectors import GOOD, read_vectors


class Embedded(NamedTuple):
    """The rows that have a direction, and their vectors, of length 1."""

    rows: np.ndarray
    vectors: np.ndarray


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
    float32. `interleaved.clip_score` computes the embeddings, too.
    """
    return _best(
        document_of,
        _of_column(image_embedding, _rows(document_of, modality, "image")),
        _of_column(text_embedding, _rows(document_of, modality, "text")),
    )


@measure(dtype="float64", range=(-1, 1), whole="parent_id", heavy=True)
def clip_score(
    document_of: Documents,
    modality: pd.Series,
    text: pd.Series,
    embedded: Computed,
    *,
    prefix: str = "",
) -> np.ndarray:
    """The highest cosine of an image and any text of its document, by a model that embeds both.

    NeMo Curator's interleaved CLIP-score filter keeps images from 0.15 on (CLIP ViT-L-14). `model`
    and what belongs to it are as in `image.clip_score`; of a text longer than the model reads the
    beginning is compared (CLIP: 77 tokens). Null for rows of other modalities, for unreadable
    images, and in documents without text. Source: A. Radford et al., 2021.
    """
    told = text.str.strip().fillna("").astype(bool).to_numpy()
    texts = _rows(document_of, modality, "text")
    texts = texts[told[texts]]
    images = _rows(document_of, modality, "image")
    images = images[np.isin(document_of.number[images], document_of.number[texts])]
    rows, vectors = seen(embedded.take(images))
    if not rows.size:
        return np.full(len(text), np.nan)
    images = images[rows]
    texts = texts[np.isin(document_of.number[texts], document_of.number[images])]
    encoded = text_side(embedded).encode([prefix + value for value in text.iloc[texts]])
    return _best(
        document_of,
        Embedded(images, unit(vectors.astype(np.float32))),
        Embedded(texts, unit(np.asarray(encoded, np.float32))),
    )


def _best(document_of: Documents, images: Embedded, texts: Embedded) -> np.ndarray:
    """For each image the highest cosine with a text of its document; NaN elsewhere."""
    found = np.full(len(document_of.number), np.nan)
    if not len(images.rows) or not len(texts.rows):
        return found
    own_texts = dict(_groups(document_of.number[texts.rows]))
    for document, own in _groups(document_of.number[images.rows]):
        if document in own_texts:
            cosines = images.vectors[own] @ texts.vectors[own_texts[document]].T
            found[images.rows[own]] = cosines.max(axis=1)
    return np.clip(found, -1, 1)


def _rows(document_of: Documents, modality: pd.Series, name: str) -> np.ndarray:
    wanted = (modality == name).fillna(False).to_numpy(bool)
    return np.flatnonzero(wanted & (document_of.number >= 0))


def _of_column(column: pd.Series, rows: np.ndarray) -> Embedded:
    if not len(rows):
        return Embedded(rows, np.zeros((0, 0), np.float32))
    vectors = read_vectors(column.iloc[rows])
    good = vectors.state == GOOD
    return Embedded(rows[good], unit(vectors.values[good].astype(np.float32)))


def _groups(numbers: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each number with the places where it stands."""
    order = np.argsort(numbers, kind="stable")
    ends = np.flatnonzero(np.diff(numbers[order])) + 1
    return [(int(numbers[own[0]]), own) for own in np.split(order, ends)]
