"""Scores from embeddings: heads as LAION published them, or trained here from labelled rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import DataError, SettingError
from tamis.extras import Modules
from tamis.image.head_files import Head
from tamis.image.head_files import head as load_head
from tamis.op import measure
from tamis.vectors import GOOD, read_vectors


def _packages(settings: Mapping[str, Any]) -> Modules:
    plain = str(settings["weights"]).endswith(".safetensors")
    return {} if plain else {"image-models": ("torch",)}


@measure(needs=_packages)
def head(embedding: pd.Series, *, weights: str, normalize: bool | None = None) -> np.ndarray:
    """The score that a small network gives an embedding, of a column that is already there.

    `weights` is a file, safetensors or a state dict of torch's (read as weights only), of one of
    these layouts: LAION's aesthetic predictors (the linear ones for ViT-L-14 and ViT-B-32, and
    improved-aesthetic-predictor: about 1 to 10, its training pictures' mean is near 5), LAION's
    NSFW detectors for ViT-B-32 and ViT-L-14 (norm, linear_1 …: a probability) and ViT-H-14, or what
    `tamis.image.train_head` wrote. Each belongs to the embeddings it was trained on.

    The embedding is brought to length 1 first, as all of these want it, unless the file or
    `normalize` says no. Rows without an embedding have none. No torch is needed for safetensors.
    Source: LAION, aesthetic-predictor and CLIP-based-NSFW-Detector, 2022.
    """
    vectors = read_vectors(embedding)
    found = np.full(len(embedding), np.nan)
    good = vectors.state == GOOD
    if good.any():
        small = open_head(weights)
        small = small if normalize is None else small._replace(normalize=normalize)
        if small.width != vectors.values.shape[1]:
            raise SettingError(
                f"head: {weights} is for embeddings of {small.width} numbers; the column "
                f"{embedding.name!r} has {vectors.values.shape[1]}"
            )
        found[good] = small(vectors.values[good])
    return found


def open_head(weights: str) -> Head:
    """The head in a file, read again when the file has changed."""
    file = Path(weights)
    if not file.is_file():
        raise DataError(f"head: no file {weights}")
    now = file.stat()
    made: Head = load_head(str(file), (now.st_size, now.st_mtime_ns))
    return made
