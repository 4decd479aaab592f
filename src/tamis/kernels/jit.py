"""The one decorator for compiled loops, and what runs where there is no compiler."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
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
        return _cached(numba.njit(nogil=True, error_model="numpy")(function))

    @functools.wraps(function)
    def wrapping(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return wrapping


def _cached(compiled: Any) -> Any:
    """Let numba keep the machine code on disk for as long as no file of this folder changes.

    numba itself looks only at the date of the file that holds the outermost function, and so would
    run old machine code after a change to a loop that this one calls. It writes beside the source
    or, where it may not, to the user's cache folder; where it may write to neither, the loop is
    compiled anew in each process.
    """
    try:
        compiled.enable_caching()
    except RuntimeError:
        return compiled
    stamp = _sources()
    if stamp:
        compiled._cache._cache_file._source_stamp = stamp
    return compiled


@functools.cache
def _sources(folder: Path = Path(__file__).parent) -> str:
    """A hash of all source files of a folder; empty where there are none, as in a zip archive."""
    files = sorted(folder.glob("*.py"))
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest() if files else ""
