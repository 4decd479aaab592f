"""The one decorator for compiled loops, and what runs where there is no compiler."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

try:
    import numba
except ImportError:  # a platform without llvmlite: the same functions run as Python, only slower
    numba = None
else:
    from tamis.kernels import compiling, loading

_IMPORT = re.compile(r"^[ \t]*((?:from|import)\b[^\n(]*(?:\([^)]*\))?)", re.MULTILINE)
_WORD = re.compile(r"\w+")
COMPILED = numba is not None and os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop: without the GIL, cached on disk, IEEE arithmetic, no Python objects.

    Where numba cannot run (no wheel for the platform, or NUMBA_DISABLE_JIT=1) the function itself
    runs instead. So that both give the same numbers, kernels write every unsigned constant as
    `np.uint64(...)` and let arithmetic wrap.
    """
    if COMPILED:
        compiled = _cached(numba.njit(nogil=True, error_model="numpy")(function))
        compiling.quickly(compiled)
        return compiled

    @functools.wraps(function)
    def wrapping(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return wrapping


def _cached(compiled: Any) -> Any:
    """Let numba keep the machine code on disk until a file changes that it was made from.

    numba itself looks only at the date of the file that holds the outermost function, and so would
    run old machine code after a change to a loop that this one calls. It writes beside the source
    or, where it may not, to the user's cache folder; where it may write to neither, the loop is
    compiled anew in each process.
    """
    try:
        compiled.enable_caching()
    except RuntimeError:
        return compiled
    folder, name = os.path.split(inspect.getfile(compiled.py_func))
    if name in _sources(folder):
        compiled._cache._cache_file._source_stamp = _stamp(folder, name)
    loading.quickly(compiled)
    return compiled


@functools.cache
def _sources(folder: str) -> dict[str, tuple[str, frozenset[str]]]:
    """For each source file of a folder a hash of it and the files there whose names it imports.

    Empty where the folder is none, in a zip archive, of which numba looks at the whole.
    """
    found = {}
    paths = sorted(Path(folder).glob("*.py"))
    names = {path.stem: path.name for path in paths}
    for path in paths:
        content = path.read_bytes()
        imported = " ".join(_IMPORT.findall(content.decode()))
        words = set(_WORD.findall(imported))
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        found[path.name] = digest, frozenset(names[word] for word in words & names.keys())
    return found


@functools.cache
def _stamp(folder: str, name: str) -> str:
    """A hash of a file and of all that it imports from its folder, directly or not."""
    sources, met, ahead = _sources(folder), set(), [name]
    while ahead:
        file = ahead.pop()
        if file not in met:
            met.add(file)
            ahead.extend(sources[file][1])
    listed = " ".join(f"{file} {sources[file][0]}" for file in sorted(met))
    return hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()
