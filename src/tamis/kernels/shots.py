"""What changes from one frame of a video to the next, of small frames: colour, light, stillness.

Hue, saturation and value are OpenCV's of 8 bits (hue in 0..179), and the luma that of its YUV, so
that thresholds published for PySceneDetect hold here. All is done row by row: a row of colours
stays where the processor reads it at once, and no small picture is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.jit import COMPILED, jit

HUE, SATURATION, VALUE, RGB, STILL = range(5)  # places in `sums`
CORRELATION, LIGHT, DARK, SAME = range(3, 7)  # places in `found`, behind hue, saturation and value
FOUND = 7
_FIELDS = 4  # to a side, whose mean colours are told
# OpenCV's tables of reciprocals, of 12 bits behind the point, are these divided by the level.
_FULL, _SIXTH = np.float32(255 << 12), np.float32(30 << 12)

_int, _float = np.int32, np.float32
_RED, _GREEN, _BLUE = np.float32(4899), np.float32(9617), np.float32(1868)
_ROUND, _SHARE = np.float32(1 << 13), np.float32(2.0**-14)
_EPSILON = np.finfo(float).eps

if COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    _TWO = ir.IntType(16)

    @intrinsic
    def _pair(typingctx: Any, data: Any, at: Any, out: Any, to: Any) -> Any:
        """Copy the two bytes from `data[at]` to `out[to]`."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kinds = signature.args
            source = context.make_array(kinds[0])(context, builder, args[0]).data
            target = context.make_array(kinds[2])(context, builder, args[2]).data
            both = builder.bitcast(builder.gep(source, [args[1]]), _TWO.as_pointer())
            place = builder.bitcast(builder.gep(target, [args[3]]), _TWO.as_pointer())
            builder.store(builder.load(both, align=1), place, align=1)
            return context.get_dummy_value()

        return types.void(data, types.int64, out, types.int64), codegen

else:

    def _pair(data: np.ndarray, at: int, out: np.ndarray, to: int) -> None:
        """Copy the two bytes from `data[at]` to `out[to]`."""
        out[to : to + 2] = data[at : at + 2]


@jit
def compare(rgb, before, reference, levels, sums, layout):
    """Compare a frame with the one before it, which it replaces.

    `rgb` is uint8[h, w, 3]; `before` uint8[4, h, w] has hue, saturation, value and luma of the
    frame before and gets those of this one; `reference` uint8[h, w] is the luma of another frame.
    `levels` (int64[256]) gets how many pixels have each luma. `sums` (int64[5]) gets the sums over
    all pixels of the absolute differences of hue, saturation and value, of all R, G and B, and of
    the absolute differences of luma from the reference. `layout` uint8[4, 4, 3] gets the mean
    colours of 4 × 4 fields; one of a frame with fewer than four rows or columns may have none: 0.
    """
    levels[:] = 0
    sums[:] = 0
    tall, wide = reference.shape
    row, columns = np.empty((3, wide), np.uint8), np.empty((3, wide), _int)
    for k in range(_FIELDS):
        top, bottom = k * tall // _FIELDS, (k + 1) * tall // _FIELDS
        columns[:] = 0
        for j in range(top, bottom):
            line = rgb[j].reshape(-1)
            for i in range(wide):
                row[0, i], row[1, i], row[2, i] = line[3 * i], line[3 * i + 1], line[3 * i + 2]
            _colours(
                row[0], row[1], row[2], before[0, j], before[1, j], before[2, j], before[3, j],
                reference[j], sums,
            )  # fmt: skip
            _add(row, columns)
        _means(columns, bottom - top, layout[k])
    _count(before[3], levels)


@jit
def compare_planes(luma, blue, red, extent, full, before, reference, levels, sums, layout):
    """The same of a frame of YUV 4:2:0, 4:2:2 or 4:4:4, reduced to the size of `reference`.

    `luma`, `blue` and `red` (Cb, Cr) are uint8 planes as a decoder has them, of two columns or
    more, which may be more than there are pixels; `extent` int64[4] has the height and width of
    luma and of chroma, and neither is less than those of `reference`. `full`: whether levels go
    from 0 to 255, not 16 to 235. Each small pixel is the linear interpolation at its middle, as
    OpenCV's INTER_LINEAR takes it, chroma the nearest; then BT.601. So it is what converting the
    whole frame and shrinking it gives, within a few levels, without touching all of its pixels.
    """
    levels[:] = 0
    sums[:] = 0
    height, width, c_height, c_width = extent[0], extent[1], extent[2], extent[3]
    tall, wide = reference.shape
    down, across = height / tall, width / wide
    base, scale, chroma = _float(16.0), _float(255.0 / 219.0), _float(255.0 / 224.0)
    if full:
        base, scale, chroma = _float(0.0), _float(1.0), _float(1.0)
    lefts = np.empty(wide, np.int64)
    places = np.empty(wide, np.uintp)  # a negative index would have to be looked for
    shares = np.empty(wide, _float)
    for i in range(wide):
        x = max((i + 0.5) * across - 0.5, 0.0)
        lefts[i] = max(min(int(x), width - 2), 0)
        shares[i] = _float(x - lefts[i])
        places[i] = min(int((x + 0.5) * c_width / width), c_width - 1)
    over, under = np.zeros(2 * wide, np.uint8), np.zeros(2 * wide, np.uint8)
    hues = np.empty((2, wide), np.uint8)
    row, columns = np.empty((3, wide), np.uint8), np.empty((3, wide), _int)
    for k in range(_FIELDS):
        first, last = k * tall // _FIELDS, (k + 1) * tall // _FIELDS
        columns[:] = 0
        for j in range(first, last):
            y = max((j + 0.5) * down - 0.5, 0.0)
            top = min(int(y), height - 1)
            share = _float(y - top)
            _gather(luma[top], lefts, over)
            if share > _float(0.0):
                _gather(luma[min(top + 1, height - 1)], lefts, under)
            place = min(int((y + 0.5) * c_height / height), c_height - 1)
            blues, reds = blue[place], red[place]
            for i in range(wide):
                hues[0, i], hues[1, i] = blues[places[i]], reds[places[i]]
            _convert(over, under, hues, shares, share, base, scale, chroma, row)
            _colours(
                row[0], row[1], row[2], before[0, j], before[1, j], before[2, j], before[3, j],
                reference[j], sums,
            )  # fmt: skip
            _add(row, columns)
        _means(columns, last - first, layout[k])
    _count(before[3], levels)


