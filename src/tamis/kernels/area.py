"""Reduce a picture by the mean of the area that each new pixel covers.

The same averages as OpenCV's INTER_AREA (within one level, by rounding), in a third of its time
at ratios that are no whole numbers: rows first, many lanes at once, then columns. Sums are taken
in float32 in a fixed order, so every machine gives the same bytes.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def _taps(size, extent, wanted):
    """Of each new pixel: the first old one that it covers, how many, and their shares."""
    ratio = extent / wanted
    first = np.empty(wanted, np.uintp)
    count = np.empty(wanted, np.int64)
    share = np.zeros((wanted, int(np.ceil(ratio)) + 2), np.float32)
    for i in range(wanted):
        low, high = i * ratio, min((i + 1) * ratio, extent)
        start, end = int(np.floor(low)), min(int(np.ceil(high)), size)
        first[i], count[i] = start, end - start
        for k in range(start, end):
            share[i, k - start] = (min(high, k + 1.0) - max(low, float(k))) / ratio
    return first, count, share


@jit
def _rows(flat, at, count, share, row):
    """The weighted mean of `count` rows from byte `at`, three in a pass."""
    n = row.size
    t = 0
    while t < count:
        a = flat[at + t * n : at + (t + 1) * n]
        if t + 2 < count:
            b = flat[at + (t + 1) * n : at + (t + 2) * n]
            c = flat[at + (t + 2) * n : at + (t + 3) * n]
            j, k, m = share[t], share[t + 1], share[t + 2]
            if t:
                for i in range(n):
                    row[i] += j * np.float32(a[i]) + k * np.float32(b[i]) + m * np.float32(c[i])
            else:
                for i in range(n):
                    row[i] = j * np.float32(a[i]) + k * np.float32(b[i]) + m * np.float32(c[i])
            t += 3
        else:
            j = share[t]
            if t:
                for i in range(n):
                    row[i] += j * np.float32(a[i])
            else:
                for i in range(n):
                    row[i] = j * np.float32(a[i])
            t += 1


@jit
def reduce_colour(picture, out, tall, wide):
    """uint8 [h, w, 3] into `out`, uint8 [h', w', 3], neither side longer than before.

    The picture ends after `tall` rows and `wide` columns, floats: of the last a part may count.
    """
    height, width = picture.shape[0], picture.shape[1]
    flat = picture.reshape(height * width * 3)
    top, rows, down = _taps(height, tall, out.shape[0])
    left, columns, across = _taps(width, wide, out.shape[1])
    row = np.empty(width * 3, np.float32)
    for y in range(out.shape[0]):
        _rows(flat, np.int64(top[y]) * width * 3, rows[y], down[y], row)
        for x in range(out.shape[1]):
            r = g = b = np.float32(0.5)
            at = left[x] * np.uintp(3)
            for t in range(columns[x]):
                share = across[x, t]
                r += share * row[at]
                g += share * row[at + np.uintp(1)]
                b += share * row[at + np.uintp(2)]
                at += np.uintp(3)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = np.uint8(r), np.uint8(g), np.uint8(b)


@jit
def reduce_grey(picture, out, tall, wide):
    """uint8 [h, w] into `out`, uint8 [h', w']; the rest as in `reduce_colour`."""
    height, width = picture.shape
    flat = picture.reshape(height * width)
    top, rows, down = _taps(height, tall, out.shape[0])
    left, columns, across = _taps(width, wide, out.shape[1])
    row = np.empty(width, np.float32)
    for y in range(out.shape[0]):
        _rows(flat, np.int64(top[y]) * width, rows[y], down[y], row)
        for x in range(out.shape[1]):
            level = np.float32(0.5)
            at = left[x]
            for t in range(columns[x]):
                level += across[x, t] * row[at]
                at += np.uintp(1)
            out[y, x] = np.uint8(level)
