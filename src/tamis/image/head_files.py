"""Small networks on embeddings, as they are published: tensors by name, and what they mean."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tamis.errors import DataError
from tamis.resources import resource
from tamis.tensor_files import read_safetensors, write_safetensors

__all__ = ["Head", "head", "head_of", "read_safetensors", "write_safetensors"]

RELU_AFTER: dict[tuple[int, ...], tuple[int, ...]] = {
    (0, 2, 4, 6, 7): (),
    (0, 3, 6, 9, 11): (0, 3, 6, 9),
    (0, 3, 6, 9, 12, 15, 16): (0, 3, 6, 9, 12),
}
"""Where the linear layers stand in LAION's `layers`, and after which of them there is ReLU: the
improved aesthetic predictor as it is published and with ReLU, the NSFW detector for ViT-H-14."""


class Layer(NamedTuple):
    """A linear layer, and whether ReLU follows it."""

    weight: np.ndarray  # [out, in]
    bias: np.ndarray  # [out]
    relu: bool


class Head(NamedTuple):
    """Layers on an embedding that was first brought to length 1 and standardised, where asked."""

    layers: tuple[Layer, ...]
    sigmoid: bool
    normalize: bool = True
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None

    @property
    def width(self) -> int:
        """How many numbers an embedding must have."""
        return int(self.layers[0].weight.shape[1])

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """One number for each of [rows, width]."""
        values: np.ndarray = vectors.astype(np.float32)
        if self.normalize:
            length = np.linalg.norm(values, axis=1, keepdims=True)
            values = values / np.where(length == 0, 1, length)
        if self.mean is not None:
            values = (values - self.mean) / self.deviation
        for layer in self.layers:
            values = values @ layer.weight.T + layer.bias
            values = np.maximum(values, 0) if layer.relu else values
        found = values[:, 0].astype(np.float64)
        if not self.sigmoid:
            return found
        small = np.exp(-np.abs(found))  # never too large
        return np.where(found >= 0, 1, small) / (1 + small)


@resource
def head(file: str, stamp: tuple[int, int]) -> Head:
    """The head in a file: safetensors, or a state dict of torch's. `stamp`: its size and time."""
    if file.endswith(".safetensors"):
        tensors, told = read_safetensors(Path(file))
    else:
        from tamis.image.models import pickled_tensors

        tensors, told = pickled_tensors(file, stamp), {}
    return head_of(tensors, told, file)


def head_of(tensors: Mapping[str, np.ndarray], told: Mapping[str, str], file: str) -> Head:
    """What tensors by name make up; `told` is what a file written here says about itself."""
    tensors = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
    sigmoid, normalize, mean, deviation = False, told.get("normalize") != "no", None, None
    if set(tensors) in ({"weight"}, {"weight", "bias"}):
        layers = [_layer(tensors, "", False)]
        sigmoid = told.get("kind") == "logistic"
    elif "norm.mean" in tensors:  # LAION's NSFW detectors, that AutoKeras made
        numbers = _numbers(tensors, r"linear_(\d+)\.weight")
        layers = [_layer(tensors, f"linear_{n}.", n != numbers[-1]) for n in numbers]
        mean = tensors["norm.mean"]
        deviation = np.sqrt(tensors["norm.variance"]) + np.float32(1e-10)
        sigmoid = True
    else:
        numbers = _numbers(tensors, r"layers\.(\d+)\.weight")
        relu = RELU_AFTER.get(numbers, ())
        layers = [
            _layer(tensors, f"layers.{n}.", n in relu) for n in numbers if numbers in RELU_AFTER
        ]
    wrong = (
        not layers
        or layers[-1].weight.shape[0] != 1
        or any(
            one.weight.shape[0] != other.weight.shape[1]
            for one, other in itertools.pairwise(layers)
        )
    )
    if wrong:
        raise DataError(
            f"{file} is no head known here (it has {', '.join(tensors) or 'nothing'}); there are "
            "linear ones (weight, bias), LAION's aesthetic predictor (layers.0 …) and NSFW "
            "detectors (norm, linear_1 …), and those of tamis.image.train_head"
        )
    return Head(tuple(layers), sigmoid, normalize, mean, deviation)


def _layer(tensors: Mapping[str, np.ndarray], prefix: str, relu: bool) -> Layer:
    weight = np.atleast_2d(tensors[f"{prefix}weight"])
    bias = tensors.get(f"{prefix}bias", np.zeros(len(weight), np.float32))
    return Layer(weight, np.atleast_1d(bias), relu)


def _numbers(tensors: Mapping[str, np.ndarray], pattern: str) -> tuple[int, ...]:
    found = (re.fullmatch(pattern, name) for name in tensors)
    return tuple(sorted(int(match[1]) for match in found if match))
