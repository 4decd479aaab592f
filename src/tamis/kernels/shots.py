"""What changes from one frame of a video to the next, of small frames: colour, light, stillness.

Hue, saturation and value are OpenCV's of 8 bits (hue in 0..179), and the luma that of its YUV, so
that thresholds published for PySceneDetect hold here.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

HUE, SATURATION, VALUE, RGB, STILL = range(5)  # places in `sums`
_BLOCK = 1024  # pixels at a time: their sums stay in 32 bits
# OpenCV's tables of reciprocals, of 12 bits behind the point, are these divided by the level.
_FULL, _SIXTH = np.float32(255 << 12), np.float32(30 << 12)

_int, _float = np.int32, np.float32
_EPSILON = np.finfo(float).eps


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
    size = rgb.shape[0] * rgb.shape[1]
    _compare(rgb.reshape(-1), before.reshape(4, size), reference.reshape(-1), levels, sums)


@jit
def _compare(rgb, before, reference, levels, sums):
    levels[:] = 0
    sums[:] = 0
    size = reference.size
    for start in range(0, size, _BLOCK):
        stop = min(start + _BLOCK, size)
        _colours(
            rgb[3 * start : 3 * stop], before[0, start:stop], before[1, start:stop],
            before[2, start:stop], before[3, start:stop], reference[start:stop], sums,
        )  # fmt: skip
    _count(before[3], levels)


@jit
def _colours(rgb, hues, saturations, values, lumas, reference, sums):
    """Written so that a compiler makes vectors of it: no branches, no tables, 32 bits."""
    hue_sum, saturation_sum, value_sum = _int(0), _int(0), _int(0)
    rgb_sum, still_sum = _int(0), _int(0)
    for i in range(len(hues)):
        r, g, b = _int(rgb[3 * i]), _int(rgb[3 * i + 1]), _int(rgb[3 * i + 2])
        value = max(r, max(g, b))
        apart = _int(value - min(r, min(g, b)))
        part = _int(np.rint(_FULL / _float(max(value, _int(1)))))
        saturation = _int(_int(apart * part) + _int(2048)) >> _int(12)
        two = _int(apart + apart)
        turn = _int(_int(r - g) + _int(two + two))
        turn = _int(_int(b - r) + two) if value == g else turn
        turn = _int(g - b) if value == r else turn
        part = _int(np.rint(_SIXTH / _float(max(apart, _int(1)))))
        hue = _int(_int(turn * part) + _int(2048)) >> _int(12)
        hue = _int(hue + _int(180)) if hue < _int(0) else hue
        weighed = _int(_int(_int(r * _int(4899)) + _int(g * _int(9617))) + _int(b * _int(1868)))
        luma = _int(weighed + _int(8192)) >> _int(14)
        hue_sum = _int(hue_sum + abs(_int(hue - _int(hues[i]))))
        saturation_sum = _int(saturation_sum + abs(_int(saturation - _int(saturations[i]))))
        value_sum = _int(value_sum + abs(_int(value - _int(values[i]))))
        still_sum = _int(still_sum + abs(_int(luma - _int(reference[i]))))
        rgb_sum = _int(rgb_sum + _int(r + _int(g + b)))
        hues[i], saturations[i] = np.uint8(hue), np.uint8(saturation)
        values[i], lumas[i] = np.uint8(value), np.uint8(luma)
    sums[0] += hue_sum
    sums[1] += saturation_sum
    sums[2] += value_sum
    sums[3] += rgb_sum
    sums[4] += still_sum


@jit
def alike(levels, before):
    """The correlation of the histograms of 128 bins of a frame and of the one before it.

    `levels` int64[256] are how many pixels have each luma; `before` float64[128] is the histogram
    of the frame before, and gets that of this one. Pearson's, as OpenCV's HISTCMP_CORREL has it: 1
    where nothing varies in either.
    """
    size, mine, other = len(before), 0.0, 0.0
    for i in range(size):
        mine += np.float64(levels[2 * i] + levels[2 * i + 1])
        other += before[i]
    mine, other = mine / size, other / size
    both, one, two = 0.0, 0.0, 0.0
    for i in range(size):
        now = np.float64(levels[2 * i] + levels[2 * i + 1])
        both += (now - mine) * (before[i] - other)
        one += (now - mine) * (now - mine)
        two += (before[i] - other) * (before[i] - other)
        before[i] = now
    return both / np.sqrt(one * two) if one * two > _EPSILON else 1.0


@jit
def _count(lumas, levels):
    """Count levels; neighbours, often equal, in two tables, so that they do not wait in line."""
    two = np.zeros((2, 256), np.int64)
    for i in range(lumas.size):
        two[i & 1, lumas[i]] += 1
    levels += two[0] + two[1]


@jit
def reduced(luma, blue, red, extent, full, out):
    """A frame of YUV 4:2:0, 4:2:2 or 4:4:4 as small RGB, of the four pixels nearest each place.

    `luma`, `blue` and `red` (Cb, Cr) are uint8 planes as a decoder has them, with more columns than
    there are pixels; `extent` int64[4] has the height and width of luma and of chroma. `out` is
    uint8[h', w', 3], not larger. `full`: whether levels go from 0 to 255, not 16 to 235. Each new
    pixel is the linear interpolation at its middle, as OpenCV's INTER_LINEAR takes it, chroma the
    nearest; then BT.601. So it is what converting the whole frame and shrinking it gives, within a
    few levels, without touching all of its pixels.
    """
    height, width, c_height, c_width = extent[0], extent[1], extent[2], extent[3]
    tall, wide = out.shape[0], out.shape[1]
    down, across = height / tall, width / wide
    base, scale, chroma = np.float32(16.0), np.float32(255.0 / 219.0), np.float32(255.0 / 224.0)
    if full:
        base, scale, chroma = np.float32(0.0), np.float32(1.0), np.float32(1.0)
    # Unsigned places: a negative index would have to be looked for.
    lefts, rights, places = np.empty((3, wide), np.uintp)
    shares = np.empty(wide, np.float32)
    for i in range(wide):
        x = max((i + 0.5) * across - 0.5, 0.0)
        left = min(int(x), width - 1)
        lefts[i], rights[i] = left, min(left + 1, width - 1)
        shares[i] = np.float32(x - left)
        places[i] = min(int((x + 0.5) * c_width / width), c_width - 1)
    row = np.empty((6, wide), np.uint8)
    for j in range(tall):
        y = max((j + 0.5) * down - 0.5, 0.0)
        top = min(int(y), height - 1)
        place = min(int((y + 0.5) * c_height / height), c_height - 1)
        over, under = luma[top], luma[min(top + 1, height - 1)]
        blues, reds = blue[place], red[place]
        for i in range(wide):
            row[0, i], row[1, i] = over[lefts[i]], over[rights[i]]
            row[2, i], row[3, i] = under[lefts[i]], under[rights[i]]
            row[4, i], row[5, i] = blues[places[i]], reds[places[i]]
        _converted(row, shares, _float(y - top), base, scale, chroma, out[j].reshape(-1))


@jit
def _converted(row, shares, share, base, scale, chroma, out):
    """A row of small pixels from the four of luma and two of chroma of each."""
    half, most, none, grey = _float(0.5), _float(255.0), _float(0.0), _float(128.0)
    for i in range(len(shares)):
        e = shares[i]
        upper, lower = _float(row[0, i]), _float(row[2, i])
        upper += e * (_float(row[1, i]) - upper)
        lower += e * (_float(row[3, i]) - lower)
        level = (upper + share * (lower - upper) - base) * scale + half
        u, v = (_float(row[4, i]) - grey) * chroma, (_float(row[5, i]) - grey) * chroma
        r = level + _float(1.402) * v
        g = level - _float(0.344136) * u - _float(0.714136) * v
        b = level + _float(1.772) * u
        out[3 * i] = np.uint8(_int(min(max(r, none), most)))
        out[3 * i + 1] = np.uint8(_int(min(max(g, none), most)))
        out[3 * i + 2] = np.uint8(_int(min(max(b, none), most)))


@jit
def layout(rgb, out):
    """The mean colours of 4 × 4 fields of uint8[h, w, 3] into uint8[4, 4, 3].

    A field of a frame with fewer than four rows or columns may have no pixel: 0.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    for k in range(4):
        top, bottom = k * height // 4, (k + 1) * height // 4
        for m in range(4):
            left, right = m * width // 4, (m + 1) * width // 4
            r, g, b = np.int64(0), np.int64(0), np.int64(0)
            for y in range(top, bottom):
                row = rgb[y, left:right].reshape(-1)
                for i in range(len(row) // 3):
                    r += np.int64(row[3 * i])
                    g += np.int64(row[3 * i + 1])
                    b += np.int64(row[3 * i + 2])
            count = max((bottom - top) * (right - left), 1)
            out[k, m, 0], out[k, m, 1] = np.uint8(r // count), np.uint8(g // count)
            out[k, m, 2] = np.uint8(b // count)
