"""How much of two fingerprints is the same sound, once more, without any part of the search.

At every offset there is, by numpy alone. Whether a removal was right is judged by this, and the
numbers of the definition stand here a second time.
"""

from __future__ import annotations

import base64

import numpy as np
import pyarrow as pa

WINDOW, FEWEST = 32, 8  # words
ERRORS = {32: 0.24, 8: 0.15}  # of the bits, of a window of so many words; in between in between


def fingerprints(column: pa.ChunkedArray) -> list[np.ndarray]:
    """The fingerprints of a column without nulls, each uint32[words]: base64, bytes, numbers.

    >>> [words.tolist() for words in fingerprints(pa.chunked_array([["AQAAAAIAAAA="]]))]
    [[1, 2]]
    """
    found = []
    for cell in column.to_pylist():
        if isinstance(cell, list):
            found.append(np.array([number % 2**32 for number in cell], np.uint32))
        else:
            data = base64.b64decode(cell) if isinstance(cell, str) else cell
            found.append(np.frombuffer(data, "<u4").astype(np.uint32))
    return found


def similarity(left: np.ndarray, right: np.ndarray, contained: bool) -> tuple[float, int]:
    """The most that is the same sound at one offset, and that offset in words.

    >>> words = np.random.default_rng(0).integers(1, 2**32, 200, np.uint32)
    >>> similarity(words, words[50:], contained=True), similarity(words, words[50:], False)
    ((1.0, 50), (0.75, 50))
    """
    best, at = 0.0, 0
    for offset in range(FEWEST - len(right), len(left) - FEWEST + 1):
        value = at_offset(left, right, offset, contained)
        if value > best or (value == best and abs(offset) < abs(at)):
            best, at = value, offset
    return best, at


def at_offset(left: np.ndarray, right: np.ndarray, offset: int, contained: bool) -> float:
    """What share is the same sound with the right one `offset` words later than the left one."""
    first, last = max(0, offset), min(len(left), len(right) + offset)
    width = min(WINDOW, last - first)
    if width < FEWEST:
        return 0.0
    one, other = left[first:last], right[first - offset : last - offset]
    telling = (one != 0) & (other != 0)
    errors = np.where(telling, np.bitwise_count(one ^ other), 0).astype(np.int64)
    ones = np.ones(width, np.int64)
    number = np.convolve(telling.astype(np.int64), ones, "valid")  # of each window
    shares = [ERRORS[k] for k in sorted(ERRORS)]
    most = 32 * number * np.interp(number, sorted(ERRORS), shares) + 1e-9
    good = (number >= FEWEST) & (np.convolve(errors, ones, "valid") <= most)
    same = np.convolve(good.astype(np.int64), ones) > 0
    shared = int((same & telling).sum())
    own, its = int((left != 0).sum()), int((right != 0).sum())
    whole = min(own, its) if contained else own + its - shared
    return shared / whole if whole else 0.0
