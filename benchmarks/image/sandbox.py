"""What isolation costs: JPEG decoding in the sandbox beside the same in this process.

    python benchmarks/image/sandbox.py [--seconds 4]

Pictures are of scikit-image, enlarged. CPU is that of this process and of all that decode; ratios
are of rates per second of processor time, and of wall time. `by socket` sends results through the
socket, as a pipe would; the windows are of shared memory.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil

from tamis.media import sandbox_process
from tamis.media.sandbox import allow, isolated

MODES = {"by socket": 4096, "window 4 MiB": 4 << 20, "window 16 MiB": 16 << 20}


def pictures(width: int, height: int) -> list[bytes]:
    """JPEG files of quality 90."""
    from PIL import Image
    from skimage import data

    files = []
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        picture = Image.fromarray(getattr(data, name)()).resize((width, height), 3)
        noisy = np.asarray(picture) + np.random.default_rng(0).normal(0, 3, (height, width, 3))
        file = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def processor_time() -> float:
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def rate(results: Callable[[Iterator[Any]], Iterator[Any]], files: list[bytes], settings: Any,
         seconds: float) -> tuple[float, float]:  # fmt: skip
    """Pictures per second of processor time, and of wall time."""
    source = ((data, settings) for data in itertools.cycle(files))
    stream = results(source)
    for _ in range(20):
        next(stream)
    count, cpu, start = 0, processor_time(), time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(10):
            np.asarray(next(stream))[0, 0, 0]
        count += 10
    spent, wall = processor_time() - cpu, time.perf_counter() - start
    if hasattr(stream, "close"):
        stream.close()
    return count / spent, count / wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    import simplejpeg

    function = "simplejpeg:decode_jpeg"
    allow(function)
    small = {"min_height": 256, "min_width": 256}
    for title, size, settings in (
        ("VGA, whole", (640, 480), {}),
        ("VGA, reduced", (640, 480), small),
        ("2 megapixels, whole", (1632, 1224), {}),
        ("2 megapixels, reduced", (1632, 1224), small),
    ):
        files = pictures(*size)
        rates: dict[str, list[tuple[float, float]]] = {}
        for _ in range(given.rounds):
            here = lambda source: (simplejpeg.decode_jpeg(d, **s) for d, s in source)  # noqa: E731
            rates.setdefault("in process", []).append(rate(here, files, settings, given.seconds))
            for mode, window in MODES.items():
                sandbox_process.stop()
                sandbox_process.WINDOW = window
                apart = lambda source: isolated(function, source)  # noqa: E731
                found = rate(apart, files, settings, given.seconds)
                rates.setdefault(mode, []).append(found)
        middle = {k: tuple(map(statistics.median, zip(*v, strict=True))) for k, v in rates.items()}
        base = middle["in process"]
        for mode, (cpu, wall) in middle.items():
            print(f"{title:22} {mode:14} {cpu:7.0f} per CPU-s ({cpu / base[0]:.2f})  "
                  f"{wall:7.0f} per s ({wall / base[1]:.2f})", flush=True)  # fmt: skip
    sandbox_process.stop()
    start = time.perf_counter()
    next(isolated(function, [(files[0], {})]))
    print(f"first result after {time.perf_counter() - start:.3f} s")
    sandbox_process.stop()


if __name__ == "__main__":
    main()
