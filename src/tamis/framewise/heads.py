"""Scores of frames by small networks on their embeddings, such as LAION's aesthetic predictor."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.framewise.embedded import EmbeddedFrames
from tamis.image.heads import open_head
from tamis.op import measure
from tamis.video.taking import taken


@measure(heavy=True, namespace="video")
def frame_head(
    embedded_frames: EmbeddedFrames,
    *,
    head: str,
    take: str = "mean",
    normalize: bool | None = None,
) -> np.ndarray:
    """The score that a small network gives the frames of a clip: the mean, smallest or largest.

    `head` is a file as `image.head` takes it (LAION's aesthetic predictors and NSFW detectors, or
    what `image.train_head` wrote), for the embeddings of `model`. Frames are chosen as for
    `video.embedding` and computed once for both. `take` is "mean", "min", "max" or "median":
    NeMo Curator takes the smallest aesthetic score or the mean of a frame a second, and keeps 0.5
    (its benchmarks: 3.5) and more. Unreadable videos have none.

    >>> import tamis
    >>> step = tamis.Score("video.frame_head", name="aesthetic", head="linear.pth", take="min",
    ...                    model="open_clip:ViT-L-14-quickgelu", weights="vit-l-14.safetensors")
    """
    taken(np.zeros(1), take)  # says what is wrong with it
    found = np.full(len(embedded_frames), np.nan)
    clips = embedded_frames.of_all()
    rows = [row for row, vectors in enumerate(clips) if vectors is not None]
    if not rows:
        return found
    small = open_head(head)
    small = small if normalize is None else small._replace(normalize=normalize)
    for row in rows:
        if small.width != clips[row].shape[1]:
            raise SettingError(
                f"frame_head: {head} is for embeddings of {small.width} numbers; the model "
                f"{embedded_frames.name!r} gives {clips[row].shape[1]}"
            )
        found[row] = taken(np.asarray(small(clips[row])), take)
    return found
