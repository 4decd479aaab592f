"""Short clips of one long file: the process that decodes opens it once, or for each clip.

    python benchmarks/video/kept_open.py FILE [--clips 20] [--seconds 2] [--repeats 3]

One frame a second of each clip, 256 pixels. Processor seconds of this process,
which does here what the one of the sandbox does; both ways take turns, medians of the repeats.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np
import pandas as pd
from memory import described

from tamis.media.pointers import media
from tamis.video import apart
from tamis.video.formats import Header
from tamis.video.views import video_header


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    print(f"{described(chosen.file)}; load {os.getloadavg()[0]:.1f}")
    header = video_header(media(pd.Series([chosen.file])), isolate=False)[0]
    last = header.duration - chosen.seconds
    starts = np.linspace(0, last, chosen.clips).round(3).tolist()
    spent: dict[str, list[float]] = {"for each clip": [], "once": []}
    for _ in range(chosen.repeats):
        seen = {}
        for way, times in spent.items():
            apart._closed()
            begun = time.process_time()
            seen[way] = [
                clip(chosen.file, header, at, chosen.seconds, way == "once") for at in starts
            ]
            times.append(time.process_time() - begun)
        for one, other in zip(*seen.values(), strict=True):
            assert np.array_equal(one, other)
    for way, times in spent.items():
        milli = 1000 * statistics.median(times) / chosen.clips
        print(f"opened {way}: {milli:.1f} ms of processor time for a clip")


def clip(path: str, header: Header, start: float, seconds: float, kept: bool) -> Any:
    place = {"path": path, "offset": None, "length": None}
    if not kept:
        apart._closed()
    settings = {"start": start, "end": start + seconds, "fps": 1.0}
    given = {"place": place, "header": header._asdict(), "work": "frames", "settings": settings}
    part = apart.read_part(b"", **given, number=0)
    apart.read_part(b"", **given, number=1)
    return part.pixels


if __name__ == "__main__":
    main()
