"""One long video looked at for scenes and measures by one decoder, and by as many as are idle.

    python benchmarks/video/long.py FILE [--repeats 3] [--cores 2]

`benchmarks/video/memory.py --make HOURS FILE` makes one. Wall seconds, and processor seconds of
this process and those that it started; both ways take turns, medians of the repeats. What they saw
is compared to the last bit. Where other work runs on the machine, two decoders get a greater share
of it than one, so wall seconds count only where the load that is printed is low.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from memory import described, fields, tree

from tamis.media import idle
from tamis.media.pointers import media
from tamis.video import sections
from tamis.video.passes import Seen
from tamis.video.views import clip, video_header

LOOKS = ("shots", "scan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    chosen = parser.parse_args()
    print(described(chosen.file))
    rows = media(pd.Series([chosen.file]))
    one = clip(rows, video_header(rows))[0]
    list(one.all_parts("looks", looks=LOOKS, end=2.0))  # the process that decodes is there
    taken: dict[int, list[tuple[float, float]]] = {1: [], chosen.cores: []}
    seen: dict[int, Seen] = {}
    for _ in range(chosen.repeats):
        for cores, times in taken.items():
            idle.allowed = lambda cores=cores: cores  # type: ignore[misc]
            begun, spent = time.monotonic(), processor()
            seen[cores] = sections.looked(one, LOOKS)
            times.append((time.monotonic() - begun, processor() - spent))
            assert all(map(same, values(seen[cores]), values(seen[1])))
            print(f"cores={cores}: {times[-1][0]:.1f} s, processor {times[-1][1]:.1f} s, "
                  f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    few, many = (
        [statistics.median(column) for column in zip(*times, strict=True)]
        for times in taken.values()
    )
    print(f"wall {few[0] / many[0]:.2f} times as fast, processor {many[1] / few[1]:.2f} times")


def processor() -> float:
    """Processor seconds of all processes of this one, those included that have ended."""
    ticks = sum(sum(map(int, fields(pid)[11:15])) for pid in tree(os.getpid()))
    return ticks / os.sysconf("SC_CLK_TCK")


def values(seen: Seen) -> Iterator[Any]:
    return (value for look in (seen.shots, seen.scan) for value in look or ())


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    return bool(one == other)


if __name__ == "__main__":
    main()
