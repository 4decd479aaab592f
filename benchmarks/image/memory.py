"""Memory while 20 GB of pictures are curated: the goal is less than 2 GB in any process.

    python benchmarks/image/memory.py [--gigabytes 20] [--setting threads|workers]

One archive of real photographs of about two megapixels (scikit-image's, enlarged, with grain) is
pointed into again and again until the pointers stand for so many gigabytes: what a run holds in
memory does not depend on whether the bytes are read from one place or from many.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import measure
import numpy as np

PHOTOS = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--setting", choices=["threads", "workers"], default="threads")
    parser.add_argument("--curate", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.curate:
        curate(*chosen.curate, chosen.setting)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = build(folder, int(chosen.gigabytes * 1e9))
        command = [sys.executable, __file__, "--setting", chosen.setting]
        found = measure.run(
            [*command, "--curate", folder / "pointers.parquet", folder / "out"], cores=[0, 1],
            timeout=7200,
        )  # fmt: skip
        print(found.output.strip().splitlines()[-1])
        print(
            f"{rows:,} pictures, {chosen.gigabytes:g} GB, {chosen.setting}: wall "
            f"{found.wall:.0f} s, CPU {found.cpu:.0f} s, {rows / found.cpu:.0f} pictures a CPU second; "
            f"largest process {found.peak_process_mb:,.0f} MB, all {found.peak_mb:,.0f} MB (load {found.load:.1f})"
        )
        sys.exit(found.code)


def build(folder: Path, size: int) -> int:
    """An archive of photographs, and pointers into it that stand for `size` bytes."""
    import pandas as pd
    from PIL import Image
    from skimage import data

    rng = np.random.default_rng(0)
    originals = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    pointers = []
    with tarfile.open(folder / "photos.tar", "w") as archive:
        for number in range(PHOTOS):
            picture = Image.fromarray(originals[number % 4]).resize((1632, 1224), Image.BICUBIC)
            if number // 4 % 2:
                picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            grain = rng.normal(0, 3 + number % 5, (1224, 1632, 3))
            pixels = np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)
            out = io.BytesIO()
            Image.fromarray(pixels).save(out, "JPEG", quality=80)
            member = tarfile.TarInfo(f"{number:04d}.jpg")
            member.size = out.tell()
            out.seek(0)
            archive.addfile(member, out)
            pointers.append((archive.offset - -(-member.size // 512) * 512, member.size))
    count = 0
    total = sum(bytes for _, bytes in pointers)
    table = [
        (f"{turn:05d}-{number:04d}", str(folder / "photos.tar"), *pointer)
        for turn in range(-(-size // total))
        for number, pointer in enumerate(pointers)
    ]
    frame = pd.DataFrame(table, columns=["id", "path", "offset", "size"])
    frame = frame[frame["size"].cumsum() <= size]
    count = len(frame)
    frame.to_parquet(folder / "pointers.parquet", row_group_size=4096)
    return count


def curate(pointers: str, out: str, setting: str) -> None:
    """Every measure that needs no model, two hashes, and perceptual deduplication."""
    import tamis
    from tamis import Filter, PerceptualDedup, Pipeline, Score, image, media

    frame = tamis.read_parquet(pointers, block_size="64KB")
    pipeline = Pipeline(
        [
            Filter(image.short_side, min=200),
            Filter(image.aspect_ratio, max=3),
            Score(image.brightness),
            Score(image.contrast),
            Score(image.entropy),
            Score(image.colorfulness),
            Score(image.saturation),
            Score(image.sharpness),
            Score(image.cleanvision_blur),
            Score(image.difference_hash),
            Score(image.perceptual_hash, name="phash"),
            Score(media.file_hash),
            PerceptualDedup(radius=2, min_survivors=0),
        ]
    )
    if setting == "workers":
        with tamis.local_cluster(2, memory="2GiB"):
            run = pipeline.run(frame, out)
    else:
        run = pipeline.run(frame, out)
    print(json.dumps(run.rows))


if __name__ == "__main__":
    main()
