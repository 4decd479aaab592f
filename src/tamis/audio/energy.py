"""How loud a recording is from moment to moment, read block by block."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tamis.codes import BadRecord

NOT_NUMBERS = "there are samples that are no numbers"
LEVEL_SECONDS = 0.02  # of a frame whose level is measured


def levels(
    blocks: Iterable[np.ndarray], rate: int, seconds: float = LEVEL_SECONDS
) -> tuple[np.ndarray, int]:
    """The RMS level of each frame in dB of full scale, float64 of [frames]; the samples in all.

    `blocks` are float32 of [n, channels]; the power of the channels is averaged. The last frame may
    be shorter. Digital silence is -inf. Raises `BadRecord` where samples are NaN or infinite.
    """
    size = max(1, round(rate * seconds))
    power: list[np.ndarray] = []
    rest, length = np.empty(0, np.float32), 0
    for block in blocks:
        length += len(block)
        square = np.concatenate([rest, np.einsum("nc,nc->n", block, block) / block.shape[1]])
        whole = len(square) // size * size
        power.append(square[:whole].reshape(-1, size).mean(axis=1, dtype=np.float64))
        rest = square[whole:]
    if len(rest):
        power.append(np.array([rest.mean(dtype=np.float64)]))
    found = np.concatenate(power) if power else np.empty(0)
    if not np.isfinite(found).all():
        raise BadRecord("decode.corrupt", NOT_NUMBERS)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(found), length
