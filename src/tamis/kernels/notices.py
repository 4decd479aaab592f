"""Paragraphs that hold a policy notice, and texts that hold "lorem ipsum"."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.phrases import FILLER, KELVIN, NOTICE, POLICY, phrases
from tamis.kernels.unicode import padded

_POLICIES = POLICY | NOTICE


@jit
def notices(
    data: np.ndarray,
    offsets: np.ndarray,
    marks: np.ndarray,
    paragraph_offsets: np.ndarray,
    spans: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Per text (row of `counts`): paragraphs with a policy notice, and 1 for "lorem ipsum".

    `marks` are those of `phrases.marks`: a text without any need not be looked at.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        counts[i, 0] = counts[i, 1] = 0
        if marks[i] & (_POLICIES | FILLER | KELVIN) == 0:
            continue
        own = spans[paragraph_offsets[i] : paragraph_offsets[i + 1]]
        kelvin = marks[i] & KELVIN != 0
        copy = np.zeros(end - start + 128 if kelvin else 0, np.uint8)
        if end + 128 <= len(data):
            notices_within(data, start, own, kelvin, copy, 0, counts[i])
        else:
            notices_within(padded(data, start, end), 0, own, kelvin, copy, 0, counts[i])


@jit
def notices_within(
    data: np.ndarray,
    start: int,
    spans: np.ndarray,
    kelvin: bool,
    copy: np.ndarray,
    into: int,
    row: np.ndarray,
) -> None:
    """Add what some paragraphs of a text hold to its row of `counts`.

    Where the text has a Kelvin sign, `copy` takes each paragraph, from `into` on, with a k for it.
    """
    for part in range(len(spans)):
        first, last = start + spans[part, 0], start + spans[part, 1]
        if kelvin:
            found = phrases(copy, into, _without_kelvin(data, first, last, copy, into))
        else:
            found = phrases(data, first, last)
        row[0] += np.int64(found & _POLICIES != 0)
        row[1] |= np.int64(found & FILLER != 0)


@jit
def _without_kelvin(data: np.ndarray, at: int, end: int, copy: np.ndarray, into: int) -> int:
    while at < end:
        if data[at] == 0xE2 and data[at + 1] == 0x84 and data[at + 2] == 0xAA:
            copy[into] = 0x6B
            at += 3
        else:
            copy[into] = data[at]
            at += 1
        into += 1
    return into
