"""What CleanVision measures in ways of its own (version 0.3.7), for its thresholds.

Taken from the thumbnail (short side 256), close to what CleanVision finds; with `exact`, from
every pixel of the whole picture, as it does; sizes from the header. Its brightness is
`brightness_percentile`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.image.edges import blur_score, small_size
from tamis.image.formats import Header
from tamis.image.grid import Grid
from tamis.image.light import entropy_of
from tamis.image.resampling import weights
from tamis.image.tones import Tones
from tamis.kernels.resample import resize_grids
from tamis.op import measure


@measure(dtype="float64", range=(0, 10), heavy=True)
def cleanvision_entropy(
    tones: Tones, header: Sequence[Header | None], *, exact: bool = False
) -> np.ndarray:
    """Entropy of the levels of all channels taken together, in bits: low information below 3.

    As Pillow's `Image.entropy`: up to 8 for a file of one channel, up to 9.58 for RGB, where each
    channel has levels of its own. CleanVision multiplies it by 0.1 and flags less than 0.3.
    """
    single = np.array([h is not None and h.colour == "grey" for h in header], bool)
    levels = entropy_of(tones.channels.reshape(-1, 3 * 256))
    return np.where(single, levels - np.log2(3), levels)


@measure(dtype="float64", range=(0, 1), heavy=True)
def cleanvision_blur(
    grid: Grid, picture: Sequence[np.ndarray | None], *, exact: bool = False
) -> np.ndarray:
    """CleanVision's score for blurry pictures: they are those below 0.29.

    The picture is reduced to 64 pixels on its long side. 1 - exp(-0.01 s), s being the standard
    deviation of its edges; 1 - exp(-0.01 d) is added if it is above 0.18, d being the standard
    deviation of the 256 counts of its levels; at most 1.
    """
    found = np.full(grid.pictures, np.nan)
    for row in grid.whole:
        source = picture[row] if exact else grid.luma(row)
        if source is not None:
            found[row] = blur_score(_reduced(source))
    side = grid.values.shape[-1]
    sizes = [small_size(*shape) for shape in grid.shapes]
    for size in set(sizes):
        here = [k for k, other in enumerate(sizes) if other == size]
        down, across = (weights(side, target, "bicubic") for target in size)
        small = np.empty((len(here), len(down), len(across)))
        resize_grids(grid.values[here], across, down, False, small)
        found[grid.rows[here]] = [blur_score(gray) for gray in small.astype(np.uint8)]
    return found


@measure(dtype="float64", range=(1, float("inf")))
def cleanvision_size(header: Sequence[Header | None]) -> np.ndarray:
    """The square root of the number of pixels: the side of a square picture as large.

    CleanVision calls a size odd that lies more than three interquartile ranges outside the
    quartiles of the data: `min="q1 - 3 iqr", max="q3 + 3 iqr"`.
    """
    sizes = [np.nan if h is None else h.width * h.height for h in header]
    return np.sqrt(np.asarray(sizes, np.float64))


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """RGB or luma at 64 pixels on the long side, by Pillow, as luma."""
    from PIL import Image

    height, width = small_size(*pixels.shape[:2])
    image = Image.fromarray(pixels)
    if (height, width) != pixels.shape[:2]:
        image = image.resize((width, height))
    return np.asarray(image.convert("L"))
