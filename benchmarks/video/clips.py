"""Clips cut out of a video by copying its packets: tamis beside one ffmpeg process per clip.

    python benchmarks/video/clips.py FILE [--clips 60] [--seconds 1.0]

CPU seconds of the process and of the processes that it started, contenders interleaved, medians of
several rounds. Every clip is counted, and its frames are.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from shots import cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    import av

    with av.open(chosen.file) as container:
        length = float(container.duration / 1e6)
    step = (length - chosen.seconds) / chosen.clips
    spans = [(k * step, k * step + chosen.seconds) for k in range(chosen.clips)]
    seconds: dict[str, list[float]] = {"ffmpeg": [], "tamis": [], "apart": []}
    frames: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.rounds + 1):
            for name in seconds:
                out = Path(folder, f"{name}-{number}")
                out.mkdir()
                start = cpu()
                call = {"ffmpeg": by_ffmpeg, "tamis": in_process, "apart": by_writer}[name]
                call(chosen.file, spans, out)
                if number:
                    seconds[name].append(cpu() - start)
                frames[name] = count(out)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    print(
        f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}, PyAV {av.__version__}; ", end=""
    )
    print(f"{chosen.clips} clips of {chosen.seconds:g} s of {os.path.basename(chosen.file)}\n")
    print("| | CPU ms a clip | ffmpeg / this | frames |")
    print("|---|---:|---:|---:|")
    for name, told in (("ffmpeg", "`ffmpeg -c copy`, a process each"), ("tamis", "in process"),
                       ("apart", "`tamis.Clips()`, decoder apart, with table")):  # fmt: skip
        each = 1000 * middle[name] / chosen.clips
        ratio = middle["ffmpeg"] / middle[name]
        print(f"| {told} | {each:.2f} | {ratio:.1f} | {frames[name]} |")


def by_ffmpeg(path: str, spans: list[tuple[float, float]], out: Path) -> None:
    for number, (start, end) in enumerate(spans):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-ss", str(start), "-i", path,
             "-t", str(end - start), "-c", "copy", str(out / f"{number}.mp4")], check=True,
        )  # fmt: skip


def in_process(path: str, spans: list[tuple[float, float]], out: Path) -> None:
    from tamis.video.clipping import Cutting, make

    place = {"path": path, "offset": None, "length": None}
    for number, (start, end) in enumerate(spans):
        found = make(b"", place=place, start=start, end=end, **Cutting()._asdict())
        (out / f"{number}.mp4").write_bytes(found.clip.data)


def by_writer(path: str, spans: list[tuple[float, float]], out: Path) -> None:
    import pandas as pd

    from tamis import Clips
    from tamis.io.store import Store

    frame = pd.DataFrame(spans, columns=["start", "end"])
    frame = frame.assign(path=path, id=[str(k) for k in range(len(spans))])
    put = Clips().put(frame, "part-00000.00000000", Store(out))
    if put.lost:
        raise SystemExit(str(put.lost))


def count(out: Path) -> int:
    """The frames of all clips, by their packets."""
    import av

    found = 0
    for path in out.glob("*.mp4"):
        with av.open(str(path)) as container:
            found += sum(p.size > 0 for p in container.demux(container.streams.video[0]))
    return found


if __name__ == "__main__":
    main()
