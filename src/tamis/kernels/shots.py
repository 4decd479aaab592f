"""What changes from one frame of a video to the next, of small frames: colour, light, stillness.

Hue, saturation and value are OpenCV's of 8 bits (hue in 0..179), and the luma that of its YUV, so
that thresholds published for PySceneDetect hold here.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

HUE, SATURATION, VALUE, RGB, STILL = range(5)  # places in `sums`
_SHIFT = 12  # bits behind the point in OpenCV's tables of reciprocals


def _table(most: float) -> np.ndarray:
    """`most / i` in whole numbers of 12 bits behind the point, 0 for 0."""
    levels = np.arange(256)
    return np.rint((1 << _SHIFT) * most / np.maximum(levels, 1)).astype(np.int32) * (levels > 0)


_SATURATIONS, _HUES = _table(255.0).astype(np.int32), _table(180.0 / 6).astype(np.int32)


def compare(
    rgb: np.ndarray, before: np.ndarray, reference: np.ndarray, levels: np.ndarray, sums: np.ndarray
) -> None:
    """Compare a frame with the one before it, which it replaces.

    `rgb` is uint8[h, w, 3]; `before` uint8[4, h, w] has hue, saturation, value and luma of the
    frame before and gets those of this one; `reference` uint8[h, w] is the luma of another frame.
    `levels` (int64[256]) gets how many pixels have each luma. `sums` (int64[5]) gets the sums over
    all pixels of the absolute differences of hue, saturation and value, of all R, G and B, and of
    the absolute differences of luma from the reference.
    """
    shape = rgb.shape[0] * rgb.shape[1]
    _compare(
        rgb.reshape(-1), before.reshape(4, shape), reference.reshape(-1), levels, sums,
        _SATURATIONS, _HUES,
    )  # fmt: skip


@jit
def _compare(rgb, before, reference, levels, sums, saturations, hues):
    levels[:] = 0
    old_hue, old_saturation, old_value, old_luma = before[0], before[1], before[2], before[3]
    hue_sum = saturation_sum = value_sum = rgb_sum = still_sum = np.int64(0)
    half = np.int32(1 << (_SHIFT - 1))
    for i in range(old_hue.size):
        r, g, b = np.int32(rgb[3 * i]), np.int32(rgb[3 * i + 1]), np.int32(rgb[3 * i + 2])
        value = max(r, max(g, b))
        apart = value - min(r, min(g, b))
        saturation = (apart * saturations[value] + half) >> _SHIFT
        if value == r:
            turn = g - b
        elif value == g:
            turn = b - r + 2 * apart
        else:
            turn = r - g + 4 * apart
        hue = (turn * hues[apart] + half) >> _SHIFT
        if hue < 0:
            hue += 180
        luma = (r * np.int32(4899) + g * np.int32(9617) + b * np.int32(1868) + 8192) >> 14
        hue_sum += abs(hue - np.int32(old_hue[i]))
        saturation_sum += abs(saturation - np.int32(old_saturation[i]))
        value_sum += abs(value - np.int32(old_value[i]))
        still_sum += abs(luma - np.int32(reference[i]))
        rgb_sum += r + g + b
        levels[luma] += 1
        old_hue[i], old_saturation[i] = np.uint8(hue), np.uint8(saturation)
        old_value[i], old_luma[i] = np.uint8(value), np.uint8(luma)
    sums[0], sums[1], sums[2] = hue_sum, saturation_sum, value_sum
    sums[3], sums[4] = rgb_sum, still_sum


@jit
def reduced(luma, blue, red, full, out):
    """A frame of YUV 4:2:0, 4:2:2 or 4:4:4 as small RGB, of the four pixels nearest each place.

    `luma` is uint8[h, w], `blue` and `red` (Cb, Cr) have the same or half the extent each way;
    `out` is uint8[h', w', 3], not larger. `full`: whether levels go from 0 to 255, not 16 to 235.
    Each new pixel is the linear interpolation at its middle, as OpenCV's INTER_LINEAR takes it,
    chroma the nearest; then BT.601. So it is what converting the whole frame and shrinking it
    gives, within a few levels, without touching all of its pixels.
    """
    height, width = luma.shape
    tall, wide = out.shape[0], out.shape[1]
    down, across = height / tall, width / wide
    c_down, c_across = blue.shape[0] / height, blue.shape[1] / width
    scale, base = (
        (np.float32(1.0), np.float32(0.0))
        if full
        else (np.float32(255.0 / 219.0), np.float32(16.0))
    )
    chroma = np.float32(1.0) if full else np.float32(255.0 / 224.0)
    for j in range(tall):
        y = max((j + 0.5) * down - 0.5, 0.0)
        top = min(int(y), height - 1)
        low = min(top + 1, height - 1)
        f = np.float32(y - top)
        cy = min(int((y + 0.5) * c_down), blue.shape[0] - 1)
        for i in range(wide):
            x = max((i + 0.5) * across - 0.5, 0.0)
            left = min(int(x), width - 1)
            right = min(left + 1, width - 1)
            e = np.float32(x - left)
            cx = min(int((x + 0.5) * c_across), blue.shape[1] - 1)
            one = np.float32(1.0)
            upper = np.float32(luma[top, left]) * (one - e) + np.float32(luma[top, right]) * e
            lower = np.float32(luma[low, left]) * (one - e) + np.float32(luma[low, right]) * e
            level = (upper * (one - f) + lower * f - base) * scale
            u = (np.float32(blue[cy, cx]) - np.float32(128.0)) * chroma
            v = (np.float32(red[cy, cx]) - np.float32(128.0)) * chroma
            r = level + np.float32(1.402) * v + np.float32(0.5)
            g = level - np.float32(0.344136) * u - np.float32(0.714136) * v + np.float32(0.5)
            b = level + np.float32(1.772) * u + np.float32(0.5)
            out[j, i, 0] = np.uint8(min(max(r, np.float32(0.0)), np.float32(255.0)))
            out[j, i, 1] = np.uint8(min(max(g, np.float32(0.0)), np.float32(255.0)))
            out[j, i, 2] = np.uint8(min(max(b, np.float32(0.0)), np.float32(255.0)))
