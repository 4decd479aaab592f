"""The one decorator for compiled loops, and what runs where there is no compiler."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import numba
except ImportError:  # a platform without llvmlite: the same functions run as Python, only slower
    numba = None

COMPILED = numba is not None and os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop: without the GIL, cached on disk, IEEE arithmetic, no Python objects.

    Where numba cannot run (no wheel for the platform, or NUMBA_DISABLE_JIT=1) the function itself
    runs instead. So that both give the same numbers, kernels write every unsigned constant as
    `np.uint64(...)` and let arithmetic wrap.
    """
    if COMPILED:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)

    @functools.wraps(function)
    def wrapping(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return wrapping
