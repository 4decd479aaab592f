"""Embeddings of clips: those of their frames, pooled."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.framewise.embedded import EmbeddedFrames
from tamis.image.embedding import Storage
from tamis.image.encoders import unit
from tamis.op import measure


@measure(dtype="{storage}[{dimensions}]", heavy=True, namespace="video")
def embedding(
    embedded_frames: EmbeddedFrames,
    *,
    dimensions: int = 1280,
    storage: Storage = "float32",
    normalize: bool = True,
) -> np.ndarray:
    """The embedding of a clip: the mean of those of its frames, brought to length 1.

    `model`, `weights`, `revision`, `batch`, `precision` and `device` are those of
    `image.embedding` (the default comes with its package: 1280 numbers, nothing is downloaded).
    Frames are `fps` a second, at most `max_frames`, or `of="keyframes"`, reduced to `short_side`
    pixels, which must be as many as the model sees. Each frame's vector is brought to length 1
    before the mean is taken, so all count alike; `normalize=False` keeps the length of that mean,
    from 0 to 1: how much the frames resemble each other. It says nothing of their order.
    Unreadable videos have none. Needs `pip install 'tamis[video,image-models]'`.
    Source of the pooling: H. Luo et al., "CLIP4Clip", 2021 (mean pooling).

    >>> import tamis
    >>> step = tamis.Score("video.embedding", fps=0.5)
    """
    found = np.full((len(embedded_frames), dimensions), np.nan, np.float32)
    for row, vectors in enumerate(embedded_frames.of_all()):
        if vectors is None:
            continue
        if vectors.shape[1] != dimensions:
            raise SettingError(
                f"the model {embedded_frames.name!r} gives {vectors.shape[1]} numbers; "
                f"pass dimensions={vectors.shape[1]}"
            )
        found[row] = unit(vectors.astype(np.float64)).mean(axis=0)
    return unit(found) if normalize else found
