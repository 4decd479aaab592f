"""How well a text fits the frames of a clip, by a model that embeds both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.framewise.embedded import EmbeddedFrames
from tamis.image.encoders import unit
from tamis.image.similarity import text_side
from tamis.op import measure
from tamis.video.taking import taken


@measure(range=(-1, 1), heavy=True, namespace="video")
def frame_text_similarity(
    text: pd.Series, embedded_frames: EmbeddedFrames, *, prefix: str = "", take: str = "mean"
) -> np.ndarray:
    """The cosines of a caption's embedding and those of a clip's frames, as one number.

    `take` is "mean", "max" (the caption fits some frame), "min" or "median". `model` must embed
    texts, as that of `image.clip_score` does; frames are chosen as for `video.embedding`, and
    computed once for both. data-juicer keeps 0.1657 and more of the mean in its recipe for text to
    video (CLIP). Captions in another column: `on={"text": "caption"}`. Blank captions and
    unreadable videos have none.
    Source: A. Radford et al., 2021.

    >>> import tamis
    >>> step = tamis.Score("video.frame_text_similarity", model="open_clip:ViT-B-32", take="max")
    """
    taken(np.zeros(1), take)  # says what is wrong with it
    found = np.full(len(text), np.nan)
    said = text.str.strip().fillna("").astype(bool).to_numpy()
    wanted = np.flatnonzero(said)
    clips = embedded_frames.of(wanted.tolist())
    seen = [k for k, vectors in enumerate(clips) if vectors is not None]
    if not seen:
        return found
    rows = wanted[seen]
    texts = text_side(embedded_frames).encode([prefix + value for value in text.iloc[rows]])
    for k, row, vector in zip(seen, rows, texts, strict=True):
        cosines = unit(clips[k].astype(np.float64)) @ vector
        found[row] = taken(np.clip(cosines, -1, 1), take)
    return found
