"""How much noise there is, guessed from the recording alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.audio.signal import Signal
from tamis.media.decoded import each
from tamis.op import measure

Signals = Sequence[Signal | None]

# Of each SNR from -20 to 100 dB: log of the mean magnitude less the mean of its logarithm, for
# x = s + n with s of either sign and a magnitude of Gamma(0.4), n Gaussian. Source: the table
# `Alpha_0.400000` that the authors published with their program.
SPREADS = (
    0.4097, 0.4099, 0.4100, 0.4097, 0.4099, 0.4100, 0.4103, 0.4105, 0.4110, 0.4114, 0.4123,
    0.4134, 0.4153, 0.4178, 0.4208, 0.4245, 0.4292, 0.4351, 0.4423, 0.4516, 0.4622, 0.4749,
    0.4888, 0.5051, 0.5235, 0.5437, 0.5653, 0.5885, 0.6135, 0.6395, 0.6675, 0.6958, 0.7245,
    0.7541, 0.7832, 0.8124, 0.8422, 0.8717, 0.9003, 0.9288, 0.9566, 0.9835, 1.0105, 1.0362,
    1.0614, 1.0858, 1.1095, 1.1328, 1.1547, 1.1763, 1.1970, 1.2167, 1.2354, 1.2536, 1.2710,
    1.2872, 1.3030, 1.3184, 1.3329, 1.3470, 1.3606, 1.3735, 1.3858, 1.3973, 1.4086, 1.4196,
    1.4298, 1.4396, 1.4490, 1.4580, 1.4667, 1.4749, 1.4827, 1.4903, 1.4975, 1.5044, 1.5108,
    1.5170, 1.5229, 1.5286, 1.5339, 1.5391, 1.5439, 1.5486, 1.5531, 1.5574, 1.5616, 1.5657,
    1.5694, 1.5731, 1.5765, 1.5798, 1.5830, 1.5860, 1.5888, 1.5916, 1.5942, 1.5969, 1.5994,
    1.6019, 1.6041, 1.6063, 1.6083, 1.6100, 1.6119, 1.6137, 1.6153, 1.6169, 1.6184, 1.6199,
    1.6214, 1.6227, 1.6239, 1.6251, 1.6263, 1.6274, 1.6284, 1.6295, 1.6303, 1.6313, 1.6320,
)  # fmt: skip


@measure(dtype="float64", range=(-20, 100), heavy=True)
def wada_snr(signal: Signals) -> np.ndarray:
    """Signal to noise ratio of speech in dB, -20 to 100, by the distribution of amplitudes.

    WADA-SNR (Kim and Stern, Interspeech 2008): speech is taken for Gamma-distributed with shape
    0.4, noise for Gaussian. Within 3.5 dB from 0 to 15 dB for speech with white noise; music,
    compressed or clipped speech is not what it was made for. Digital silence has no value.
    """
    return each(signal, _wada)


@measure(dtype="float64", range=(-50, 150), heavy=True)
def percentile_snr(signal: Signals, *, q: float = 10.0) -> np.ndarray:
    """Signal to noise ratio in dB: what is above the level of the quietest `q` percent of 20 ms.

    The noise is the `q`th percentile of the frames' energies, the signal the mean without it. It
    needs pauses of that share and steady noise; without noise it is the range of the recording.
    Digital silence has no value.
    """
    return each(signal, lambda s: _above(s.energies, q))


def _above(energies: np.ndarray, q: float) -> float:
    mean = float(energies.mean())
    if mean <= 0:
        return float("nan")
    noise = max(float(np.percentile(energies, q)), 1e-12)
    return float(np.clip(10 * np.log10(max(mean - noise, 1e-15) / noise), -50, 150))


def _wada(s: Signal) -> float:
    _, squares, magnitude, logs, _ = s.sums
    if squares <= 0 or magnitude <= 0:
        return float("nan")
    spread = np.log(magnitude / s.frames) - logs / s.frames
    return float(np.interp(spread, SPREADS, np.arange(-20, 101)))
