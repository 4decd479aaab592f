"""Power in bands of pitch: mel spectrograms as librosa makes them."""

from __future__ import annotations

import functools

import numpy as np


@functools.cache
def mel_bank(rate: int, size: int, bands: int) -> np.ndarray:
    """Weights of the bins of a Fourier transform of `size` for each band, float32 of [bands, bins].

    Triangles at equal distances on Slaney's scale (linear to 1 kHz, logarithmic above) from 0 to
    half the rate, each of area 1: what `librosa.filters.mel` gives.
    """
    step, corner, ratio = 200 / 3, 1000.0, np.log(6.4) / 27

    def mel(hertz: np.ndarray) -> np.ndarray:
        high = corner / step + np.log(np.maximum(hertz, corner) / corner) / ratio
        return np.where(hertz < corner, hertz / step, high)

    top = float(mel(np.array(rate / 2)))
    places = np.linspace(0, top, bands + 2)
    low = places < corner / step
    edges = np.where(low, places * step, corner * np.exp(ratio * (places - corner / step)))
    bins = np.fft.rfftfreq(size, 1 / rate)
    slopes = np.diff(edges)
    away = edges[:, None] - bins
    rising, falling = -away[:-2] / slopes[:-1, None], away[2:] / slopes[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return weights.astype(np.float32)


@functools.cache
def transform(size: int) -> np.ndarray:
    """A Hann window and the Fourier transform as one matrix: cosines, then sines, of each bin.

    For a few hundred samples, of numbers of any factors, that is faster than the fast transform.
    """
    at = np.arange(size)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * at / size)
    turn = 2 * np.pi * np.outer(at, np.arange(size // 2 + 1)) / size
    both = np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
    return (window[:, None] * both).astype(np.float32)


def mel_power(frames: np.ndarray, rate: int, bands: int) -> np.ndarray:
    """The power in each band of frames of samples, float32 of [frames, bands]; a Hann window."""
    size = frames.shape[1]
    spectrum = np.ascontiguousarray(frames) @ transform(size)
    real, imaginary = np.split(spectrum, 2, axis=1)
    return (real**2 + imaginary**2) @ mel_bank(rate, size, bands).T


def framed(samples: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Overlapping frames of samples, uncopied: [frames, size]; what is left at the end is not."""
    if len(samples) < size:
        return np.empty((0, size), samples.dtype)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
