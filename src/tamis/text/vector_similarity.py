"""How near two columns of vectors are, row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.errors import DataError
from tamis.op import measure
from tamis.vectors import GOOD, read_vectors


@measure(dtype="float64", range=(-1, 1))
def cosine(left: pd.Series, right: pd.Series) -> np.ndarray:
    """The cosine of two vectors, such as the embeddings of a question and of a passage.

    Of columns of fixed-size or other lists of numbers of one width, in float64. Null where a vector
    is null, zero, or not finite.

    >>> cosine([[1.0, 0.0], [2.0, 0.0]], [[0.0, 2.0], [3.0, 0.0]]).tolist()
    [0.0, 1.0]
    """
    one, two = read_vectors(left), read_vectors(right)
    good = (one.state == GOOD) & (two.state == GOOD)
    found = np.full(len(left), np.nan)
    if not good.any():
        return found
    a, b = one.values[good].astype(np.float64), two.values[good].astype(np.float64)
    if a.shape[1] != b.shape[1]:
        raise DataError(f"cosine: vectors of {a.shape[1]} numbers, and of {b.shape[1]}")
    products = np.einsum("ij,ij->i", a, b)
    lengths = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    found[good] = np.clip(products / lengths, -1, 1)
    return found
