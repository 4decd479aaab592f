"""Which rows are one document: the view that measures of whole documents begin with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.op import view


class Documents(NamedTuple):
    """The document of each row, numbered from 0; -1 for a row of none. `total` is how many."""

    number: np.ndarray
    total: int

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of a document's values, for each of its rows; NaN for a row of none."""
        mine = self.number >= 0
        found = np.zeros(self.total)
        np.add.at(found, self.number[mine], np.asarray(values, np.float64)[mine])
        return np.where(mine, found[self.number] if self.total else np.nan, np.nan)


@view
def document_of(parent_id: pd.Series) -> Documents:
    """Rows with the same `parent_id`, wherever in the partition they stand."""
    number, names = pd.factorize(parent_id)
    return Documents(number.astype(np.int64), len(names))
