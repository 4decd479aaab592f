"""Which rows are one document: the view that measures of whole documents begin with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.op import view


class Documents(NamedTuple):
    """The document of each row, numbered from 0; a row without a `parent_id` is one alone."""

    number: np.ndarray
    count: int

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of a document's values, for each of its rows."""
        total = np.zeros(self.count, np.int64)
        np.add.at(total, self.number, np.asarray(values, np.int64))
        return total[self.number]


@view
def document_of(parent_id: pd.Series) -> Documents:
    """Rows with the same `parent_id`, wherever in the partition they stand."""
    number, names = pd.factorize(parent_id)
    alone = number < 0
    number = number.astype(np.int64)
    number[alone] = len(names) + np.arange(int(alone.sum()))
    return Documents(number, len(names) + int(alone.sum()))
