"""Which rows take part in a deduplication: those that `where` chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import to_arrow
from tamis.viewing import Views
from tamis.where import Where


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rows that take part as a setting of every deduplication.

    `where={"modality": "image"}` (or a list of values; of several columns all have to fit) compares
    those rows with one another; all others pass untouched, are a duplicate of nothing, and nothing
    is a duplicate of them. An index has no such rule: it holds all that comes to it.
    """

    where: Mapping[str, Any] | Where | None = None

    @property
    def rule(self) -> Where:
        """Which rows take part."""
        assert isinstance(self.where, Where)
        return self.where

    def compared(self, frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """A partition as it is compared: rows that take no part have null in these columns.

        A null is a duplicate of nothing, for every kind.
        """
        chosen = self.rule.rows(Views(frame))
        if chosen is None or chosen.all():
            return frame
        return frame.assign(**{c: _without(frame[c], chosen) for c in columns if c in frame})


def _without(values: pd.Series, chosen: np.ndarray) -> pd.Series:
    """The values of a column where a row is chosen, else null; whole numbers stay such."""
    array = to_arrow(values.to_frame("values"))["values"]
    left = pc.if_else(pa.array(chosen), array, pa.scalar(None, array.type))
    dtype: Any = values.dtype
    if not hasattr(dtype, "__from_arrow__"):
        dtype = pd.ArrowDtype(array.type)
    return pd.Series(dtype.__from_arrow__(left), index=values.index, name=values.name, dtype=dtype)
