"""How a run writes the rows it keeps: a value that puts a partition as files.

The run does the accounting. A writer is a frozen value of plain data that goes into every task; its
`put` writes files named after `stem` through the store, each whole or absent, the same bytes for
the same rows, and says which rows it could not write. The run moves these to `dropped/` under the
writer's name, notes the files in the task's record, and lists them in `run.json`. A writer of media
puts a Parquet file beside each file of media, with the rows whose medium is in it and where: `path`
relative to the folder, `offset` and `size`, or `start` and `end`. That is what is read of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError, SettingError
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile, write_part
from tamis.spelling import meant, no_column


class Put(NamedTuple):
    """The files of a partition, and the rows (positions) that are in none: `<code>: …`."""

    files: list[WrittenFile]
    lost: Mapping[int, str] = {}


@runtime_checkable
class Writer(Protocol):
    """What a run is given as `format=`, where it is no name of one."""

    @property
    def name(self) -> str:
        """What `dropped_by` says of a row that could not be written."""

    @property
    def format(self) -> str:
        """What `run.json` calls the files."""

    @property
    def pointer(self) -> tuple[str, ...]:
        """The columns by which kept rows point into files of media; none where there are none."""

    def check(self, meta: pd.DataFrame) -> None:
        """Raise for columns (a frame of no rows) that cannot be written so."""

    def put(self, frame: pd.DataFrame, stem: str, store: Store) -> Put:
        """Write the rows of a partition as files `<stem>…`."""


@dataclass(frozen=True)
class Tables:
    """Rows as files of a table format, as `write_part` writes them."""

    format: str = "parquet"
    target_size: int | None = None
    partition_on: str | None = None
    name: ClassVar[str] = "write"
    pointer: ClassVar[tuple[str, ...]] = ()

    def check(self, meta: pd.DataFrame) -> None:
        """Raise `ColumnError` for a `partition_on` that is not there."""
        if self.partition_on is None:
            return
        if self.partition_on not in meta:
            raise ColumnError(f"partition_on: {no_column(self.partition_on, meta.columns)}")
        dtype = meta[self.partition_on].dtype
        if isinstance(dtype, pd.ArrowDtype) and pa.types.is_nested(dtype.pyarrow_dtype):
            raise ColumnError(
                f"partition_on: column {self.partition_on!r} holds {dtype}, no plain values that "
                "could name folders"
            )

    def put(self, frame: pd.DataFrame, stem: str, store: Store) -> Put:
        """The rows as files; none is lost."""
        files = write_part(
            frame, stem, store, format=self.format, target_size=self.target_size,
            partition_on=self.partition_on,
        )  # fmt: skip
        return Put(files)


def writer_of(format: Any, target_size: int | None, partition_on: str | None) -> Writer:
    """The writer that is meant by the name of a format, or by a writer itself."""
    if isinstance(format, str) and format in FORMATS:
        return Tables(format, target_size, partition_on)
    from tamis.io.as_webdataset import WebDataset
    from tamis.io.clips import Clips

    made = format
    for kind in (WebDataset, Clips):
        made = kind() if format == kind.format else made
    if isinstance(made, str | type) or not isinstance(made, Writer):
        known = ", ".join([*FORMATS, WebDataset.format, Clips.format])
        told = f"{known}, tamis.WebDataset(…), tamis.Clips(…)"
        raise SettingError(f"format={format!r} is unknown (known: {told}){meant(format, FORMATS)}")
    for setting, given in (("target_size", target_size), ("partition_on", partition_on)):
        if given is not None:
            raise SettingError(f"{setting} is for tables; {made.format} has settings of its own")
    return made


def is_table(name: str) -> bool:
    """Whether a file of a run holds rows, not media."""
    return name.endswith(tuple(f".{format}" for format in FORMATS))


def beside(name: str, names: Any) -> bool:
    """Whether a Parquet file, one of these files, says where in another of them its media are."""
    stem = name.removesuffix(".parquet")
    return stem != name and any(f"{stem}.{ending}" in names for ending in BESIDE)


BESIDE = ("tar",)  # endings of files of media that have a table beside them
