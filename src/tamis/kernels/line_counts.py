"""Lines of a text counted by their length, or by the mark they end with."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import TERMINAL
from tamis.kernels.unicode import decode


@jit
def of_length(
    line_offsets: np.ndarray, spans: np.ndarray, low: int, high: int, counts: np.ndarray
) -> None:
    """How many lines of each text have `low` to `high` characters."""
    last = spans.shape[1] - 1
    for i in range(len(line_offsets) - 1):
        count = np.int64(0)
        for line in range(line_offsets[i], line_offsets[i + 1]):
            count += np.int64(low <= spans[line, last] <= high)
        counts[i] = count


@jit
def with_end_mark(
    data: np.ndarray,
    offsets: np.ndarray,
    line_offsets: np.ndarray,
    spans: np.ndarray,
    column: int,
    classes: np.ndarray,
    counts: np.ndarray,
) -> None:
    """How many lines of each text end with a mark that ends sentences.

    `spans[:, column]` is where a line ends, in bytes from the start of its text.
    """
    for i in range(len(offsets) - 1):
        count = np.int64(0)
        for line in range(line_offsets[i], line_offsets[i + 1]):
            at = offsets[i] + spans[line, column] - 1
            while at > offsets[i] and data[at] & 0xC0 == 0x80:
                at -= 1
            # the last bytes of the column may be the start of a character cut off
            if data[at] < 0x80 or at + 4 <= len(data) or _fits(data, at):
                count += np.int64(classes[decode(data, at)] & TERMINAL != 0)
        counts[i] = count


@jit
def _fits(data: np.ndarray, at: int) -> bool:
    """Whether the character at `at` lies within `data`."""
    lead = data[at]
    return at + (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4) <= len(data)
