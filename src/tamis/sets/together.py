"""Rows of equal value in a column, brought into one partition: chunks, or answers, of one thing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tamis.dedup.groups import hashed
from tamis.errors import ColumnError
from tamis.frame import library
from tamis.sets.exchange import exchanged
from tamis.sets.keys import check_frame
from tamis.sets.partitions import partitions


def check_columns(what: str, frame: Any, *more: str, **named: str) -> list[str]:
    """The names of a frame's columns; `id` and those `named` by settings are different ones."""
    have = check_frame(what, frame, "id", *named.values(), *more)
    if len({"id", *named.values()}) < 1 + len(named):
        told = ", ".join(f"{name}={column!r}" for name, column in named.items())
        raise ColumnError(f"{what}: {told} have to be different columns, and none of them id")
    return have


def each(
    frame: Any, by: str, made: Callable[..., pd.DataFrame], how: tuple[Any, ...], across: bool,
    folder: str | os.PathLike[str] | None,
) -> Any:  # fmt: skip
    """`made(rows, *how)` of rows of which all with equal `by` are among them: pandas, or lazily.

    `across` says that those may lie in several partitions of a Dask frame; they are exchanged by
    way of `folder` then. A row without a value in `by` is by itself.
    """
    if library(frame) == "pandas":
        return made(frame, *how)
    meta = made(frame._meta, *how)
    if across:
        parts = [(part, _keyed, (by,)) for part in partitions(frame)]
        frame = exchanged(parts, frame._meta, frame.npartitions, folder)
    return frame.map_partitions(made, *how, meta=meta)


def _keyed(part: pd.DataFrame, by: str) -> tuple[pd.DataFrame, np.ndarray]:
    return part, hashed(part[by].where(part[by].notna(), part["id"]))
