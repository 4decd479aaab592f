"""Machine code that numba kept on disk, loaded without all that numba needs to compile.

Before it looks on disk numba imports and enters everything that it can compile: text, sets,
dictionaries, linear algebra, and SciPy for it. That is most of a second of every process, and
finished code has no need of it. A loop that is not on disk is compiled as ever: numba's compiler
enters what it needs by itself. What is used of numba here is no part of what it promises: releases
that this was not tried with load in their own way.
"""

from __future__ import annotations

import io
import pickle
import sys
from typing import Any

try:
    import numba
    from numba.core import environment
    from numba.core.runtime import rtsys
except ImportError:
    environment = None

_TRIED = ("0.64.",)
_NEEDED = ("_guard_against_spurious_io_errors", "_load_overload", "_cache_file")


def quickly(compiled: Any) -> None:
    """Let a compiled function load what is on disk in the way described above."""
    if environment is None or not numba.__version__.startswith(_TRIED):
        return
    cache = compiled._cache
    known = hasattr(environment, "_rebuild_env") and all(hasattr(cache, name) for name in _NEEDED)
    if known and hasattr(cache._cache_file, "_data_path"):
        cache.load_overload = _Overload(cache)
        cache._cache_file._load_data = _Data(cache._cache_file)


class _Overload:
    """In place of `load_overload`: what is on disk for a signature, None if nothing."""

    def __init__(self, cache: Any) -> None:
        self.cache = cache

    def __call__(self, signature: Any, target: Any) -> Any:
        rtsys.initialize(target)  # the functions of memory, which numba's tables bring otherwise
        with self.cache._guard_against_spurious_io_errors():
            return self.cache._load_overload(signature, target)


class _Data:
    """In place of `_load_data`: the content of a file of numba's."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __call__(self, name: str) -> Any:
        with open(self.file._data_path(name), "rb") as opened:
            return _Unpickler(io.BytesIO(opened.read())).load()


class _Unpickler(pickle.Unpickler):
    """pickle, but for the environments of loops of numba's own that ours call."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "numba.core.environment" and name == "_rebuild_env":
            return _environment
        return super().find_class(module, name)


def _environment(module: str, consts: Any, name: str) -> Any:
    """The environment of a function, without importing its module where that is numba's.

    Compiled loops read the constants of an environment; the names of its module are for code that
    works on Python objects, of which there is none here.
    """
    known = environment.lookup_environment(name)
    if known is not None or module in sys.modules or not module.startswith("numba."):
        return environment._rebuild_env(module, consts, name)
    made = environment.Environment({"__name__": module})
    made.consts[:] = consts
    made.env_name = name
    environment.Environment._memo[name] = made
    return made
