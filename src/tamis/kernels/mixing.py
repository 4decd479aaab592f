"""What the hashes here are made of beside `mask.multiply_fold`: constants and a finaliser.

`finalise` is that of MurmurHash3's 64-bit form (Austin Appleby): every bit of the input moves every
bit of the output.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

# Odd constants with about as many ones as zeros: fractional parts of square roots of primes.
K0 = np.uint64(0x6A09E667F3BCC909)
K1 = np.uint64(0xBB67AE8584CAA73B)
K2 = np.uint64(0x3C6EF372FE94F82B)
K3 = np.uint64(0xA54FF53A5F1D36F1)
K4 = np.uint64(0x510E527FADE682D1)
K5 = np.uint64(0x9B05688C2B3E6C1F)

_F1 = np.uint64(0xFF51AFD7ED558CCD)
_F2 = np.uint64(0xC4CEB9FE1A85EC53)
_33 = np.uint64(33)


@jit
def finalise(value: np.uint64) -> np.uint64:
    """A bijection of 64-bit words under which neighbours land far apart."""
    value = (value ^ (value >> _33)) * _F1
    value = (value ^ (value >> _33)) * _F2
    return value ^ (value >> _33)
