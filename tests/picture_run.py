"""A run over real photographs, some of them damaged, with ids and captions that mean harm."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from skimage import data

import tamis
import tamis.image.views  # registers `thumbnail`
from tamis import Filter, PerceptualDedup, Pipeline, Score, measure
from tamis.media import each

HOSTILE = '<script>alert("x")</script><img src="http://elsewhere.invalid/a.png" onerror=alert(1)>'
BROKEN, MISSING, HARMFUL = 5, 11, 7  # rows that cannot be decoded, are not there, have a bad id


@measure(dtype="float64", heavy=True, namespace="picture_run")
def level(thumbnail):
    """How bright a picture is, of 255."""
    return each(thumbnail, lambda pixels: float(pixels.mean()))


@measure(dtype="string", heavy=True, namespace="picture_run")
def average_hash(thumbnail):
    """64 bits: which of 8 x 8 fields are brighter than the mean."""
    found = []
    for row in range(len(thumbnail)):
        pixels = thumbnail[row]
        if pixels is None:
            found.append(None)
            continue
        grey = cv2.resize(pixels, (8, 8), interpolation=cv2.INTER_AREA).mean(axis=2)
        found.append(np.packbits(grey > grey.mean()).tobytes().hex())
    return found


@functools.cache
def photographs() -> list[np.ndarray]:
    """Small RGB photographs that come with scikit-image."""
    whole = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    return [cv2.resize(p, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA) for p in whole]


def records(folder: Path, count: int = 60) -> pd.DataFrame:
    """Pointers to `count` files in `folder`: photographs, darkened and turned."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for k in range(count):
        path = folder / f"{k:04d}.jpg"
        pixels = photographs()[k % 4]
        if k % 3 == 0:
            pixels = np.roll(pixels, 7 * k, axis=1)
        share = 0.15 + 0.85 * (k * 37 % count) / count
        shaded = (pixels * share).astype(np.uint8)
        encoded = cv2.imencode(".jpg", shaded[:, :, ::-1])[1].tobytes()
        if k == BROKEN:
            encoded = encoded[:40]
        if k != MISSING:
            path.write_bytes(encoded)
        name = HOSTILE if k == HARMFUL else f"photo{k:04d}"
        rows.append({"id": name, "path": str(path), "caption": f"{HOSTILE} {k}"})
    return pd.DataFrame(rows)


PIPELINE = Pipeline(
    [
        Filter(level, min=40, max=120),
        Score(average_hash),
        PerceptualDedup(on="average_hash", radius=3),
    ]
)


def run(folder: Path, count: int = 60, parts: int = 3, frame: pd.DataFrame | None = None):
    """The pictures curated into `folder / "out"`."""
    frame = records(folder / "in", count) if frame is None else frame
    return PIPELINE.run(
        tamis.from_pandas(frame, npartitions=parts), str(folder / "out"), max_errors=0.5,
        progress=False,
    )  # fmt: skip
