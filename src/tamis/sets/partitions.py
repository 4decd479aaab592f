"""The partitions of a lazy frame as arguments of tasks, each computed anew where it is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dask
import pandas as pd

from tamis.source import sources


def partitions(frame: Any) -> list[Any]:
    """The partitions: as sources where they can be computed one by one, else as Dask keeps them."""
    return sources(frame) or list(frame.to_delayed(optimize_graph=True))


def computed(part: Any) -> pd.DataFrame:
    """A partition within a task."""
    return part() if callable(part) else part


def call(function: Callable[..., Any], *args: Any) -> Any:
    """A task."""
    return dask.delayed(function, pure=True)(*args)


def frame_of(tasks: Sequence[Any], meta: pd.DataFrame) -> Any:
    """The lazy frame whose partitions these tasks give."""
    import dask.dataframe as dd

    return dd.from_delayed(list(tasks), meta=meta, verify_meta=False)
