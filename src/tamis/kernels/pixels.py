"""One walk over the pixels of a picture: what all measures of light and colour are made of.

The inner loops are written so that a compiler makes vectors of them: every sum stays in 32 bits,
numba would widen it else, and no index can be negative.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

BLOCK = 2048  # pixels at a time: their levels stay in the nearest cache, their sums in 32 bits
LIGHTS = 1021  # steps of perceived brightness, four a level, so that greys are met exactly
GRAY = 8  # levels that the channels of a grey pixel may be apart: what JPEG does to a grey one
SUMS = ("rg2", "yb2", "saturation", "gray")

_int, _float = np.int32, np.float32


@jit
def tones(
    rgb: np.ndarray,
    step: int,
    luma: np.ndarray,
    lights: np.ndarray,
    channels: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add up the pixels of every `step`-th row of a picture, uint8[height, width, 3].

    `luma` (int64[256]) counts the pixels of each luma, ITU-R 601-2 as Pillow rounds it; `lights`
    (int64[LIGHTS]) those of each perceived brightness, sqrt(0.241 R² + 0.691 G² + 0.068 B²), in
    steps of a quarter of a level; `channels` (int64[3, 256]) the levels of R, G and B; `sums`
    (int64) are of (R - G)², of (R + G - 2 B)², of the saturation in 255ths, and how many pixels
    are grey.
    """
    levels, steps = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint16)
    two_luma, two_lights = np.zeros((2, 256), np.int64), np.zeros((2, LIGHTS), np.int64)
    for y in range(0, rgb.shape[0], step):
        row = rgb[y].reshape(-1)
        for start in range(0, len(row), 3 * BLOCK):
            block = row[start : start + 3 * BLOCK]
            _levels(block, levels, steps)
            _colours(block, sums)
            _count(block, levels, steps, two_luma, two_lights, channels)
    luma += two_luma[0] + two_luma[1]
    lights += two_lights[0] + two_lights[1]


def luma_of(rgb: np.ndarray) -> np.ndarray:
    """The luma, uint8[height, width], of a picture, uint8[height, width, 3]: Pillow's mode "L"."""
    gray = np.empty(rgb.shape[:2], np.uint8)
    _luma(np.ascontiguousarray(rgb).reshape(-1), gray.reshape(-1))
    return gray


@jit
def _luma(rgb: np.ndarray, gray: np.ndarray) -> None:
    for i in range(len(gray)):
        r, g, b = _int(rgb[3 * i]), _int(rgb[3 * i + 1]), _int(rgb[3 * i + 2])
        weighed = _int(_int(_int(r * _int(19595)) + _int(g * _int(38470))) + _int(b * _int(7471)))
        gray[i] = _int(weighed + _int(32768)) >> _int(16)


@jit
def _levels(block: np.ndarray, levels: np.ndarray, steps: np.ndarray) -> None:
    """The luma and the perceived brightness of each pixel."""
    for i in range(len(block) // 3):
        r, g, b = _int(block[3 * i]), _int(block[3 * i + 1]), _int(block[3 * i + 2])
        weighed = _int(_int(_int(r * _int(19595)) + _int(g * _int(38470))) + _int(b * _int(7471)))
        levels[i] = _int(weighed + _int(32768)) >> _int(16)
        red, green, blue = _float(r), _float(g), _float(b)
        squared = (
            _float(16 * 0.241) * (red * red)
            + _float(16 * 0.691) * (green * green)
            + _float(16 * 0.068) * (blue * blue)
        )
        steps[i] = _int(np.sqrt(squared) + _float(0.5))


@jit
def _colours(block: np.ndarray, sums: np.ndarray) -> None:
    """Add what the channels differ by."""
    rg2, yb2, saturation, gray = _int(0), _int(0), _int(0), _int(0)
    for i in range(len(block) // 3):
        r, g, b = _int(block[3 * i]), _int(block[3 * i + 1]), _int(block[3 * i + 2])
        high, low = max(r, max(g, b)), min(r, min(g, b))
        apart = _int(high - low)
        share = _float(_int(255) * apart) / _float(max(high, _int(1)))
        saturation = _int(saturation + _int(share + _float(0.5)))
        gray = _int(gray + _int(apart <= GRAY))
        red_green, yellow_blue = _int(r - g), _int(_int(r + g) - _int(b + b))
        rg2 = _int(rg2 + _int(red_green * red_green))
        yb2 = _int(yb2 + _int(yellow_blue * yellow_blue))
    sums[0] += rg2
    sums[1] += yb2
    sums[2] += saturation
    sums[3] += gray


@jit
def _count(
    block: np.ndarray,
    levels: np.ndarray,
    steps: np.ndarray,
    luma: np.ndarray,
    lights: np.ndarray,
    channels: np.ndarray,
) -> None:
    """Count levels; neighbours, often equal, in two tables, so that they do not wait in line."""
    for i in range(len(block) // 3):
        luma[i & 1, levels[i]] += 1
        lights[i & 1, steps[i]] += 1
        channels[0, block[3 * i]] += 1
        channels[1, block[3 * i + 1]] += 1
        channels[2, block[3 * i + 2]] += 1
