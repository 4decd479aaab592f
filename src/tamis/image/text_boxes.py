"""Where a picture has text, from what a detector says of each pixel (DB's rectangles)."""

from __future__ import annotations

import itertools

import numpy as np

from tamis.image.resize import opencv

# RapidOCR's configuration of PP-OCRv6
INSIDE = 0.3  # the probability from which a pixel belongs to a line of text
SURE = 0.5  # the mean probability of a rectangle that is kept
GROWN = 1.6  # a detector marks the middle of a line; area over circumference times this is added
NARROW = 3  # pixels of a rectangle's short side, below which it is nothing
MOST = 1000  # rectangles of a picture


def text_boxes(chance: np.ndarray) -> np.ndarray:
    """Rectangles around lines of text, float32 of [boxes, 4 corners, 2], x first.

    `chance` is float32 of [height, width]. Corners go round from the upper left one; boxes come in
    reading order. Source: M. Liao et al., Real-time Scene Text Detection with Differentiable
    Binarization, 2020, as RapidOCR computes it; a rectangle grown by a margin with round corners
    lies in one that is longer and wider by twice the margin, so no polygon is needed.
    """
    cv2 = opencv()
    inside = cv2.dilate((chance > INSIDE).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    height, width = chance.shape
    found = []
    for outline in outlines[:MOST]:
        centre, size, angle = cv2.minAreaRect(outline)
        if min(size) < NARROW or _mean(chance, cv2.boxPoints((centre, size, angle))) < SURE:
            continue
        margin = size[0] * size[1] * GROWN / (2 * (size[0] + size[1]))
        grown = (size[0] + 2 * margin, size[1] + 2 * margin)
        box = _from_upper_left(cv2.boxPoints((centre, grown, angle)))
        found.append(np.clip(box, 0, (width - 1, height - 1)))
    return _as_read(np.array(found, np.float32).reshape(-1, 4, 2))


def covered(boxes: np.ndarray, height: int, width: int) -> float:
    """The share of a picture that boxes cover; what two of them cover counts once."""
    mask = np.zeros((height, width), np.uint8)
    for box in boxes:
        opencv().fillPoly(mask, [np.rint(box).astype(np.int32)], 1)
    return float(np.count_nonzero(mask)) / mask.size


def cut_out(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """What a box shows, laid level; a box that is much taller than wide is turned on its side."""
    cv2 = opencv()
    width = max(1, int(max(_length(box[0], box[1]), _length(box[3], box[2]))))
    height = max(1, int(max(_length(box[0], box[3]), _length(box[1], box[2]))))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    level = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(np.ascontiguousarray(box), corners),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.ascontiguousarray(np.rot90(level)) if height >= 1.5 * width else level


def _mean(chance: np.ndarray, box: np.ndarray) -> float:
    """The mean within a rectangle."""
    cv2 = opencv()
    height, width = chance.shape
    low = np.clip(np.floor(box.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(box.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    part = np.ascontiguousarray(chance[low[1] : high[1] + 1, low[0] : high[0] + 1])
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(box - low).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])


def _from_upper_left(box: np.ndarray) -> np.ndarray:
    """The corners in the order upper left, upper right, lower right, lower left."""
    across = box[np.argsort(box[:, 0], kind="stable")]
    left, right = (half[np.argsort(half[:, 1], kind="stable")] for half in (across[:2], across[2:]))
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _as_read(boxes: np.ndarray) -> np.ndarray:
    """Line by line, from left to right; boxes of a line have their middles at one height."""
    middle, height = boxes[:, :, 1].mean(axis=1), np.ptp(boxes[:, :, 1], axis=1)
    order = np.argsort(middle, kind="stable")
    line = np.zeros(len(boxes), int)
    for before, after in itertools.pairwise(order):
        apart = middle[after] - middle[before] > min(height[before], height[after]) / 2
        line[after] = line[before] + apart
    return boxes[np.lexsort((boxes[:, :, 0].min(axis=1), line))]


def _length(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.hypot(*(one - other)))
