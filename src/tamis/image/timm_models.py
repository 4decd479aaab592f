"""Models of timm: an architecture and a file, a folder, a repository of the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tamis.errors import DataError, SettingError
from tamis.image.checkpoints import hub_file, snapshot, state_dict
from tamis.image.encoders import Transform, cut_transform

HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def timm_parts(
    torch: Any, timm: Any, name: str, weights: str | None, revision: str | None
) -> dict[str, Any]:
    network, transform = timm_network(torch, timm, name, weights, revision, classes=False)
    return {"network": network, "forward": network, "transform": transform}


def timm_network(
    torch: Any, timm: Any, name: str, weights: str | None, revision: str | None, classes: bool
) -> tuple[Any, Transform]:
    """A model of timm's, without its last layer unless `classes`, and its transform."""
    changes: dict[str, Any] = {} if classes else {"num_classes": 0}
    if name.startswith("hf-hub:"):
        name = snapshot(name.removeprefix("hf-hub:"), revision)
    if Path(name).is_dir():
        network = timm.create_model(f"local-dir:{name}", pretrained=True, **changes)
    elif name.partition(".")[0] not in timm.list_models():
        raise SettingError(f"timm knows no model {name!r}; timm.list_models() has all")
    else:
        if weights is None or not Path(weights).is_file():
            weights = _published(timm, name, weights, revision)
        state = state_dict(torch, weights)
        if classes:
            network = _with_classes(torch, timm, name, state)
        else:
            network = timm.create_model(
                name, pretrained=True, num_classes=0, pretrained_cfg_overlay={"state_dict": state}
            )
    config = timm.data.resolve_model_data_config(network)
    return network, cut_transform(timm.data.create_transform(**config, is_training=False))


def _published(timm: Any, name: str, weights: str | None, revision: str | None) -> str:
    if weights is not None:
        raise SettingError(f"weights={weights!r} is no file")
    known = timm.models.get_pretrained_cfg(name)
    if known is None or not known.hf_hub_id:
        raise SettingError(f"model='timm:{name}' needs weights=, a file: none are published")
    named = known.hf_hub_filename
    return hub_file(known.hf_hub_id, (named,) if named else HUB_FILES, revision)


def _with_classes(torch: Any, timm: Any, name: str, state: dict[str, Any]) -> Any:
    """A classifier with as many classes, and as many last layers, as the checkpoint has."""
    last = timm.models.get_pretrained_cfg(name).classifier
    if f"{last}.weight" in state:
        network = timm.create_model(name, num_classes=len(state[f"{last}.weight"]))
    else:
        network = timm.create_model(name, num_classes=1)
        at = sorted(
            int(key.split(".")[-2])
            for key in state
            if key.startswith(f"{last}.") and key.endswith(".weight")
        )
        if not at:
            raise DataError(f"the checkpoint has no layer {last!r}, with which {name} classifies")
        layers = [torch.nn.Identity() for _ in range(at[-1] + 1)]
        for number in at:
            wide, narrow = state[f"{last}.{number}.weight"].shape[::-1]
            layers[number] = torch.nn.Linear(wide, narrow)
            if number != at[-1]:
                layers[number + 1] = torch.nn.ReLU()
        setattr(network, last, torch.nn.Sequential(*layers))
    network.load_state_dict(state)
    return network
