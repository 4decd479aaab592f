"""A long video takes no more memory than a short one."""

import itertools
import os
import subprocess
import sys

import pytest
from videos import made, panned

PROGRAM = """
import resource, sys
import pandas as pd
from tamis import Pipeline, Score, video
frames = {"of": "keyframes"} if sys.argv[2] == "keyframes" else {
    "fps": 25, "max_frames": 10_000, "short_side": None}
steps = [Score(video.frame_count, isolate=False),
         Score("video.frame_measure", measure="image.entropy", isolate=False, **frames)]
if sys.argv[2] != "frames":
    steps.append(Score(video.motion, isolate=False))
found = Pipeline(steps)(pd.DataFrame({"path": [sys.argv[1]]}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, found.frame_count[0])
"""


def peak(path, of):
    """Peak MiB of a process that measures a video, and its frames."""
    limits = {"MALLOC_ARENA_MAX": "1"}
    said = subprocess.run([sys.executable, "-c", PROGRAM, str(path), of], capture_output=True,
                          check=True, text=True, env=os.environ | limits)  # fmt: skip
    return tuple(map(int, said.stdout.split()))


@pytest.mark.slow
@pytest.mark.parametrize("of", ["keyframes", "frames", "frames and motion"])
def test_memory_does_not_grow_with_length(tmp_path, of):
    """60 frames and 600, a third of a megabyte each as they are decoded, 0.5 MB as pictures.

    Pictures of more than 128 MiB, here 285 MB, are not held.
    """
    pictures = list(panned(30, 360, 640 - 200, name="rocket"))
    short, long = (
        made(tmp_path / f"{count}.mp4", itertools.islice(itertools.cycle(pictures), count), gop=25)
        for count in (60, 600)
    )
    (little, few), (much, many) = peak(short, of), peak(long, of)
    assert (few, many) == (60, 600)
    assert much < little + 100
