"""What came of an addition, a question or a removal: verdicts as a user sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.index.segment import REMOVED, STAYS
from tamis.dedup.index.view import View
from tamis.dedup.removal import alive
from tamis.frame import STRING, library, strings

COLUMNS = ("id", "keep", "duplicate_of", "similarity")


@dataclass(frozen=True, eq=False)
class Addition:
    """The verdicts on a delivery, and those on earlier records that it changed.

    Both are pandas frames `id, keep, duplicate_of, similarity`; `verdicts` has every record of the
    delivery in its order. `passed` counts rows that an earlier step or the reader had dropped.
    `again` says that the index held this very delivery already: nothing was added, the verdicts are
    those that stand, and `changed` is empty. `prefix` is what stands before the ids of the frame.
    """

    source: str
    verdicts: pd.DataFrame
    changed: pd.DataFrame
    passed: int = 0
    again: bool = False
    prefix: str = ""

    def kept(self, frame: Any) -> Any:
        """The rows of the delivery that stay, of a pandas or Dask frame; lazily for Dask.

        Their ids are those in the index, the prefix included.
        """
        return staying(prefixed(frame, self.prefix), self.verdicts)


@dataclass(frozen=True, eq=False)
class Removal:
    """The records taken out (`id`), and the verdicts on others that this changed."""

    removed: pd.DataFrame
    changed: pd.DataFrame

    @property
    def promoted(self) -> pd.DataFrame:
        """The records that stay now because what they duplicated has gone."""
        return self.changed[self.changed["keep"]].reset_index(drop=True)


def staying(frame: Any, verdicts: pd.DataFrame) -> Any:
    """The rows of a frame that neither an earlier step nor the verdicts drop."""
    gone = frozenset(verdicts["id"][~verdicts["keep"].to_numpy()])
    if library(frame) == "dask":
        return frame.map_partitions(_without, gone, meta=frame._meta)
    return _without(frame, gone)


def prefixed(frame: Any, prefix: str) -> Any:
    """The frame with a text before every id; lazily for Dask."""
    if not prefix:
        return frame
    if library(frame) == "dask":
        return frame.map_partitions(_prefixed, prefix, meta=_prefixed(frame._meta, prefix))
    return _prefixed(frame, prefix)


def shown(view: View, positions: np.ndarray) -> pd.DataFrame:
    """The verdicts on the records at ascending positions; removed ones left out."""
    verdicts = view.verdicts(positions)
    held = verdicts["witness"] != REMOVED
    positions, verdicts = positions[held], verdicts[held]
    gone = np.flatnonzero(verdicts["witness"] != STAYS)
    names = view.ids(view.positions(verdicts["witness"][gone]))
    similarity = np.full(len(positions), np.nan)
    similarity[gone] = verdicts["similarity"][gone]
    return frame(view.ids(positions), verdicts["witness"] == STAYS, gone, names, similarity)


def frame(
    ids: pa.Array, keep: np.ndarray, gone: np.ndarray, names: pa.Array, similarity: np.ndarray
) -> pd.DataFrame:
    """Verdicts as a frame; `names` are what the rows `gone` duplicate."""
    index = pd.RangeIndex(len(ids))
    place = np.full(len(ids), -1)
    place[gone] = np.arange(len(gone))
    others = names.take(pa.array(place, mask=place < 0))
    return pd.DataFrame(
        {
            "id": strings(ids, index),
            "keep": keep,
            "duplicate_of": strings(others, index),
            "similarity": similarity,
        }
    )


def _prefixed(rows: Any, prefix: str) -> Any:
    ids = rows["id"]
    if ids.dtype == object or not pd.api.types.is_string_dtype(ids.dtype):
        ids = ids.astype(STRING)
    return rows.assign(id=prefix + ids)


def _without(rows: Any, gone: frozenset[str]) -> Any:
    rows = alive(rows)
    return rows[~rows["id"].astype(str).isin(gone)]
