"""Which texts hold nothing but white space."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.utf8 import decode, width


@jit
def blank(data: np.ndarray, offsets: np.ndarray, found: np.ndarray) -> None:
    """Mark the texts that are empty or white space only, as `str.isspace` understands it."""
    for i in range(found.size):
        at, end = offsets[i], offsets[i + 1]
        while at < end:
            count = width(data[at])
            if at + count > end or not _space(decode(data, at, count)):
                break
            at += count
        found[i] = at >= end


@jit
def _space(code: int) -> bool:
    if code < 0x80:
        return 9 <= code <= 13 or 28 <= code <= 32
    if code < 0x2000:
        return code == 0x85 or code == 0xA0 or code == 0x1680
    return code <= 0x200A or code in (0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
