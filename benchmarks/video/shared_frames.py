"""How often videos are decoded by recipes that look at all frames and at some.

    python benchmarks/video/shared_frames.py FILE [FILE ...] [--repeats 3]

Each recipe cuts the files, or takes them as clips of ten seconds, and has measures of all frames
(motion), fingerprints, and a measure of images on a frame a second. Counted are decodes that were
begun and the frames that came of them, and processor seconds of this process, which decodes itself
(medians of the repeats; recipes take turns). "a run that goes on" has the clips of a cut by shots
as rows, as they are where an earlier run ended behind the cut. To compare two versions, run it with
one after the other on the path.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import pandas as pd

from tamis import Cut, Pipeline, Score, video
from tamis.video import frames, passes

SCENES = Cut(video.scenes, isolate=False)
WINDOWS = Cut(video.windows, length=10.0, isolate=False)
MOTION = Score(video.motion, isolate=False)
PRINT = Score(video.fingerprint, isolate=False)
ENTROPY = Score("video.frame_measure", measure="image.entropy", isolate=False)
RECIPES = {
    "scenes, motion": [SCENES, MOTION],
    "scenes, motion, fingerprint": [SCENES, MOTION, PRINT],
    "scenes, motion, frames": [SCENES, MOTION, ENTROPY],
    "scenes, motion, fingerprint, frames": [SCENES, MOTION, PRINT, ENTROPY],
    "windows, motion, fingerprint, frames": [WINDOWS, MOTION, PRINT, ENTROPY],
    "a run that goes on: motion": [MOTION],
    "a run that goes on: motion, fingerprint, frames": [MOTION, PRINT, ENTROPY],
}

begun = 0
given = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    for module in (passes, frames):
        module.decoded = counted(module.decoded)  # type: ignore[attr-defined]
    rows = pd.DataFrame({"id": asked.files, "path": asked.files})
    clips = SCENES(rows)
    print(f"load {os.getloadavg()[0]:.1f}, {len(asked.files)} files, {len(clips)} shots\n")
    print("| recipe | decodes | frames decoded | CPU s |")
    print("|---|---:|---:|---:|")
    found: dict[str, list[tuple[int, int, float]]] = {name: [] for name in RECIPES}
    for _ in range(asked.repeats):
        for name, steps in RECIPES.items():
            found[name].append(measured(steps, clips if name.startswith("a run") else rows))
    for name, all_of in found.items():
        decodes, frames_given, spent = (statistics.median(one) for one in zip(*all_of, strict=True))
        print(f"| {name} | {decodes:.0f} | {frames_given:.0f} | {spent:.2f} |")


def measured(steps: list[Any], rows: pd.DataFrame) -> tuple[int, int, float]:
    """Decodes, frames and processor seconds of a recipe."""
    global begun, given
    begun = given = 0
    before = time.process_time()
    Pipeline(steps)(rows)
    return begun, given, time.process_time() - before


def counted(whole: Any) -> Any:
    """The same decoder, with what it does counted."""

    def decoded(*args: Any, **settings: Any) -> Any:
        global begun, given
        begun += 1
        for one in whole(*args, **settings):
            given += 1
            yield one
            del one

    return decoded


if __name__ == "__main__":
    main()
