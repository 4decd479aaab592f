"""Means of rows of a table, for embeddings of tokens."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def mean_rows(table: np.ndarray, ids: np.ndarray, offsets: np.ndarray, found: np.ndarray) -> None:
    """The mean of the rows `ids[offsets[i]:offsets[i + 1]]` of a float32 table, for each i."""
    for text in range(found.shape[0]):
        into = found[text]
        for at in range(offsets[text], offsets[text + 1]):
            row = table[ids[at]]
            for k in range(into.size):
                into[k] += row[k]
        count = np.float32(offsets[text + 1] - offsets[text])
        if count > 0:
            for k in range(into.size):
                into[k] /= count
