"""What a run will be, settled before anything runs: the frame, its columns, the settings."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from tamis import rowwise
from tamis.array_device import no_gpu
from tamis.engines import engine
from tamis.errors import ColumnError, SettingError
from tamis.extras import missing
from tamis.frame import STRING, host, library, named_once
from tamis.io.columns import arrow_column
from tamis.io.frames import pandas_values
from tamis.io.schema import normal
from tamis.io.sizes import size
from tamis.io.store import Store
from tamis.io.writers import Writer, writer_of
from tamis.outcome import LEDGER
from tamis.scheduling import absent_from, asked
from tamis.segments import Named, Segment
from tamis.stages import Layout

_PACKED = (None, "lz4", "zstd")


def check_settings(
    format: Any, max_errors: float, target_size: int | str | None, partition_on: str | None,
    stage_compression: str | None,
) -> Writer:  # fmt: skip
    """Refuse settings of a run that cannot be right; what writes the rows that are kept."""
    limit = None if target_size is None else size("target_size", target_size)
    writer = writer_of(format, limit, partition_on)
    if not isinstance(max_errors, int | float) or not 0 <= max_errors <= 1:
        raise SettingError(f"max_errors={max_errors!r} is not a share between 0 and 1")
    if stage_compression not in _PACKED:
        raise SettingError(f"stage_compression={stage_compression!r} is not None, 'lz4' or 'zstd'")
    return writer


def as_dask(frame: Any) -> Any:
    """The frame that is run: Dask's, or a pandas one in one partition.

    Dask would make text of whatever a column of objects holds, so these are given their Arrow types
    first: lists stay lists, and values of several types are a `ColumnError`.
    """
    if library(frame) == "pandas":
        import dask.dataframe as dd

        _check_names(frame)
        frame = frame.reset_index(drop=True)
        typed = {name: _typed(frame[name]) for name in frame if frame[name].dtype == object}
        return dd.from_pandas(frame.assign(**typed), npartitions=1, sort=False)
    if library(frame) == "cudf":
        return as_dask(host(frame))
    if library(frame._meta) == "cudf":  # what a run writes is written by the host
        read = _from_host(frame)
        return frame.map_partitions(host, meta=host(frame._meta)) if read is None else read
    return frame


def _from_host(frame: Any) -> Any:
    """The pandas frame that one of cuDF partitions is, moved and nothing else; None: there is none.

    So what readers give where Dask's `dataframe.backend` is cuDF is not copied there and back.
    """
    last = frame.expr
    if type(last).__name__ not in ("ToCudfBackend", "ToBackend"):
        return None
    if library(last.frame._meta) != "pandas":
        return None
    import dask.dataframe as dd

    return dd.DataFrame(last.frame)


def planned(frame: Any, parts: list[Segment]) -> dict[str, Any]:
    """Every column there will be, in order; steps that cannot work say so here."""
    _check_names(frame._meta)
    columns = dict(frame._meta.dtypes)
    for name in columns:
        arrow_column(frame._meta[name])
    for name in LEDGER:
        if name in columns and not pd.api.types.is_string_dtype(columns[name]):
            raise ColumnError(f"column {name!r} must be text, found {columns[name]}; rename it")
    if "id" not in columns:
        have = ", ".join(map(str, columns))
        raise ColumnError(
            f"a run needs a column 'id' (have: {have}); readers make one, or rename yours"
        )
    if columns["id"] != STRING and "str" not in str(columns["id"]):
        raise ColumnError(f"the column 'id' holds {columns['id']}; ids are text: .astype('string')")
    for part in parts:
        columns = part.plan(columns)
    return columns


def check_packages(named: Named) -> None:
    """Raise `MissingPackageError` where a package that a step needs is not where it will work."""
    steps = {name: step.packages for name, step in named}
    modules = sorted({module for found in steps.values() for module in found})
    for place, lacking in absent_from(modules).items():
        lacked = {
            name: {m: extra for m, extra in found.items() if m in lacking}
            for name, found in steps.items()
        }
        lacked = {name: found for name, found in lacked.items() if found}
        if lacked:
            raise missing(lacked, place and f" on the worker {place}")


def engine_for(frame: Any) -> str | None:
    """The engine of a run over this frame: as said, or "auto" for one whose partitions are cuDF's.

    What a run writes is written by the host, so the partitions of such a frame go there whole; what
    a card measures of them is lent to it.
    """
    given = getattr(frame, "_meta", frame)
    return engine() or ("auto" if library(given) == "cudf" else None)


def check_engine() -> None:
    """Raise `SettingError` where the engine is "gpu" and nobody who will work has one."""
    if engine() != "gpu":
        return
    found = asked(no_gpu)
    if all(found.values()):
        place, why = next(iter(found.items()))
        where = f" (the worker {place})" if place else ""
        raise SettingError(f"tamis.engine='gpu': {why}{where}; 'auto' takes the CPU")


def layout(
    store: Store, frame: Any, columns: dict[str, Any], parts: list[Segment], writer: Writer,
    stage_compression: str | None, engine: str | None = None,
) -> Layout:  # fmt: skip
    """What all tasks of the run share."""
    named = [step for part in parts for step in part.steps]
    hidden = [*(c for c in rowwise.hidden(named) if c in columns), *LEDGER]
    dedups = [part.dedup for part in parts if part.dedup is not None]
    hidden += [c for name, step in dedups for c in step.hidden(name)]
    hidden += [c for c in ("duplicate_of", "similarity") if dedups]
    measured = [
        column
        for name, step in named
        for column in step.recorded(name)
        if column in columns and not isinstance(columns[column], pd.ArrowDtype)  # no vectors
    ]
    measured += [column for name, step in dedups for column in step.added(name)]
    measured = list(dict.fromkeys(measured))  # a filter may judge a column that a step has added
    writer.check(rowwise.empty({k: v for k, v in columns.items() if k not in hidden}))
    return Layout(
        store, dict(frame._meta.dtypes), columns, tuple(hidden), tuple(measured), writer,
        stage_compression, rowwise.documents(named, list(frame.columns)), engine,
    )  # fmt: skip


def _check_names(meta: pd.DataFrame) -> None:
    named_once(meta)
    for name in meta.columns:
        if not isinstance(name, str):
            raise ColumnError(f"the column {name!r} is not named by text; rename it")


def _typed(series: pd.Series) -> pd.Series:
    array = arrow_column(series)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pd.Series(pandas_values(array.cast(normal(array.type))), index=series.index)
