"""All model-free measures and hashes of images beside decoding alone, CleanVision and imagehash.

    python benchmarks/image/measures.py [--cleanvision PYTHON] [--images 160] [--repeats 3]

Pictures are parts of scikit-image's photographs with a little noise, JPEG quality 87, 4:2:0, of
0.3 and 2 megapixels, in a tar. `PYTHON` is an interpreter that has cleanvision. All figures are
seconds of processor time, one thread each; what is compared takes turns, the best of the repeats
counts.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  the number of threads is set before
import pandas as pd  # noqa: E402

PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png",
          "motorcycle_right.png", "retina.jpg")  # fmt: skip
SIZES = {"0.3 MP": (640, 480), "2 MP": (1632, 1224)}
MODULES = ("size", "light", "colour", "sharpness", "layout", "hashes", "cleanvision")
APART = {"sharpness", "qr_code_ratio"}  # of the whole picture: measured apart

CLEANVISION = """
import sys, time
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
start = time.process_time()
lab.find_issues(n_jobs=1, verbose=False)
print(time.process_time() - start)
"""


def photographs(size: tuple[int, int], count: int) -> list[bytes]:
    """JPEG files of parts of photographs."""
    import skimage
    from PIL import Image

    folder = Path(skimage.__file__).parent / "data"
    photos = [np.asarray(Image.open(folder / name).convert("RGB")) for name in PHOTOS]
    rng, files = np.random.default_rng(1), []
    for i in range(count):
        photo = photos[i % len(photos)]
        height, width = photo.shape[:2]
        h = int(min(height, width * 3 / 4) * rng.uniform(0.6, 1))
        w = int(h * 4 / 3)
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        part = Image.fromarray(photo[y : y + h, x : x + w]).resize(size, Image.Resampling.LANCZOS)
        noisy = np.asarray(part) + rng.normal(0, 3, (size[1], size[0], 3))
        data = io.BytesIO()
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(data, "JPEG", quality=87, subsampling=2)
        files.append(data.getvalue())
    return files


def best(tasks: dict[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """The least processor time of each, taken in turns."""
    found = {name: [task()] for name, task in tasks.items()}  # the first also compiles
    for _ in range(repeats):
        for name, task in tasks.items():
            found[name].append(task())
    return {name: min(times[1:]) for name, times in found.items()}


def timed(function: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.process_time()
        function()
        return time.process_time() - start

    return run


def tasks(files: list[bytes], folder: Path, cleanvision: str | None) -> dict[str, Callable]:
    import dask
    import imagehash
    from PIL import Image

    import tamis
    from tamis import Pipeline, Score, image
    from tamis.image.decode import decode
    from tamis.registry import registered

    shard = folder / "shard.tar"
    with tarfile.open(shard, "w") as tar:
        for i, data in enumerate(files):
            member = tarfile.TarInfo(f"{i:06d}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
            (folder / "files").mkdir(exist_ok=True)
            (folder / "files" / member.name).write_bytes(data)
    homes = [f"tamis.image.{module}" for module in MODULES]
    ops = [op for op in registered().values() if op.function.__module__ in homes]
    names = [op.short for op in ops if op.short not in APART]
    frame = tamis.read_webdataset(str(shard))

    def scored(*ops: str) -> None:
        with dask.config.set(scheduler="sync"):
            done = Pipeline([Score(f"image.{op}") for op in ops])(frame).compute()
        done.to_parquet(folder / "scores.parquet")

    def hashed_by_imagehash() -> None:
        for data in files:
            str(imagehash.phash(Image.open(io.BytesIO(data))))

    def by_cleanvision() -> float:
        call = [str(cleanvision), "-c", CLEANVISION, str(folder / "files")]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    contents = pd.Series(files, dtype=object)
    found: dict[str, Callable] = {
        "decode to 256 alone": timed(lambda: [decode(data, short_side=256) for data in files]),
        f"{len(names)} measures and hashes, tar to Parquet": timed(lambda: scored(*names)),
        "... and sharpness of the whole": timed(lambda: scored(*names, "sharpness")),
        "qr_code_ratio alone": timed(lambda: scored("qr_code_ratio")),
        "perceptual_hash of bytes": timed(lambda: image.perceptual_hash(contents)),
        "Pillow and imagehash.phash of bytes": timed(hashed_by_imagehash),
    }
    if cleanvision:
        found["CleanVision, all its issues"] = by_cleanvision
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cleanvision", help="an interpreter that has cleanvision")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    print("| | images / CPU-s | of decoding alone |\n|---|---:|---:|")
    for name, size in SIZES.items():
        count = given.images if size[0] < 1000 else max(given.images // 4, 8)
        with tempfile.TemporaryDirectory() as folder:
            files = photographs(size, count)
            found = best(tasks(files, Path(folder), given.cleanvision), given.repeats)
        decode = next(iter(found.values()))
        for task, seconds in found.items():
            print(f"| {name}: {task} | {count / seconds:,.0f} | {decode / seconds:.2f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
