"""What edits do to samples: functions of blocks, float32 of [n, channels], one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tamis.codes import BadRecord


def factor(decibels: float) -> float:
    """What samples are multiplied by to be so many decibels louder.

    >>> round(factor(6.0), 3), factor(-20.0)
    (1.995, 0.1)
    """
    return float(10 ** (decibels / 20))


def amplified(blocks: Iterable[np.ndarray], decibels: float) -> Iterator[np.ndarray]:
    """Louder by so many decibels. What would be beyond full scale is cut off by who stores it."""
    by = np.float32(factor(decibels))
    return (block * by for block in blocks)


def offset(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """The mean of each channel (DC), float64 of [channels]; of no samples it is empty."""
    total, count = np.zeros(0), 0
    for block in blocks:
        sums = block.sum(axis=0, dtype=np.float64)
        total = total + sums if len(total) else sums
        count += len(block)
    if not np.isfinite(total).all():
        raise BadRecord("decode.corrupt", "there are samples that are no numbers")
    return total / max(count, 1)


def shifted(blocks: Iterable[np.ndarray], by: np.ndarray) -> Iterator[np.ndarray]:
    """Each channel lower by so much: without its DC, if that is its `offset`."""
    lower = by.astype(np.float32)
    return (block - lower for block in blocks)


def spaced(parts: Iterable[Iterable[np.ndarray]], silence: int) -> Iterator[np.ndarray]:
    """Parts one after another with so many samples of silence between them."""
    channels = 0
    for number, part in enumerate(parts):
        for place, block in enumerate(part):
            if number and not place and silence:
                yield np.zeros((silence, channels or block.shape[1]), np.float32)
            channels = block.shape[1]
            yield block
