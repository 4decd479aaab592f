"""Other sample rates, by soxr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tamis.audio.needs import needed


def resampled(
    parts: Iterable[np.ndarray], rate: int, to: int, channels: int = 1
) -> Iterator[np.ndarray]:
    """A stream of float32 at `rate` Hz as one at `to` Hz (soxr, quality HQ).

    The parts do not show in the result: it is one stream.
    """
    soxr = needed("soxr")
    flow = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")
    held: np.ndarray | None = None
    for part in parts:
        if held is not None:
            yield flow.resample_chunk(held)
        held = np.ascontiguousarray(part)
    if held is not None:
        yield flow.resample_chunk(held, last=True)
