"""A spectrogram as a small picture: time to the right, frequency upwards, loud is bright."""

from __future__ import annotations

import struct
import zlib

import numpy as np

RANGE = 70.0  # dB between the brightest and black
WINDOW = 0.032  # seconds of a Hann window: two periods of a low voice
LEVELS = 48  # colours: more are not told apart, and pack worse
# From black over red to pale yellow, equally far apart in brightness.
_ANCHORS = ((4, 4, 16), (78, 20, 110), (178, 44, 108), (246, 118, 84), (253, 248, 196))


def spectrogram(samples: np.ndarray, rate: int, width: int, height: int) -> np.ndarray:
    """Levels of [height, width], uint8 below `LEVELS`; the first row is the highest frequency.

    `samples` is float32 of [n], `rate` in Hz. Rows are equal steps of the mel scale. What is 70 dB
    below the loudest points is black, and so is silence.
    """
    window = max(64, 1 << max(0, int(rate * WINDOW) - 1).bit_length())
    samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    padded = np.pad(samples, (window // 2, window // 2 + 1))
    starts = np.linspace(0, max(len(samples) - 1, 0), width).astype(np.int64)
    frames = padded[starts[:, None] + np.arange(window)] * np.hanning(window)
    power = np.square(np.abs(np.fft.rfft(frames)))[:, 1:]  # without the mean
    bands = np.maximum.reduceat(power, _edges(power.shape[1], rate, height), axis=1)
    top = np.quantile(bands, 0.995)
    if not top > 0:
        return np.zeros((height, width), np.uint8)
    decibels = 10 * np.log10(np.maximum(bands / top, 1e-12))
    levels = np.clip((decibels / RANGE + 1) * (LEVELS - 1), 0, LEVELS - 1)
    return np.ascontiguousarray(np.rint(levels).astype(np.uint8).T[::-1])


def _edges(bins: int, rate: int, height: int) -> np.ndarray:
    """Where each row's frequencies begin: equal steps of the mel scale, as hearing has them."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, height + 1)[:-1] / 2595) - 1)
    return np.minimum((hertz / (rate / 2) * bins).astype(np.int64), bins - 1)


def png(levels: np.ndarray) -> bytes:
    """Levels as a PNG file with a palette."""
    height, width = levels.shape
    at = np.linspace(0, len(_ANCHORS) - 1, LEVELS)
    colours = [
        np.interp(at, range(len(_ANCHORS)), channel) for channel in zip(*_ANCHORS, strict=True)
    ]
    palette = np.rint(np.stack(colours, 1)).astype(np.uint8).tobytes()
    rows = np.hstack([np.zeros((height, 1), np.uint8), levels]).tobytes()  # 0: no filter
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
