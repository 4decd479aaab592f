"""Units of texts packed to chunks of a most length."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.unicode import code_points
from tamis.kernels.unit_split import ready, split


@jit
def units(
    data: np.ndarray,
    offsets: np.ndarray,
    kind: int,
    spaces: np.ndarray,
    classes: np.ndarray,
    counts: np.ndarray,
) -> np.ndarray:
    """Where the units of texts begin and end, in characters of the text (int64); `counts` of each.

    `kind` and the tables are those of `unit_split.split`.
    """
    spans = np.empty((64, 2), np.int32)
    found, total = np.empty((1024, 2), np.int64), 0
    for i in range(len(offsets) - 1):
        text, start, end = ready(data, offsets[i], offsets[i + 1])
        count, spans = split(text, start, end, kind, spaces, classes, spans)
        counts[i] = count
        while total + count > len(found):
            larger = np.empty((2 * len(found), 2), np.int64)
            for k in range(total):
                larger[k, 0], larger[k, 1] = found[k, 0], found[k, 1]
            found = larger
        at, characters = np.int64(0), np.int64(0)
        for k in range(count):
            first, last = np.int64(spans[k, 0]), np.int64(spans[k, 1])
            characters += code_points(text, start + at, start + first)
            found[total, 0] = characters
            characters += code_points(text, start + first, start + last)
            found[total, 1] = characters
            at = last
            total += 1
    return found[:total]


@jit
def pack(spans: np.ndarray, counts: np.ndarray, most: int, overlap: int, chunks: np.ndarray) -> int:
    """Chunks of as many units as `most` characters hold, one at least; how many there are.

    A row of `chunks`: number of the text, where the chunk begins and ends. A chunk begins with up
    to `overlap` units of the one before, as far as it then still has a new one. There is room for
    as many chunks as there are units.
    """
    made, base = 0, 0
    for i in range(counts.size):
        first, done = 0, 0  # the first unit of the chunk at hand; those that some chunk has
        while done < counts[i]:
            while first < done and spans[base + done, 1] - spans[base + first, 0] > most:
                first += 1
            last = done
            while (
                last + 1 < counts[i] and spans[base + last + 1, 1] - spans[base + first, 0] <= most
            ):
                last += 1
            chunks[made, 0] = i
            chunks[made, 1], chunks[made, 2] = spans[base + first, 0], spans[base + last, 1]
            made += 1
            done = last + 1
            first = max(done - overlap, first + 1)
        base += counts[i]
    return made
