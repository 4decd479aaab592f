"""A stream of samples as windows of one length that overlap, a few of them in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


def windows(blocks: Iterable[np.ndarray], size: int, step: int) -> Iterator[tuple[int, np.ndarray]]:
    """Where each window begins, in samples, and its samples; the last one may be shorter.

    Windows begin every `step` samples; one that the window before it holds to the end is left out.

    >>> [(at, part.tolist()) for at, part in windows([np.arange(4), np.arange(4, 7)], 4, 3)]
    [(0, [0, 1, 2, 3]), (3, [3, 4, 5, 6])]
    """
    held: list[np.ndarray] = []
    have = at = 0
    for block in blocks:
        if not len(block):
            continue
        held.append(block)
        have += len(block)
        while have > size:  # only then it is known that more follows
            whole = np.concatenate(held)
            yield at, whole[:size]
            held = [whole[step:]]
            have, at = len(held[0]), at + step
    if have:
        yield at, np.concatenate(held)
