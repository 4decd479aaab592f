"""Pictures made smaller where torch has them, on a card or not: the means of areas.

What `tamis.media.resizing.resize` gives, within one level, for tensors that need not come to the
host as large as they were decoded. The module is given torch, and imports nothing of it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np


@functools.lru_cache(256)
def taps(size: int, wanted: int, extent: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Of each of `wanted` new pixels: which of `size` old ones it covers, int64 of [wanted, n],
    and their shares, float32, 0 where it covers fewer than `n`. `extent` as in `resize`.

    >>> taps(3, 2)[0].tolist(), taps(3, 2)[1].round(3).tolist()
    ([[0, 1], [1, 2]], [[0.667, 0.333], [0.333, 0.667]])
    """
    extent = size if extent is None else extent
    ratio = extent / wanted
    low = np.arange(wanted) * ratio
    high = np.minimum(low + ratio, extent)
    first = np.floor(low).astype(np.int64)
    count = int((np.ceil(high - 1e-9).astype(np.int64) - first).max())
    old = first[:, None] + np.arange(count)
    share = np.minimum(high[:, None], old + 1) - np.maximum(low[:, None], old)
    return np.minimum(old, size - 1), (np.maximum(share, 0) / ratio).astype(np.float32)


def reduce_on(
    torch: Any, pixels: Any, height: int, width: int, extent: tuple[float, float] | None = None
) -> Any:
    """uint8 of [..., h, w, 3] averaged down to `height` by `width`, on the device where it is.

    Neither side may be longer than before. Rows first, then columns, in float32, as the host does
    it; no product of matrices, so no device rounds them to fewer bits. `extent` as in `resize`.
    """
    if pixels.shape[-3:-1] == (height, width):
        return pixels
    found = pixels
    whole = extent or pixels.shape[-3:-1]
    for axis, wanted, most in ((-3, height, whole[0]), (-2, width, whole[1])):
        size = found.shape[axis]
        if size == wanted:
            continue
        old, share = (
            torch.from_numpy(part).to(pixels.device) for part in taps(size, wanted, float(most))
        )
        axis += found.ndim
        spread = torch.index_select(found, axis, old.reshape(-1)).to(torch.float32)
        spread = spread.unflatten(axis, tuple(old.shape))
        after = (1,) * (spread.ndim - axis - 2)
        found = spread.mul_(share.reshape(*share.shape, *after)).sum(axis + 1)
    return (found.to(torch.float32) + 0.5).to(torch.uint8)


def squares_on(torch: Any, pixels: Any, side: int) -> Any:
    """uint8 of [h, w, 3] at 1 / `side`, each side rounded up: the means of squares.

    That is what a JPEG decoded at 1/2, 1/4 or 1/8 by libjpeg is. What a file has beyond the edge of
    its picture is not there any longer: the edge is repeated.
    """
    if side == 1:
        return pixels
    found = pixels
    for axis in (0, 1):
        size = found.shape[axis]
        wanted = -(-size // side)
        if wanted * side != size:
            at = torch.arange(wanted * side, device=pixels.device).clamp_(max=size - 1)
            found = torch.index_select(found, axis, at)
        found = found.unflatten(axis, (wanted, side)).sum(axis + 1, dtype=torch.float32)
    return (found / (side * side) + 0.5).to(torch.uint8)
