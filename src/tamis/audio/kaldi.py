"""Filter banks as Kaldi and its descendants make them, for models that were trained on them."""

from __future__ import annotations

import functools

import numpy as np

from tamis.audio.mel import framed

LOW = 20.0  # Hz
EPSILON = float(np.finfo(np.float32).eps)


def fbank(samples: np.ndarray, rate: int, bands: int) -> np.ndarray:
    """Logarithms of the power in `bands` bands, float32 of [frames, bands], of samples within ±1.

    Kaldi's defaults without dither: frames of 25 ms every 10 ms that lie within the samples, the
    mean taken off, emphasis of 0.97, its own window (Hann to the power 0.85), bands from 20 Hz to
    half the rate. Samples are scaled to 16 bits.
    """
    size, hop = rate // 40, rate // 100
    frames = framed(samples.astype(np.float64) * 32_768, size, hop)
    if not len(frames):
        frames = np.pad(samples.astype(np.float64) * 32_768, (0, size - len(samples)))[None]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    turn = 2 * np.pi * np.arange(size) / (size - 1)
    shaped = (frames - 0.97 * before) * (0.5 - 0.5 * np.cos(turn)) ** 0.85
    width = 1 << (size - 1).bit_length()
    power = np.abs(np.fft.rfft(shaped, width, axis=1)) ** 2
    return np.log(np.maximum(power @ _bank(rate, width, bands).T, EPSILON)).astype(np.float32)


@functools.cache
def _bank(rate: int, width: int, bands: int) -> np.ndarray:
    """Triangles at equal distances on the mel scale of O'Shaughnessy, heights 1, in mel."""

    def mel(hertz: np.ndarray) -> np.ndarray:
        return 1127.0 * np.log1p(hertz / 700.0)

    edges = np.linspace(mel(np.array(LOW)), mel(np.array(rate / 2)), bands + 2)[:, None]
    bins = mel(np.arange(width // 2 + 1) * rate / width)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))
