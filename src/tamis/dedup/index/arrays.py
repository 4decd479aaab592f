"""Arrays on disk, mapped and not read: what an index is made of.

NumPy's own format: a header that says type and shape, then the values. Nothing in it is ever
unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from tamis.errors import DataError
from tamis.io.store import Store


def write(store: Store, name: str, kind: Any, count: int, blocks: Iterable[np.ndarray]) -> int:
    """Put an array of `count` values, given block by block, in place; its bytes."""
    kind = np.dtype(kind)

    def fill(file: Any) -> None:
        head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False}
        np.lib.format.write_array_header_2_0(file, head | {"shape": (count,)})
        for block in blocks:
            if block.size:
                flat = np.ascontiguousarray(block, kind).reshape(-1)
                file.write(flat.view(np.uint8).data)

    return store.put(name, fill, digest=False).bytes


def read(store: Store, name: str) -> np.ndarray:
    """An array, mapped read-only."""
    path = store.path(name)
    try:
        found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except ValueError:  # an array of no values cannot be mapped
        found = _small(path)
    return found.view(np.ndarray)


def _small(path: str) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except ValueError as error:
        raise DataError(f"{os.path.basename(path)} is not of an index: {error}") from error
