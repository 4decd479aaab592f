"""What the first bytes of a recording say: its length, form and coding. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.audio.recording import Recording
from tamis.media.decoded import each
from tamis.op import measure

Recordings = Sequence[Recording | None]


@measure(dtype="float64", range=(0, float("inf")))
def duration(recording: Recordings) -> np.ndarray:
    """Seconds by the header, of the part from `start` to `end` where those are given.

    NeMo's and most manifests' `duration`. For an MP3 without a count of its frames it is an
    estimate by the bit rate.
    """
    return each(recording, lambda one: one.duration)
