"""Levels: how loud the samples are, whether they are clipped, off centre, or no numbers at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.audio.signal import Signal
from tamis.media.decoded import each
from tamis.op import measure

SILENT = -150.0  # dBFS of digital silence, of which the logarithm is none

Signals = Sequence[Signal | None]


def decibels(power: float | np.ndarray) -> np.ndarray:
    """10 log10 of a mean square, `SILENT` at the least.

    >>> float(decibels(0.5).round(2)), float(decibels(0.0))
    (-3.01, -150.0)
    """
    return 10 * np.log10(np.maximum(power, 10 ** (SILENT / 10)))


@measure(dtype="float64", range=(SILENT, 100), heavy=True)
def rms_level(signal: Signals) -> np.ndarray:
    """Root mean square of all samples of all channels, in dBFS: a full-scale sine has -3.01.

    Digital silence has -150. Speech is usually recorded at -30 to -15.
    """
    return each(signal, lambda s: decibels(s.squares.sum() / (s.frames * s.channels)))


@measure(dtype="float64", range=(SILENT, 1000), heavy=True)
def peak_level(signal: Signals) -> np.ndarray:
    """The largest sample of any channel, in dBFS; 0 is full scale, silence has -150.

    It is the peak of the samples, not the true peak between them.
    """
    return each(signal, lambda s: decibels(s.peak**2))


@measure(dtype="float64", range=(0, 1), heavy=True)
def clipping_ratio(signal: Signals) -> np.ndarray:
    """Share of samples at 0.999 of full scale or above, 0 to 1.

    A recording that was only normalised to full scale has a few; from 0.001 on it is heard.
    """
    return each(signal, lambda s: s.clipped / (s.frames * s.channels))


@measure(dtype="float64", range=(-float("inf"), float("inf")), heavy=True)
def dc_offset(signal: Signals) -> np.ndarray:
    """Mean of the samples of the channel that is farthest from 0, as a share of full scale."""
    return each(signal, lambda s: max(s.totals, key=abs) / s.frames)


@measure(dtype="float64", range=(0, 1), heavy=True)
def nonfinite_ratio(signal: Signals) -> np.ndarray:
    """Share of samples that are NaN or infinite, as files of floating-point samples may hold.

    The other measures of samples take them for 0.
    """
    return each(signal, lambda s: s.nonfinite / (s.frames * s.channels))


@measure(dtype="float64", range=(0, 1), heavy=True)
def silence_ratio(signal: Signals, *, below: float = -40.0) -> np.ndarray:
    """Share of frames of 20 ms that are `below` so many dB of the loudest, 0 to 1.

    The mean of the channels counts. -40 dB is the range within which speech of one voice lies;
    librosa's `effects.split` cuts at -60. A recording of nothing but zeros has 1.
    """
    return each(signal, lambda s: _quiet(s.energies, below))


@measure(dtype="float64", range=(0, 1), heavy=True)
def zero_crossing_rate(signal: Signals) -> np.ndarray:
    """Changes of sign from one sample to the next, per sample, of the mean of the channels.

    Twice the frequency of a tone by the sample rate; librosa's `zero_crossing_rate` as a mean.
    """
    return each(signal, lambda s: s.sums[4] / s.frames)


@measure(dtype="float64", range=(-1, 1), heavy=True)
def channel_correlation(signal: Signals) -> np.ndarray:
    """Correlation of the first two channels, -1 to 1; null for one channel, or a silent one.

    1 is mono that is stored as stereo (at whatever levels); near -1 one channel is upside down and
    their mean nearly silent.
    """
    return each(signal, _correlation)


@measure(dtype="float64", range=(0, 300), heavy=True)
def channel_imbalance(signal: Signals) -> np.ndarray:
    """Level of the loudest channel above the softest, in dB; null for one channel.

    A channel that is silent gives more than 50.
    """
    return each(signal, lambda s: np.ptp(decibels(s.squares / s.frames)) if _many(s) else np.nan)


def _many(s: Signal) -> bool:
    return s.channels > 1


def _quiet(energies: np.ndarray, below: float) -> float:
    most = float(energies.max())
    return float(np.mean(energies < most * 10 ** (below / 10))) if most > 0 else 1.0


def _correlation(s: Signal) -> float:
    if s.channels < 2:
        return float("nan")
    means = s.totals[:2] / s.frames
    variances = s.squares[:2] / s.frames - means**2
    if variances.min() <= 1e-14:
        return float("nan")
    covariance = s.product / s.frames - means.prod()
    return float(np.clip(covariance / np.sqrt(variances.prod()), -1, 1))
