"""Scenes, motion and all measures of the clips in one pipeline, beside a plain decode by PyAV.

    python benchmarks/video/one_decode.py [--repeats 5] [FILE ...]

The clips are those of `decode.py` (H.264 at 720p and 360p, VP9 at 360p), with FILEs beside them.
Processor seconds, one thread; what is compared takes turns, medians of the repeats. "the pass" is
decoding and looking at frames for cuts and measures, without the tables around it, which cost the
same for a video of hours. "apart" cuts first and measures the clips as rows of their own, as
another program would: each clip is decoded again. The values of both are compared. "other tools"
are PySceneDetect, then a decode for motion vectors: two passes of what others make of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from decode import ALL, made, opened, plain, seconds, source

from tamis import Cut, Pipeline, Score, video
from tamis.video import decoding
from tamis.video.header import header
from tamis.video.passes import looked

CUT = Cut(video.scenes, isolate=False)
STEPS = [Score(getattr(video, name), isolate=False) for name in ALL]


def rows(path: Path) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a"], "path": [str(path)]})


def others(path: Path) -> None:
    """PySceneDetect's cuts, then motion vectors, each from a decode of its own."""
    import scenedetect

    shots = scenedetect.SceneManager()
    shots.add_detector(scenedetect.ContentDetector(min_scene_len=0.6))
    shots.detect_scenes(scenedetect.open_video(str(path), backend="pyav"))
    sum(1 for _ in decoding.decoded(opened(path), header(opened(path)), vectors=True))


WAYS: dict[str, Callable[[Path], Any]] = {
    "decode, PyAV": plain,
    "scenes": lambda p: CUT(rows(p)),
    "the pass": lambda p: list(looked(opened(p), header(opened(p)), looks=("shots", "scan"))),
    "scenes + all": lambda p: Pipeline([CUT, *STEPS])(rows(p)),
    "apart": lambda p: Pipeline(STEPS)(CUT(rows(p))),
    "other tools": others,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = made(source(), Path(folder)) | {path.name: path for path in asked.files}
        print("load", os.getloadavg()[0])
        print("| by a plain decode | clips | " + " | ".join(WAYS) + " |")
        print("|---|---:|" + "---:|" * len(WAYS))
        for name, path in paths.items():
            print(f"| {name} | " + " | ".join(row(path, asked.repeats)) + " |", flush=True)


def row(path: Path, repeats: int) -> list[str]:
    """How many clips; what each way costs by a decode in the same turn: median, least and most."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    one, two = (WAYS[way](path).reset_index(drop=True) for way in ("scenes + all", "apart"))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    for _ in range(repeats):
        turn = {}
        for name, run in WAYS.items():
            before = seconds()
            run(path)
            turn[name] = seconds() - before
        for name, spent in turn.items():
            found[name].append(spent / turn["decode, PyAV"])
    middle = {name: statistics.median(values) for name, values in found.items()}
    told = [f"{middle[name]:.2f} ({min(v):.2f}–{max(v):.2f})" for name, v in found.items()]
    return [str(len(one)), *told]


if __name__ == "__main__":
    main()
