"""What a document holds as a whole: its images, its texts, its words. Every row of it gets that."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.interleaved.documents import Documents
from tamis.op import measure
from tamis.text.views import Words

_INFINITE = float("inf")


@measure(dtype="Int64", range=(0, _INFINITE), whole="parent_id")
def image_count(document_of: Documents, modality: pd.Series) -> np.ndarray:
    """How many images a document has, of those that no filter before has dropped."""
    return document_of.sums(_are(modality, "image"))


@measure(dtype="Int64", range=(0, _INFINITE), whole="parent_id")
def text_count(document_of: Documents, modality: pd.Series) -> np.ndarray:
    """How many texts a document has, of those that no filter before has dropped."""
    return document_of.sums(_are(modality, "text"))


@measure(dtype="Int64", range=(0, _INFINITE), whole="parent_id")
def document_words(
    document_of: Documents, modality: pd.Series, words: Words, *, language: str = "en"
) -> np.ndarray:
    """How many words the texts of a document have together; words as in `text.word_count`."""
    return document_of.sums(_word_counts(modality, words))


@measure(dtype="float64", range=(0, _INFINITE), whole="parent_id")
def images_per_word(
    document_of: Documents, modality: pd.Series, words: Words, *, language: str = "en"
) -> np.ndarray:
    """Images of a document divided by the words of its texts; infinite where it has no word.

    0 where it has neither. NeMo Curator's image-to-text ratio filter keeps what lies in bounds
    that its user gives: 0 and infinity by default.
    """
    images = document_of.sums(_are(modality, "image"))
    found = document_of.sums(_word_counts(modality, words))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(images == 0, 0.0, images / found)


def _are(modality: pd.Series, name: str) -> np.ndarray:
    return (modality == name).fillna(False).to_numpy(bool)


def _word_counts(modality: pd.Series, words: Words) -> np.ndarray:
    return np.where(_are(modality, "text"), words.counts, 0)
