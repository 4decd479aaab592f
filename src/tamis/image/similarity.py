"""How well a text fits a picture, by a model that embeds both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.image.computed import Computed, seen
from tamis.image.encoders import TextSide, unit
from tamis.media.computed import Answers
from tamis.op import measure


@measure(range=(-1, 1), heavy=True)
def clip_score(text: pd.Series, embedded: Computed, *, prefix: str = "") -> np.ndarray:
    """The cosine of a picture's embedding and its caption's: what DataComp and LAION filter by.

    LAION-400M kept 0.3 and more, LAION-2B 0.28 (both ViT-B-32), NeMo Curator keeps 0.15 of
    ViT-L-14. `model` must embed texts too: `"open_clip:ViT-B-32"` with `weights`, or
    `"sentence-transformers:…"`. A caption longer than the model reads is cut off (CLIP: 77 tokens).
    The picture's embedding is computed once for all measures that ask the same model. Captions in
    another column: `on={"text": "caption"}`. Blank captions and unreadable pictures have none.
    Source: A. Radford et al., 2021; C. Schuhmann et al., 2021.
    """
    return cosines(text, embedded, prefix)


@measure(range=(0, 2.5), heavy=True)
def clip_s(text: pd.Series, embedded: Computed, *, prefix: str = "A photo depicts ") -> np.ndarray:
    """CLIPScore as a metric of captions: 2.5 times the cosine, 0 where that is negative.

    The caption is read as "A photo depicts …". Settings as of `clip_score`.
    Source: J. Hessel et al., 2021.
    """
    return 2.5 * np.maximum(cosines(text, embedded, prefix), 0)


def cosines(text: pd.Series, embedded: Computed, prefix: str) -> np.ndarray:
    """The cosine of each row's picture and text, NaN where there is no picture or no text."""
    found = np.full(len(text), np.nan)
    wanted = np.flatnonzero(text.str.strip().fillna("").astype(bool).to_numpy())
    rows, pictures = seen(embedded.take(wanted))
    if rows.size:
        rows = wanted[rows]
        texts = text_side(embedded).encode([prefix + value for value in text.iloc[rows]])
        cosine = (unit(pictures.astype(np.float64)) * texts).sum(axis=1)
        found[rows] = np.clip(cosine, -1, 1)
    return found


def text_side(embedded: Answers) -> TextSide:
    """The half of the model that embeds texts; an error where it has none."""
    side: Any = embedded.model().text
    if side is None:
        raise SettingError(
            f"the model {embedded.name!r} embeds no texts; use one that does, such as "
            "model='open_clip:ViT-B-32' with weights=…"
        )
    return side
