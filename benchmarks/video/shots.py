"""Shots found in videos: tamis beside PySceneDetect, and how far their cuts agree.

    python benchmarks/video/shots.py FILE ... [--rounds 3]

CPU seconds of the process and of the processes that it started, contenders interleaved, medians of
several rounds. F1 is of tamis's cuts against PySceneDetect's of the same detector, one frame apart
at most.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import resource
import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

NEAR = 1  # frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    packages = ("scenedetect-headless", "av", "opencv-python-headless", "numpy")
    told = ", ".join(f"{p} {version(p)}" for p in packages)
    print(f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}; {told}\n")
    print("| file | detector | cuts | F1 | decode f/s | PySceneDetect f/s | tamis f/s "
          "| in a process of its own | tamis / PySceneDetect | tamis / decode |")  # fmt: skip
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for path in chosen.files:
        for detector in ("content", "adaptive", "histogram"):
            row(path, detector, chosen.rounds)


def row(path: str, detector: str, rounds: int) -> None:
    """One line of the table."""
    from tamis.media.reader import Reader
    from tamis.video.decoding import decoded
    from tamis.video.header import header

    def decode() -> int:
        with open(path, "rb") as file:
            bytes_ = Reader(file.read())
        return sum(1 for _ in decoded(bytes_, header(bytes_)))

    frames = decode()
    contenders: dict[str, Callable[[], Sequence[float]]] = {
        "decode": lambda: [decode()],
        "theirs": lambda: theirs(path, detector),
        "ours": lambda: ours(path, detector, False),
        "apart": lambda: ours(path, detector, True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    found = {}
    for name, call in contenders.items():  # compiled, and processes started
        found[name] = call()
    for _ in range(rounds):
        for name, call in contenders.items():
            start = cpu()
            call()
            seconds[name].append(cpu() - start)
    rate = {name: frames / statistics.median(values) for name, values in seconds.items()}
    same = f1(found["ours"], found["theirs"], path)
    print(
        f"| {os.path.basename(path)} | {detector} | {len(found['theirs'])} | {same:.3f} | "
        + " | ".join(f"{rate[name]:,.0f}" for name in ("decode", "theirs", "ours", "apart"))
        + f" | {rate['ours'] / rate['theirs']:.2f} | {rate['ours'] / rate['decode']:.2f} |"
    )


def ours(path: str, detector: str, isolate: bool) -> list[float]:
    """The cuts of tamis, in seconds."""
    import pandas as pd

    from tamis import Cut, video

    frame = pd.DataFrame({"id": ["a"], "path": [path]})
    found = Cut(video.scenes, detector=detector, isolate=isolate)(frame)
    return sorted(found["start"].tolist())[1:]


def theirs(path: str, detector: str) -> list[float]:
    """The cuts of PySceneDetect, in seconds."""
    import scenedetect

    kinds = {"content": scenedetect.ContentDetector, "adaptive": scenedetect.AdaptiveDetector,
             "histogram": scenedetect.HistogramDetector}  # fmt: skip
    made = scenedetect.SceneManager()
    made.add_detector(kinds[detector](min_scene_len=0.6))
    made.detect_scenes(scenedetect.open_video(path, backend="pyav"))
    return [start.seconds for start, _ in made.get_scene_list()][1:]


def f1(found: Sequence[float], wanted: Sequence[float], path: str) -> float:
    """How far two lists of cuts agree."""
    import av

    with av.open(path) as container:
        step = NEAR / float(container.streams.video[0].average_rate) + 1e-3
    hits = sum(any(abs(one - other) <= step for other in wanted) for one in found)
    whole = len(found) + len(wanted)
    return 2 * hits / whole if whole else 1.0


def cpu() -> float:
    """Seconds of the processor that this process and all that it started took, ended or not."""
    own, others = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    total = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    times: dict[int, tuple[int, float]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            times[int(name)] = int(fields[1]), sum(map(int, fields[11:15]))
    ours = {os.getpid()}
    while True:
        more = {pid for pid, (parent, _) in times.items() if parent in ours} - ours
        if not more:
            return total
        ours |= more
        total += sum(times[pid][1] for pid in more) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
