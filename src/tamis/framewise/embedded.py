"""What a model of images makes of the frames of videos: computed when asked for, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.image.embedding import BATCH, Precision, model_packages, needs_side
from tamis.media.ahead import ahead, following
from tamis.media.computed import Answers
from tamis.media.pointers import ROWS
from tamis.op import view
from tamis.video.frame_blocks import FrameBlocks
from tamis.video.frames import Frames
from tamis.video.views import SIDE

Of = Literal["clip_frames", "keyframes"]


@view(rows=ROWS, needs=model_packages)
def embedded_frames(
    clip_frames: Any,
    keyframes: Any,
    *,
    of: Of = "clip_frames",
    model: str = "efficientnet-lite0",
    weights: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    batch: int = BATCH,
    precision: Precision = "auto",
    device: str | None = None,
    short_side: int | None = SIDE,
) -> EmbeddedFrames:
    """What a model makes of frames, computed once for all measures that ask the same model."""

    def load() -> Any:
        from tamis.image.models import picture_model

        loaded = picture_model(model, weights, revision, device, precision, trust_remote_code)
        try:
            needs_side(model, loaded.side, short_side)
        except SettingError as error:
            raise SettingError(str(error).replace("side=", "short_side=")) from None
        return loaded

    return EmbeddedFrames(clip_frames if of == "clip_frames" else keyframes, load, batch, model)


class EmbeddedFrames(Answers):
    """The vectors of the frames of each row, [frames, width], None where there is no frame.

    A batch may hold frames of several clips. While the model computes one, the clips of the next
    are decoded by other threads: as many as a batch takes, so that neither waits for the other; of
    more than the two no pixel is waiting. Of a clip with more frames than can be held a block is.
    """

    def __init__(self, clips: Any, load: Callable[[], Any], batch: int, name: str) -> None:
        if batch < 1:
            raise SettingError(f"batch={batch}: at least one frame is computed at a time")
        super().__init__(len(clips), name)
        self._clips, self._load, self._batch = clips, load, batch

    def model(self) -> Any:
        """The model."""
        return self._load()

    def _compute(self, rows: list[int]) -> None:
        self._found.update(dict.fromkeys(rows))
        first = next((k for k, row in enumerate(rows) if self._clips[row] is not None), None)
        if first is None:
            return  # nothing to see: no model is loaded
        rows = rows[first:]
        model = self._load()

        def prepared(frames: Frames) -> list[np.ndarray]:
            return [model.prepare(picture) for picture in frames.pixels]

        def prepare(clip: Frames | FrameBlocks) -> Iterable[list[np.ndarray]]:
            return [prepared(clip)] if isinstance(clip, Frames) else map(prepared, clip)

        answers: dict[int, list[np.ndarray]] = {}
        waiting: list[tuple[int, np.ndarray]] = []
        frames, clips = 0, 0  # so far: how many clips fill a batch

        def room() -> int:
            return max(1, self._batch * clips // frames) if frames else 1

        for row, ready in zip(rows, ahead(self._clips, prepare, rows, room), strict=True):
            clips += 1
            blocks = ready if ready is None or isinstance(ready, list) else following(iter(ready))
            try:
                for block in blocks or ():
                    frames += len(block)
                    waiting += [(row, one) for one in block]
                    while len(waiting) >= self._batch:
                        _answer(model, waiting[: self._batch], answers)
                        del waiting[: self._batch]
            except BadRecord as bad:  # of a clip in blocks, which ends early
                self._clips.refuse(row, bad)
                waiting = [one for one in waiting if one[0] != row]
                answers.pop(row, None)
        if waiting:
            _answer(model, waiting, answers)
        self._found.update({row: np.stack(vectors) for row, vectors in answers.items()})


def _answer(
    model: Any, batch: list[tuple[int, np.ndarray]], answers: dict[int, list[np.ndarray]]
) -> None:
    vectors = model.compute([one for _, one in batch])
    for (row, _), vector in zip(batch, vectors, strict=True):
        answers.setdefault(row, []).append(vector)
