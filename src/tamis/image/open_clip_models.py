"""Models of open_clip: an architecture and a file or tag, a folder, a repository of the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.image.checkpoints import hub_file, snapshot, understood
from tamis.image.encoders import cut_transform
from tamis.media.placing import fetched, sent

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def open_clip_parts(
    torch: Any, open_clip: Any, name: str, weights: str | None, revision: str | None
) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    place: str | None = None
    if Path(name).is_dir():
        built = f"local-dir:{name}"
    elif name.startswith("hf-hub:"):
        built = f"local-dir:{snapshot(name.removeprefix('hf-hub:'), revision)}"
    else:
        built = name
        if name not in open_clip.list_models():
            raise SettingError(
                f"open_clip knows no model {name!r}; open_clip.list_models() has all"
            )
        place, settings = _weights(open_clip, name, weights, revision)
    network = open_clip.create_model(
        built, place, pretrained_image=False, pretrained_text=False, output_dict=False,
        require_pretrained=True, weights_only=True, **settings,
    )  # fmt: skip
    wanted = open_clip.transform.PreprocessCfg(**network.visual.preprocess_cfg)
    transform = open_clip.transform.image_transform_v2(wanted, is_train=False)

    def texts(device: str) -> Any:
        tokenizer: list[Any] = []

        def encode(values: list[str]) -> np.ndarray:
            if not tokenizer:
                with understood(name, weights, revision):
                    tokenizer.append(open_clip.get_tokenizer(built))
            with torch.inference_mode():
                made = network.encode_text(sent(torch, tokenizer[0](values), device))
                return fetched(torch, made.float())()

        return encode

    return {
        "network": network,
        "forward": network.encode_image,
        "transform": cut_transform(transform),
        "texts": texts,
        "scale": float(network.logit_scale.detach().exp()),
    }


def _weights(
    open_clip: Any, name: str, weights: str | None, revision: str | None
) -> tuple[str, dict[str, Any]]:
    """The file of weights of a named architecture, and what belongs to a published tag."""
    if weights is None:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(name)) or "it has none"
        raise SettingError(
            f"model='open_clip:{name}' needs weights=: a file, or one of its published tags with "
            f"revision= ({tags})"
        )
    if Path(weights).is_file():
        return weights, {}
    tag = open_clip.get_pretrained_cfg(name, weights)
    if not tag:
        raise SettingError(f"weights={weights!r} is neither a file nor a published tag of {name}")
    if not tag.get("hf_hub"):
        raise SettingError(
            f"the weights {weights!r} of {name} are not on the Hugging Face hub; pass the file of "
            f"{tag.get('url')}"
        )
    repository, _, file = tag["hf_hub"].rpartition("/")
    preprocess = {k: tag[k] for k in ("mean", "std", "interpolation", "resize_mode") if k in tag}
    place = hub_file(repository, (file,) if file else HUB_FILES, revision)
    return place, {
        "force_quick_gelu": bool(tag.get("quick_gelu", False)),
        "force_preprocess_cfg": preprocess,
    }
