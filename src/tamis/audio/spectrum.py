"""What frequencies a recording has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.audio.signal import Signal
from tamis.kernels.spectrum import SIZE
from tamis.media.decoded import each
from tamis.op import measure

Signals = Sequence[Signal | None]


@measure(dtype="float64", range=(0, float("inf")), heavy=True)
def bandwidth(signal: Signals, *, threshold: float = -50.0) -> np.ndarray:
    """The highest frequency in Hz whose mean power is within `threshold` dB of the strongest.

    So it is found that 48 kHz were made from a telephone's 8: 3,400 Hz instead of 20,000. Source:
    NeMo speech-data-processor, `EstimateBandwidth` (512 samples, Blackman-Harris, 10 ms, -50 dB).
    Digital silence has 0.
    """
    return each(signal, lambda s: _highest(s, threshold))


@measure(dtype="float64", range=(0, 1), heavy=True)
def spectral_flatness(signal: Signals) -> np.ndarray:
    """Geometric by arithmetic mean of the power spectrum, the mean over frames: 0 tone, 1 noise.

    As librosa's `spectral_flatness` of frames of 512 samples, Blackman-Harris, each 10 ms. A
    single frame of white noise has 0.56, digital silence 1.
    """
    return each(signal, lambda s: min(s.flatness / s.spectra, 1.0))


def _highest(s: Signal, threshold: float) -> float:
    power = s.power / s.spectra
    most = power.max()
    if most <= 0:
        return 0.0
    # Source: librosa's `power_to_db`, which takes nothing for less than 1e-10, or 100 dB below
    least = max(1e-10, most * 1e-10)
    above = np.maximum(power, least) > most * 10 ** (threshold / 10)
    return float(np.flatnonzero(above)[-1] * s.rate / SIZE) if above.any() else 0.0
