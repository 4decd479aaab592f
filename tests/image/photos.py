"""Photographs that come with scikit-image, and pictures made of them."""

import io
import os

import numpy as np
import skimage
from PIL import Image

from tamis.registry import registered

MODULES = ("size", "light", "colour", "sharpness", "layout", "hashes", "cleanvision")
MEASURES = [
    op.short
    for op in registered().values()
    if op.function.__module__ in [f"tamis.image.{module}" for module in MODULES]
]
"""What is measured in images without a model."""

FOLDER = os.path.join(os.path.dirname(skimage.__file__), "data")
PHOTOS = (
    "astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png",
    "hubble_deep_field.jpg", "camera.png", "coins.png", "moon.png", "grass.png", "gravel.png",
    "brick.png",
)  # fmt: skip


def path(name):
    return os.path.join(FOLDER, name)


def opened(name):
    return Image.open(path(name))


def rgb(name):
    return np.asarray(opened(name).convert("RGB"))


def crops(name, count, seed=0):
    """Parts of a photo, of many sizes and forms."""
    whole, rng = rgb(name), np.random.default_rng(seed)
    height, width = whole.shape[:2]
    for _ in range(count):
        h, w = int(height * rng.uniform(0.5, 1)), int(width * rng.uniform(0.5, 1))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        yield np.ascontiguousarray(whole[y : y + h, x : x + w])


def coded(pixels, format="PNG", **options):
    """The bytes of a file with these pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()
