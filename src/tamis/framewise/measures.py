"""Measures of images, made of the frames of videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tamis import registry
from tamis.errors import SettingError
from tamis.image.grid import luma_of
from tamis.media.decoded import Decoded, each
from tamis.media.resizing import reduced, resize
from tamis.op import Op, measure
from tamis.video.frame_blocks import FrameBlocks, blocks_of
from tamis.video.frames import Frames
from tamis.video.taking import taken
from tamis.viewing import VIEWS, Views, leaves

_DECODER = "simplejpeg"  # of files of images; frames are decoded already
_SIDE = 256  # pixels of the short side of a thumbnail, as image measures have it
# Views of images that frames can stand for.
_PIXELS = ("picture", "luma", "thumbnail", "shrunk", "looked_at")


def _needs(settings: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The packages of the measure of images but its decoder, by the extra that brings them."""
    if not isinstance(settings.get("measure"), str):
        return {}
    op, own = measured(settings["measure"], settings["settings"])
    found: dict[str, tuple[str, ...]] = {}
    for module, extra in op.packages(own).items():
        if module != _DECODER:
            found[extra] = (*found.get(extra, ()), module)
    return found


@measure(dtype="float64", heavy=True, needs=_needs, namespace="video")
def frame_measure(
    clip_frames: Sequence[Frames | FrameBlocks | None],
    keyframes: Sequence[Frames | None],
    *,
    measure: str,
    take: str = "mean",
    of: str = "clip_frames",
    settings: tuple[str, ...] = (),
) -> np.ndarray:
    """A measure of images on frames of a clip: the mean, the smallest, the largest or the median.

    `measure` names it, such as "image.colorfulness", and its `settings` are given as "name=value".
    It must give one number (or true and false) for the pixels of an image. Frames are those of
    `of`: "clip_frames", `fps` of them a second, or "keyframes", for which nothing else is decoded.
    They are reduced to `short_side` pixels; None leaves them whole. A frame for which the measure
    has no value does not count.

    >>> import tamis
    >>> step = tamis.Score("video.frame_measure", measure="image.entropy", take="min", fps=0.5)
    """
    if of not in ("clip_frames", "keyframes"):
        raise SettingError(f'of={of!r}: "clip_frames" or "keyframes"')
    taken(np.zeros(1), take)  # says what is wrong with it
    op, own = measured(measure, settings)
    chosen: Sequence[Frames | FrameBlocks | None]
    chosen = clip_frames if of == "clip_frames" else keyframes

    def value(one: Frames | FrameBlocks) -> float:
        of_blocks = [values(op, own, block.pixels) for block in blocks_of(one)]
        return taken(np.concatenate(of_blocks), take)

    return each(chosen, value)


def measured(name: str, given: Sequence[str]) -> tuple[Op, dict[str, Any]]:
    """The measure of images of this name with its settings, or a `SettingError`."""
    op: Op = registry.find(name)
    if op.kind != "measure" or op.dtype not in ("float64", "Int64", "boolean"):
        raise SettingError(f"{name} gives no number for an image, so frames have no mean of it")
    beyond = sorted({name for part in op.inputs for name in _sources(part)} - set(_PIXELS))
    if beyond:
        raise SettingError(
            f"{name} looks at {', '.join(beyond)}, which frames of a video do not have; "
            "measures of pixels can be used"
        )
    pairs = [one.partition("=") for one in given]
    if not all(middle for _, middle, _ in pairs):
        raise SettingError(f'settings={tuple(given)!r}: each is written as "name=value"')
    return op, op.check({key.strip(): yaml.safe_load(value) for key, _, value in pairs})


def values(op: Op, settings: Mapping[str, Any], pixels: np.ndarray) -> np.ndarray:
    """What a measure of images gives for some frames, float64, NaN where it is null."""
    frame = pd.DataFrame(index=range(len(pixels)))
    found = op.column(_Seen(frame, pixels), {}, settings)
    return found.astype("Float64").to_numpy(np.float64, na_value=np.nan)


class _Seen(Views):
    """Views of images whose pixels are there already."""

    def __init__(self, frame: pd.DataFrame, pixels: np.ndarray) -> None:
        super().__init__(frame)
        self._pixels = pixels

    def get(self, name: str, on: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
        if name not in _PIXELS:
            return super().get(name, on, settings)
        side = settings.get("side", _SIDE) if name == "shrunk" else _SIDE
        if (name, side) not in self._made:
            of = _MADE[name]
            # Not a method: that and these views would hold each other, and the pixels with them,
            # until Python looks for such rings.
            load = partial(_one, self._pixels, of, side)
            self._made[name, side] = Decoded(load, len(self._pixels))
        return self._made[name, side]


def _one(
    pixels: np.ndarray, of: Callable[[np.ndarray, int | None], np.ndarray], side: int, row: int
) -> np.ndarray:
    return of(pixels[row], side)


def _small(pixels: np.ndarray, side: int | None) -> np.ndarray:
    return resize(pixels, *reduced(pixels.shape[0], pixels.shape[1], side))


_MADE: dict[str, Callable[[np.ndarray, int | None], np.ndarray]] = {
    "picture": lambda pixels, side: pixels,
    "luma": lambda pixels, side: luma_of(pixels),
    "thumbnail": _small,
    "shrunk": _small,
    "looked_at": lambda pixels, side: luma_of(_small(pixels, side)),
}


def _sources(name: str) -> set[str]:
    """The pixels, columns and other views of media that an input comes from."""
    if name in _PIXELS:
        return {name}
    if name not in VIEWS:
        return {name}
    return set().union(*(_sources(part) for part in VIEWS[name].inputs)) or set(leaves(name))