@jit
def _gather(line, lefts, out):
    """Each pixel and the one to its right, one after the other."""
    for i in range(len(lefts)):
        _pair(line, lefts[i], out, 2 * i)


@jit
def _convert(over, under, hues, shares, share, base, scale, chroma, out):
    """A row of small pixels from the four of luma and two of chroma of each."""
    half, grey, none, most = _float(0.5), _float(128.0), _int(0), _int(255)
    for i in range(len(shares)):
        e = shares[i]
        upper, lower = _float(over[2 * i]), _float(under[2 * i])
        upper += e * (_float(over[2 * i + 1]) - upper)
        lower += e * (_float(under[2 * i + 1]) - lower)
        level = (upper + share * (lower - upper) - base) * scale + half
        u, v = (_float(hues[0, i]) - grey) * chroma, (_float(hues[1, i]) - grey) * chroma
        r = _int(level + _float(1.402) * v)
        g = _int(level - _float(0.344136) * u - _float(0.714136) * v)
        b = _int(level + _float(1.772) * u)
        out[0, i] = np.uint8(min(max(r, none), most))
        out[1, i] = np.uint8(min(max(g, none), most))
        out[2, i] = np.uint8(min(max(b, none), most))


@jit
def _colours(reds, greens, blues, hues, saturations, values, lumas, reference, sums):
    """A row of pixels against the one before. Written so that a compiler makes vectors of it.

    That is: no branches, no tables, 32 bits.
    """
    hue_sum, saturation_sum, value_sum = _int(0), _int(0), _int(0)
    rgb_sum, still_sum = _int(0), _int(0)
    for i in range(len(reference)):
        r, g, b = _int(reds[i]), _int(greens[i]), _int(blues[i])
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
        # OpenCV's weights of 14 bits: sums below 2 ** 24, of which a float has every digit.
        weighed = _float(r) * _RED + _float(g) * _GREEN + _float(b) * _BLUE
        luma = _int((weighed + _ROUND) * _SHARE)
        hue_sum = _int(hue_sum + abs(_int(hue - _int(hues[i]))))
        saturation_sum = _int(saturation_sum + abs(_int(saturation - _int(saturations[i]))))
        value_sum = _int(value_sum + abs(_int(value - _int(values[i]))))
        still_sum = _int(still_sum + abs(_int(luma - _int(reference[i]))))
        rgb_sum = _int(rgb_sum + _int(r + _int(g + b)))
        hues[i], saturations[i] = np.uint8(hue), np.uint8(saturation)
        values[i], lumas[i] = np.uint8(value), np.uint8(luma)
    sums[HUE] += hue_sum
    sums[SATURATION] += saturation_sum
    sums[VALUE] += value_sum
    sums[RGB] += rgb_sum
    sums[STILL] += still_sum


@jit
def _add(row, columns):
    """Add a row of colours to the sums of the columns."""
    for c in range(3):
        line, total = row[c], columns[c]
        for i in range(len(line)):
            total[i] += _int(line[i])


@jit
def _means(columns, rows, out):
    """The mean colours of four fields beside each other, of the sums of their columns."""
    wide = columns.shape[1]
    for m in range(_FIELDS):
        left, right = m * wide // _FIELDS, (m + 1) * wide // _FIELDS
        for c in range(3):
            total = np.int64(0)
            for i in range(left, right):
                total += np.int64(columns[c, i])
            out[m, c] = np.uint8(total // max(rows * (right - left), 1))


@jit
def concluded(levels, sums, first, dark, steady, before, reference, histogram, found):
    """What is told of a frame that was compared, into float64[FOUND].

    The means of the differences of hue, saturation and value, the correlation of the histograms,
    the mean of R, G and B, the share of pixels with a luma below `dark`, and 1 where the picture is
    that of `reference`, whose pixels differ by `steady` levels at most on average; where not, the
    reference is this one from here on. `first`: no frame was before.
    """
    pixels = reference.size
    found[CORRELATION] = alike(levels, histogram)
    for k in range(3):
        found[k] = sums[k] / pixels
    if first:
        found[:3] = 0.0
        found[CORRELATION] = 1.0
    found[LIGHT] = sums[RGB] / (3 * pixels)
    found[DARK] = levels[:dark].sum() / pixels
    same = not first and sums[STILL] <= steady * pixels
    found[SAME] = np.float64(same)
    if not same:
        reference[:] = before[3]


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
    """Count levels; neighbours, often equal, in four tables, so that they do not wait in line."""
    four = np.zeros((4, 256), np.int64)
    one, two, three, last = four[0], four[1], four[2], four[3]
    tall, wide = lumas.shape
    for j in range(tall):
        row = lumas[j]
        for i in range(0, wide - 3, 4):
            one[row[i]] += 1
            two[row[i + 1]] += 1
            three[row[i + 2]] += 1
            last[row[i + 3]] += 1
        for i in range(wide // 4 * 4, wide):
            one[row[i]] += 1
    for k in range(256):
        levels[k] += one[k] + two[k] + three[k] + last[k]
