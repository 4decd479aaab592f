"""Models on a card: embeddings of texts and pictures there, and on the cores.

    PYTHONPATH=src python benchmarks/gpu/models.py [--texts 5000] [--pictures 1000]

Models that come in packages (extras `semantic`, `image-models`); what is not installed is passed by
and said. Prints rates, and the least cosine between a vector of the card and one of the cores.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import Score, datasets, image, text
from tamis.frame import STRING

SAME = 200  # rows computed on both


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--pictures", type=int, default=1000)
    chosen = parser.parse_args()
    made: dict[str, Any] = {}
    for name, op, rows in (
        ("text.embedding (minilm)", text.embedding, lambda: texts(chosen.texts)),
        (
            "image.embedding (efficientnet-lite0)",
            image.embedding,
            lambda: pictures(chosen.pictures),
        ),
    ):
        try:
            made[name] = compared(op, rows)
        except Exception as error:
            made[name] = f"not run: {type(error).__name__}: {error}"[:300]
        print(json.dumps({name: made[name]}, indent=1), flush=True)


def compared(op: Any, rows: Callable[[], pd.DataFrame]) -> dict[str, float]:
    frame = rows()
    found, seconds = {}, {}
    for device, part in (("cuda", frame), ("cpu", frame.head(SAME))):
        step = Score(op, device=device, name="v")
        step(frame.head(8))  # loaded
        start = time.perf_counter()
        found[device] = np.stack(step(part)["v"].dropna().head(SAME).to_numpy())
        seconds[device] = (time.perf_counter() - start) / len(part)
    one, other = found["cuda"].astype(np.float64), found["cpu"].astype(np.float64)
    cosine = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return {
        "card rows/s": 1 / seconds["cuda"],
        "cores rows/s": 1 / seconds["cpu"],
        "least cosine": float(cosine.min()),
    }


def texts(count: int) -> pd.DataFrame:
    pages = datasets.demo().compute()["text"].dropna().tolist()
    return pd.DataFrame({"text": pd.array((pages * (count // len(pages) + 1))[:count], STRING)})


def pictures(count: int) -> pd.DataFrame:
    from PIL import Image

    generator, made = np.random.default_rng(0), []
    for _ in range(64):
        coarse = generator.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG")
        made.append(out.getvalue())
    column = pa.array((made * (count // 64 + 1))[:count], pa.large_binary())
    return pd.DataFrame({"path": pd.array(column, dtype=pd.ArrowDtype(pa.large_binary()))})


if __name__ == "__main__":
    main()
