"""Memory that a video of hours takes: cut, measured, fingerprinted, and its clips written.

    python benchmarks/video/memory.py FILE [--work all|measures|clips|whole|encoded|pictures]

"measures" cuts the file by scenes, with a measure and a fingerprint of each clip. "clips" writes
it as clips of ten minutes by copying packets, "whole" all but its first seconds as one clip,
"encoded" a minute of it encoded anew as H.264, "pictures" all of it as one clip with a preview and
a picture for each second (`frames=1`). Each work runs in a process of its own; every 50 ms
the resident memory of it and of the processes that it started is read: "worker" is the most that
the process itself took, "decoder" the most of any one that it started, "together" of all at a time
(what forks share is counted for each of them). With `--make HOURS` FILE is made beforehand.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WORKS = ("measures", "clips", "whole", "encoded", "pictures")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", help="a video, or with --make the file to make")
    parser.add_argument("--work", choices=("all", *WORKS), default="all")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--make", metavar="HOURS", type=float, help="make FILE by ffmpeg")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=int, default=25)
    chosen = parser.parse_args()
    if chosen.make:
        make(Path(chosen.file), chosen.make, chosen.size, chosen.fps)
    elif chosen.here:
        with tempfile.TemporaryDirectory(dir=os.path.dirname(chosen.file) or ".") as folder:
            work(chosen.work, chosen.file, folder)
    else:
        print(f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}: {described(chosen.file)}\n")
        print("| work | rows | worker MB | decoder MB | together MB | CPU s | wall s |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for name in WORKS if chosen.work == "all" else [chosen.work]:
            measured(name, chosen.file)


def make(path: Path, hours: float, size: str, fps: int) -> None:
    """Half a minute with three scenes and a sine, repeated by copying packets."""
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        short, listed = Path(folder, "short.mp4"), Path(folder, "list.txt")
        sources = [
            f"{kind}=s={size}:r={fps}:d=10" for kind in ("smptehdbars", "testsrc", "rgbtestsrc")
        ]
        inputs = [
            word
            for one in (*sources, "sine=f=300:r=48000:d=30")
            for word in ("-f", "lavfi", "-i", one)
        ]
        graph = "[0:v][1:v][2:v]concat=n=3:v=1,format=yuv420p[v]"
        subprocess.run(
            [*ffmpeg, *inputs, "-filter_complex", graph, "-map", "[v]", "-map", "3:a",
             "-c:v", "libx264", "-preset", "ultrafast", "-g", str(2 * fps), "-c:a", "aac",
             "-t", "30", str(short)], check=True,
        )  # fmt: skip
        listed.write_text(f"file {short.name}\n" * round(hours * 120))
        subprocess.run(
            [*ffmpeg, "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(path)],
            check=True,
        )  # fmt: skip


def described(path: str) -> str:
    import av

    with av.open(path) as container:
        one = container.streams.video[0]
        hours, size = container.duration / 3.6e9, os.path.getsize(path) / 1e6
        rate = float(one.average_rate)
        return (
            f"{hours:.2f} h, {one.codec_context.name} {one.width} × {one.height} at {rate:g} "
            f"frames a second, {size:.0f} MB"
        )


def work(name: str, path: str, folder: str) -> None:
    """One of `WORKS`; the number of rows that came of it is printed."""
    import av
    import pandas as pd

    import tamis
    from tamis import Cut, Pipeline, Score, video

    frame = pd.DataFrame({"id": ["a"], "path": [path]})
    if name == "measures":
        steps = [Cut(video.scenes), Score(video.motion), Score(video.fingerprint)]
        print(len(Pipeline(steps)(frame)))
        return
    with av.open(path) as container:
        length = container.duration / 1e6
    step = {"clips": 600.0, "encoded": 60.0}.get(name, length)
    first = 0.0 if name in ("clips", "pictures") else 4.0
    starts = [first] if name != "clips" else [k * step for k in range(int(length // step) or 1)]
    rows = pd.DataFrame({"path": [path] * len(starts), "start": starts})
    rows["end"] = [min(start + step, length) for start in starts]
    encode = "h264" if name == "encoded" else "copy"
    more: dict[str, Any] = {"preview": "webp", "frames": 1.0} if name == "pictures" else {}
    tamis.write_clips(rows, os.path.join(folder, "out"), encode=encode, **more)
    print(len(list(Path(folder, "out").rglob("*.jpg" if more else "*.mp4"))))


def measured(name: str, path: str) -> None:
    """Run a work in a process of its own and print its row of the table."""
    begun = time.monotonic()
    command = [sys.executable, __file__, path, "--work", name, "--here"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    worker = decoder = together = 0
    spent: dict[int, float] = {}
    while process.poll() is None:
        sizes = {pid: resident(pid) for pid in tree(process.pid)}
        for pid in sizes:
            spent[pid] = max(spent.get(pid, 0.0), cpu(pid))
        worker = max(worker, sizes.pop(process.pid, 0))
        decoder = max([decoder, *sizes.values()])
        together = max(together, resident(process.pid) + sum(sizes.values()))
        time.sleep(0.05)
    assert process.stdout is not None
    rows = process.stdout.read().strip().splitlines()
    told = rows[-1] if rows and process.returncode == 0 else f"failed ({process.returncode})"
    numbers = " | ".join(f"{n / 1e6:.0f}" for n in (worker, decoder, together))
    wall = time.monotonic() - begun
    print(f"| {name} | {told} | {numbers} | {sum(spent.values()):.0f} | {wall:.0f} |", flush=True)


def tree(root: int) -> list[int]:
    """A process and those that it started, and they."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := fields(int(entry))):
            parents.setdefault(int(found[1]), []).append(int(entry))
    pids = [root]
    for pid in pids:
        pids += parents.get(pid, [])
    return pids


def fields(pid: int) -> list[str]:
    """What the system says of a process, from its state on; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def resident(pid: int) -> int:
    found = fields(pid)
    return int(found[21]) * os.sysconf("SC_PAGE_SIZE") if found else 0


def cpu(pid: int) -> float:
    found = fields(pid)
    return sum(map(int, found[11:13])) / os.sysconf("SC_CLK_TCK") if found else 0.0


if __name__ == "__main__":
    main()
