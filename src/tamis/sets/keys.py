"""Keys of records: uniform 64-bit numbers that follow from an id and a seed, and nothing else.

Whatever is drawn or ordered by them does not depend on the order of the records or on partitions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.dedup.groups import hashed
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import library
from tamis.kernels.mixing import finalise
from tamis.spelling import no_column

LARGEST = 2**63


def keyed(hashes: np.ndarray, seed: int) -> np.ndarray:
    """For each seed another hash (uint64) of hashes."""
    return np.asarray(finalise(hashes ^ np.uint64(finalise(np.uint64(seed + 1)))), np.uint64)


def keys(part: pd.DataFrame, seed: int, what: str, by: str = "id") -> np.ndarray:
    """The key of each record, uint64, made of its id and the seed. A null id is a `DataError`."""
    missing = part[by].isna()
    if missing.any():
        raise DataError(f"{what}: {by!r} is null in {missing.sum():,} records")
    return keyed(hashed(part[by]), seed)


def shares(keys: np.ndarray) -> np.ndarray:
    """Keys as numbers from 0 to 1, the latter not included (float64, their leading 53 bits)."""
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53


def checked_seed(what: str, seed: Any) -> int:
    """The seed, or a `SettingError`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < LARGEST:
        raise SettingError(f"{what}: seed={seed!r} is not a whole number from 0 to 2**63 - 1")
    return seed


def check_frame(what: str, frame: Any, *columns: str) -> list[str]:
    """The names of a frame's columns; raises where one is not there, or the frame is cuDF's."""
    if library(frame) == "cudf":
        raise TypeError(f"{what} takes a pandas or Dask DataFrame")
    have = list(map(str, frame.columns))
    for name in columns:
        if name not in have:
            raise ColumnError(f"{what}: {no_column(name, have)}")
    return have


def check_number(what: str, name: str, value: Any) -> int:
    """A number of things from 1 on, or a `SettingError`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(f"{what}: {name}={value!r} is not a whole number from 1 on")
    return value
