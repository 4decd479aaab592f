"""What a look at each frame of a video costs: a few thousand of its pixels, and its vectors.

The pixels stand in a grid: `CELLS` cells of `TAPS` × `TAPS` pixels, evenly spread over the frame.
All sums are of whole numbers or in a fixed order, so every machine gives the same values.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

ROWS, COLUMNS, TAPS = 36, 64, 2
SAMPLES = ROWS * COLUMNS * TAPS * TAPS
FOUND = 5
BLOCK = 8  # pixels of a side of the cells that motion is summed up in: blocks are aligned to that


@jit
def sample(luma, shift, out):
    """Pixels of `luma` [height, width], `shift` bits to the right, into uint8 [SAMPLES]."""
    height, width = luma.shape
    tall, wide = ROWS * TAPS, COLUMNS * TAPS
    places = np.empty(wide, np.int64)
    for x in range(wide):
        places[x] = (2 * x + 1) * width // (2 * wide)
    for y in range(tall):
        row = luma[(2 * y + 1) * height // (2 * tall)]
        for x in range(wide):
            out[y * wide + x] = min(row[places[x]] >> shift, 255)


@jit
def look(samples, before, means, means_before, small, limit, first, found):
    """What is seen of the samples of a frame and of the one before it, into float64[FOUND].

    Their sum, how many are at most `limit`, the sum of their absolute differences to those of the
    frame before, and how far all of the picture moved, cells to the right and downwards; 0 for the
    last three where it is the `first`. `means` float32 [ROWS, COLUMNS] gets those of the cells,
    `small` uint8 [ROWS / 4, COLUMNS / 4] those of the fields.
    """
    cells(samples, means)
    fields(means, small)
    total, dark = levels(samples, limit)
    found[0], found[1], found[2:] = total, dark, 0.0
    if not first:
        found[2] = distance(samples, before)
        found[3], found[4] = displacement(means_before, means)


@jit
def cells(samples, out):
    """The means of the cells, float32 of [ROWS, COLUMNS]."""
    wide = COLUMNS * TAPS
    for r in range(ROWS):
        for c in range(COLUMNS):
            total = np.int64(0)
            for y in range(r * TAPS, r * TAPS + TAPS):
                for x in range(c * TAPS, c * TAPS + TAPS):
                    total += samples[y * wide + x]
            out[r, c] = np.float32(total) / np.float32(TAPS * TAPS)


@jit
def fields(cells, out):
    """The means of 4 × 4 cells each, rounded, uint8 of [ROWS / 4, COLUMNS / 4]."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            total = np.float32(8.0)
            for y in range(4 * r, 4 * r + 4):
                for x in range(4 * c, 4 * c + 4):
                    total += cells[y, x]
            out[r, c] = np.uint8(total / np.float32(16.0))


@jit
def levels(samples, limit):
    """The sum of some pixels, and how many are at most `limit`."""
    total, dark = np.int64(0), np.int64(0)
    for i in range(samples.size):
        total += samples[i]
        dark += np.int64(samples[i] <= limit)
    return total, dark


@jit
def distance(one, other):
    """The sum of the absolute differences of two rows of pixels."""
    total = np.int64(0)
    for i in range(one.size):
        total += abs(np.int64(one[i]) - np.int64(other[i]))
    return total


@jit
def displacement(one, other):
    """How far all of a picture moved from `one` to `other`: cells to the right and downwards.

    The least squares of Lucas and Kanade (1981) over all cells but those of the edges, once; it
    holds for shifts of up to about one cell. 0, 0 where there is nothing to hold on to.
    """
    xx, xy, yy, xt, yt = 0.0, 0.0, 0.0, 0.0, 0.0
    for r in range(1, ROWS - 1):
        for c in range(1, COLUMNS - 1):
            gx = (one[r, c + 1] - one[r, c - 1] + other[r, c + 1] - other[r, c - 1]) * 0.25
            gy = (one[r + 1, c] - one[r - 1, c] + other[r + 1, c] - other[r - 1, c]) * 0.25
            change = other[r, c] - one[r, c]
            xx += gx * gx
            xy += gx * gy
            yy += gy * gy
            xt += gx * change
            yt += gy * change
    sure = xx * yy - xy * xy
    if sure < 1e-3 * (xx + yy) * (xx + yy) or xx + yy < ROWS * COLUMNS * 0.1:
        return 0.0, 0.0
    return (xy * yt - yy * xt) / sure, (xy * xt - xx * yt) / sure


@jit
def vectors(sizes, places, motions, scales, reach, one, rank, tall, wide):
    """The mean length of motion vectors by `reach`, over the pixels of a frame.

    `sizes` uint8 [n, 2] are width and height of the blocks, `places` int16 [n, 2] their middles,
    `motions` int32 [n, 2] in `scales` parts of a pixel. Their lengths are put into `one`, cells of
    8 × 8 pixels. Where blocks lie over each other the last of these sizes counts: 8×8, 16×16, 16×8,
    8×16; and of a size the last one; `rank` uint8 notes which, and has the shape of `one`. The
    frame has `tall` × `wide` pixels, of which the last cells of `one` may be less than 8.
    """
    rows, columns = one.shape
    one[:] = 0.0
    rank[:] = 0
    for i in range(len(sizes)):
        w, h = np.int64(sizes[i, 0]), np.int64(sizes[i, 1])
        if (w != 8 and w != 16) or (h != 8 and h != 16):
            continue
        kind = (1 if h == 8 else 4) if w == 8 else (3 if h == 8 else 2)
        x, y = np.float64(motions[i, 0]), np.float64(motions[i, 1])
        length = np.sqrt(x * x + y * y) / (np.float64(max(scales[i], 1)) * reach)
        left, top = (places[i, 0] - w // 2) // BLOCK, (places[i, 1] - h // 2) // BLOCK
        for r in range(max(top, 0), min(top + h // BLOCK, rows)):
            for c in range(max(left, 0), min(left + w // BLOCK, columns)):
                if kind >= rank[r, c]:
                    one[r, c], rank[r, c] = length, kind
    total = 0.0
    for r in range(rows):
        part = 0.0
        for c in range(columns - 1):
            part += one[r, c]
        part = part * BLOCK + one[r, columns - 1] * (wide - BLOCK * (columns - 1))
        total += part * min(BLOCK, tall - BLOCK * r)
    return total / (tall * wide)


@jit
def profiles(luma, rows, columns):
    """The means of the rows and of the columns of a frame, float32."""
    height, width = luma.shape
    down = np.zeros(width, np.int64)
    for y in range(height):
        across = np.int64(0)
        for x in range(width):
            level = np.int64(luma[y, x])
            across += level
            down[x] += level
        rows[y] = np.float32(across / width)
    for x in range(width):
        columns[x] = np.float32(down[x] / height)


@jit
def spread(luma):
    """The standard deviation of the pixels of a frame."""
    total, squares = np.int64(0), np.int64(0)
    for y in range(luma.shape[0]):
        for x in range(luma.shape[1]):
            level = np.int64(luma[y, x])
            total += level
            squares += level * level
    mean = total / luma.size
    return np.sqrt(max(squares / luma.size - mean * mean, 0.0))
