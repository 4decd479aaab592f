"""Embedding pictures from files beside the model's own rate on tensors that are already there.

    python benchmarks/image/embedding.py [--models lite clip] [--pictures 128] [--rounds 3]

Photographs of scikit-image, written as JPEG of 0.3 and 2 megapixels. ViT-B-32 has random weights:
they take as long as trained ones. Contenders take turns; medians of CPU seconds and of wall time.
Needs `pip install -c constraints-cpu.txt -e '.[image,image-models]' scikit-image`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SIZES = {"0.3 MP": (640, 480), "2 MP": (1632, 1224)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["lite", "clip"], choices=["lite", "clip"])
    parser.add_argument("--pictures", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.models:
            settings = clip(Path(folder)) if name == "clip" else {"dimensions": 1280}
            for size, pixels in SIZES.items():
                paths = photographs(Path(folder), pixels, chosen.pictures)
                report(f"{name}, {size}", settings, paths, chosen.rounds)


def photographs(folder: Path, pixels: tuple[int, int], count: int) -> list[str]:
    """Different cuts of real photographs."""
    from PIL import Image
    from skimage import data

    sources = [getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")]
    random = np.random.default_rng(0)
    paths = []
    for number in range(count):
        source = sources[number % len(sources)]
        height, width = source.shape[:2]
        top, left = random.integers(0, height // 4), random.integers(0, width // 4)
        cut = Image.fromarray(source[top : top + height * 3 // 4, left : left + width * 3 // 4])
        large = np.asarray(cut.resize(pixels, Image.Resampling.BICUBIC)).astype(np.int16)
        noisy = np.clip(large + random.normal(0, 3, large.shape), 0, 255).astype(np.uint8)
        path = folder / f"{pixels[0]}-{number}.jpg"
        Image.fromarray(noisy).save(path, quality=87)
        paths.append(str(path))
    return paths


def clip(folder: Path) -> dict[str, Any]:
    """ViT-B-32 with random weights, in a file."""
    import torch

    from tamis.torchvision import mend_torchvision

    mend_torchvision(torch)
    import open_clip

    torch.manual_seed(0)
    file = folder / "vit-b-32.pt"
    torch.save(open_clip.create_model("ViT-B-32").state_dict(), file)
    return {"model": "open_clip:ViT-B-32", "weights": str(file), "dimensions": 512}


def report(title: str, settings: dict[str, Any], paths: list[str], rounds: int) -> None:
    from tamis import from_pandas, image
    from tamis.image.models import picture_model
    from tamis.steps import Score

    model = picture_model(
        settings.get("model", "efficientnet-lite0"), settings.get("weights"), None, None, "auto"
    )
    random = np.random.default_rng(0)
    ready = random.integers(0, 256, (32, 224, 224, 3), np.uint8)
    frame = pd.DataFrame({"id": [f"p{k}" for k in range(len(paths))], "path": paths})
    step = Score(image.embedding, name="embedding", **settings)
    lazy = from_pandas(frame, npartitions=4)

    def own() -> None:
        for _ in range(len(paths) // 32):
            model.compute(ready)

    contenders: dict[str, Callable[[], Any]] = {
        "the model on tensors": own,
        "from files": lambda: step(frame),
        "from files, Dask's threads": lambda: step(lazy).compute(scheduler="threads"),
        "from files, whole (side=None)": lambda: Score(
            image.embedding, name="embedding", side=None, **settings
        )(frame),
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender()
    for _ in range(rounds):
        for name, contender in contenders.items():
            wall, used = time.perf_counter(), time.process_time()
            contender()
            spent[name].append((time.process_time() - used, time.perf_counter() - wall))
    print(f"\n{title}: pictures per CPU second | per second of wall time | of the model's own rate")
    cpu = {name: statistics.median(one for one, _ in runs) for name, runs in spent.items()}
    wall = {name: statistics.median(one for _, one in runs) for name, runs in spent.items()}
    for name in contenders:
        first = "the model on tensors"
        print(
            f"  {name:<32}{len(paths) / cpu[name]:>8.1f}{len(paths) / wall[name]:>8.1f}"
            f"{cpu[first] / cpu[name]:>8.2f} (CPU){wall[first] / wall[name]:>8.2f} (wall)"
        )


if __name__ == "__main__":
    main()
