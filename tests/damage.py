"""Files as they are after an accident."""

from __future__ import annotations


def damaged(data, rng):
    """One of: bits turned over anywhere or in the header, a cut, a piece taken out or repeated."""
    out = bytearray(data)
    kind = rng.integers(5)
    if kind == 0:
        for at in rng.integers(0, len(out), rng.integers(1, 20)):
            out[at] ^= 1 << rng.integers(8)
    elif kind == 1:
        for at in rng.integers(8, min(len(out), 120), rng.integers(1, 4)):
            out[at] = rng.integers(256)
    elif kind == 2:
        del out[rng.integers(len(out)) :]
    elif kind == 3:
        at, length = rng.integers(len(out)), rng.integers(1, 200)
        del out[at : at + length]
    else:
        at, length = rng.integers(len(out)), rng.integers(1, 200)
        out[at:at] = out[at : at + length]
    return bytes(out)
