"""Every compiled loop that decoding calls, called once: forks of this process have them then."""

from __future__ import annotations

import numpy as np

from tamis.kernels import frames
from tamis.kernels.laplacian import laplacian_variance
from tamis.media.resizing import resize
from tamis.video import shot_scores
from tamis.video.looking import VECTOR


def compile_all() -> None:
    """Compile, or load what was compiled."""
    for shape in ((9, 9, 3), (9, 9)):
        resize(np.zeros(shape, np.uint8), 4, 4)
    samples, cells = np.zeros(frames.SAMPLES, np.uint8), np.zeros((frames.ROWS, frames.COLUMNS))
    grey, small = np.zeros((9, 9), np.uint8), cells.astype(np.float32)
    lent = np.frombuffer(bytes(162), np.uint8).reshape(9, 18)  # to be read only, or not
    deep = np.frombuffer(bytes(324), "<u2").reshape(9, 18)
    for one in (lent, lent.copy(), deep, deep.copy()):
        frames.sample(one, 0, samples)
        frames.sample(one[:, :9], 0, samples)
    fields, found = np.zeros((9, 16), np.uint8), np.zeros(frames.FOUND)
    frames.look(samples, samples, small, small, fields, 1, False, found)
    frames.profiles(grey, np.zeros(9, np.float32), np.zeros(9, np.float32))
    frames.spread(grey)
    laplacian_variance(grey)
    some, field = np.frombuffer(bytes(VECTOR.itemsize), VECTOR), np.zeros((2, 2))
    places = (some["size"], some["to"], some["motion"], some["scale"])
    frames.vectors(*places, 1.0, field, field.astype(np.uint8), 9, 9)
    shot_scores.warm_up()
