"""Groups of duplicates by the hashes of ids: small enough to be sent to every partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.duplicates import Duplicates
from tamis.dedup.step import Dedup
from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts


class Groups(NamedTuple):
    """The group of each record that is not alone: 16 bytes a record."""

    ids: np.ndarray  # uint64: hashes of ids, ascending
    names: np.ndarray  # uint64: the hash that stands for the group of each

    def of(self, own: np.ndarray) -> np.ndarray:
        """The groups of records by the hashes of their ids; those not listed are groups alone."""
        if not self.ids.size:
            return own
        at = np.minimum(np.searchsorted(self.ids, own), self.ids.size - 1)
        return np.where(self.ids[at] == own, self.names[at], own)


def from_found(found: Duplicates | pd.DataFrame) -> Groups:
    """The groups of what `compare` gave, or the clusters of a pandas frame that `find` made."""
    if isinstance(found, Duplicates):
        return named(*found.connected())
    ids, names = hashed(found["id"]), hashed(found["cluster"])
    order = np.argsort(ids, kind="stable")
    return Groups(ids[order], names[order])


def from_sketches(step: Dedup, sketches: Sequence[pa.Table]) -> Groups:
    """The groups that a step's candidates make, by the sketches of all partitions."""
    return named(*step.connected(step.propose(sketches)))


def named(ids: Any, group: np.ndarray) -> Groups:
    """Groups by the lowest hash of an id in each, whatever the order of the records."""
    own = hashed(ids)
    lowest = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, group, own)
    order = np.argsort(own, kind="stable")
    return Groups(own[order], lowest[group][order])


def hashed(values: Any) -> np.ndarray:
    """A 64-bit hash of each value as it is written; a null has that of an empty text."""
    array = (
        pa.array(values, from_pandas=True) if not isinstance(values, pa.ChunkedArray) else values
    )
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    texts = text_buffers(array.cast(pa.large_string()))
    low, high = np.empty((2, len(texts.valid)), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    return low
