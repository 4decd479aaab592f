"""Looking at what deduplication found, as plain functions over frames, results and runs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tamis.dedup.duplicates import Duplicates, Order, duplicates
from tamis.dedup.inspection import Inspection


def clusters(found: Any, step: Any = None) -> pd.DataFrame:
    """A row per cluster, the largest first: `cluster, size, kept, least, most`.

    `found` is a frame that `find` or `explain` made (pandas or Dask), a `Duplicates`, a finished
    run, or any frame with an id together with a step. See `Duplicates.clusters`.

    >>> import tamis
    >>> docs = pd.DataFrame({"id": ["a", "b", "c"], "text": ["x", "y", "x"]})
    >>> clusters(docs, tamis.ExactDedup()).values.tolist()
    [['a', 2, 'a', 1.0, 1.0]]
    """
    return duplicates(found, step).clusters()


def pairs(found: Any, step: Any = None, *, order: Order = "least") -> pd.DataFrame:
    """A row per record that goes: `id, duplicate_of, similarity`; least or most certain first.

    >>> import tamis
    >>> docs = pd.DataFrame({"id": ["a", "b", "c"], "text": ["x", "y", "x"]})
    >>> pairs(tamis.ExactDedup().find(docs)).values.tolist()
    [['c', 'a', 1.0]]
    """
    return duplicates(found, step).pairs(order)


def inspect(
    found: Any, cluster: str, step: Any = None, *, column: str | None = None, limit: int = 10
) -> Inspection:
    """The records of the cluster that a record is in, with their differences marked.

    Texts are at hand where `found` is records with a step, a run, a `Duplicates`, or a frame that
    has them. See `Duplicates.inspect`.

    >>> import tamis
    >>> docs = pd.DataFrame({"id": ["a", "b"], "text": ["One two.", "one two"]})
    >>> inspect(docs, "b", tamis.FuzzyDedup())
    kept a, dropped 1 for it
    One two.
    <BLANKLINE>
    1.000  b
    [-One two.-] {+one two+}
    """
    return duplicates(found, step).inspect(cluster, column=column, limit=limit)


def rethreshold(found: Any, value: float, step: Any = None) -> Duplicates:
    """What is found at another bound, of records with a step, a `Duplicates` or a run.

    See `Duplicates.rethreshold`.
    """
    return duplicates(found, step).rethreshold(value)
