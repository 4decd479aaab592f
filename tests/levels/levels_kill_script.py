"""The run that test_levels_killed.py kills: `main()` with the arguments CLIPS and OUT.

Videos with what their clips come to, judged by the run over the clips.
"""

import sys
import time

import dask.dataframe as dd
import pandas as pd

import tamis
from tamis import Filter, Pipeline, levels
from tamis.frame import STRING


def videos(part):
    """A partition of 10 videos that takes a while to read."""
    time.sleep(0.05)
    names = [f"v{10 * part + row}" for row in range(10)]
    return pd.DataFrame({"id": names, "film": ["x" * 1000] * 10}, dtype=STRING)


def clips(part):
    """A partition of clips: of video number n there are n % 4, of which the first are dark."""
    names = [
        f"v{video}/{k}" for video in range(10 * part, 10 * part + 10) for k in range(video % 4)
    ]
    frame = pd.DataFrame({"id": pd.array(names, STRING)})
    frame["parent_id"] = frame.id.str.rpartition("/")[0].astype(STRING)
    frame["dark"] = frame.id.str.endswith("/0").astype("int64")
    return frame


def frame(make, parts=12):
    """All partitions."""
    return dd.from_map(make, list(range(parts)), meta=make(0).iloc[:0])


def judge_clips(out):
    """The run over the clips."""
    return Pipeline([Filter("dark", max=0)]).run(frame(clips), out, progress=False)


def judge_videos(run, out):
    """The run over the videos, which asks that one."""
    counted = tamis.join(frame(videos), frame(clips), to="parents", columns={"clips": "count"})
    steps = [Filter("clips", min=1), Filter(levels.children_left, run=run, min=1, name="left")]
    return Pipeline(steps).run(counted, out, progress=False)


def main():
    """Carry it out."""
    judge_videos(*sys.argv[1:])
