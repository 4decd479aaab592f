"""Lines of NeMo manifests as rows of pointers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tamis.codes import BadRecord, reason
from tamis.frame import STRING
from tamis.io.files import File, readable
from tamis.io.media_paths import pointing, set_aside
from tamis.io.tar_index import TarIndex, index_of

READER = "read_nemo"
AUDIO = ("audio_filepath", "audio_filename", "audio_file")  # NeMo reads all three
OFFSET, DURATION, SHARD = "offset", "duration", "shard_id"
STATED = "manifest_duration"  # `duration` is what `audio.duration` measures
TAKEN = ("path", "size", "ext", "start", "end", STATED)
_SUB = re.compile(r"(.+)-sub\d+(\.\w+)?")


@dataclass(frozen=True)
class Shards:
    """The archives of a tarred data set by their numbers."""

    files: tuple[tuple[int, File], ...]

    def __dask_tokenize__(self) -> str:
        return repr(self.files)


def rows_of(
    part: pd.DataFrame,
    *,
    audio: str,
    base: str,
    within: bool,
    raising: bool,
    shards: Shards | None,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The lines of a manifest, as `read_jsonl` reads them, as rows of pointers."""
    part = part.rename(columns={name: f"nemo_{name}" for name in TAKEN if name in part})
    offset, odd = _seconds(part, OFFSET)
    duration, unsaid = _seconds(part, DURATION)
    start, end, wrong = spans(offset, duration)
    wrong |= odd | unsaid
    start[list(wrong)] = end[list(wrong)] = np.nan
    told = {
        row: reason("audio.span", str(part["id"].iloc[row]), detail)
        for row, detail in wrong.items()
    }
    part = part.drop(columns=[name for name in (OFFSET, DURATION) if name in part])
    if shards is None:
        part = pointing(part, audio, base, raising, within, READER)
        front = ["id", "path"]
    else:
        where, lost = _places(part, audio, shards, storage_options)
        told = lost | told
        part = part.assign(**where)
        front = ["id", "path", "offset", "size", "ext"]
    part = part.assign(start=start, end=end, **{STATED: duration})
    front += ["start", "end", STATED]
    part = set_aside(part, told, READER, raising)
    return part[front + [name for name in part.columns if name not in front]]


def spans(
    offset: np.ndarray, duration: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """`start` and `end` from offsets and durations (seconds, NaN for none), and what is wrong.

    Without an offset a line is the whole file; without a duration it goes to the end.

    >>> spans(np.array([1.5, np.nan, -1]), np.array([2.0, 3.0, 1.0]))
    (array([1.5, nan, nan]), array([3.5, nan, nan]), {2: 'it begins at -1 s'})
    """
    cut = ~np.isnan(offset)
    with np.errstate(over="ignore"):
        start = np.where(cut, offset, np.nan)
        end = np.where(cut, offset + duration, np.nan)
    wrong: dict[int, str] = {}
    for row in np.flatnonzero(cut).tolist():
        if offset[row] < 0:
            wrong[row] = f"it begins at {offset[row]:g} s"
        elif not np.isnan(duration[row]) and not duration[row] > 0:
            wrong[row] = f"it lasts {duration[row]:g} s"
        elif np.isinf(end[row]) or end[row] == start[row]:
            wrong[row] = f"{duration[row]:g} s from {offset[row]:g} s on is no time"
    rows = list(wrong)
    start[rows] = end[rows] = np.nan
    return start, end, wrong


def _seconds(part: pd.DataFrame, name: str) -> tuple[np.ndarray, dict[int, str]]:
    """A column of seconds, NaN where there is none, and the rows that hold something else."""
    if name not in part:
        return np.full(len(part), np.nan), {}
    column = part[name]
    if not isinstance(column.dtype, pd.StringDtype):
        return column.to_numpy(float, na_value=np.nan).copy(), {}
    found = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    odd = (
        column.notna().to_numpy()
        & (column != "").to_numpy(bool, na_value=False)
        & ~np.isfinite(found)
    )
    rows = np.flatnonzero(odd).tolist()
    return found, {row: f"{name} {column.iloc[row]!r} is no number" for row in rows}


def _places(
    part: pd.DataFrame, audio: str, shards: Shards, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[int, str]]:
    """Where in the archives the members are, and why some are not there."""
    files, ids = dict(shards.files), part["id"].tolist()
    names = part[audio].astype(object).where(part[audio].notna(), None).tolist()
    numbers: list[int | None] = [next(iter(files), 0)] * len(part)
    if SHARD in part:
        numbers = [_number(value) for value in part[SHARD].tolist()]
    columns: dict[str, list[Any]] = {
        name: [None] * len(part) for name in ("path", "offset", "size", "ext")
    }
    told: dict[int, str] = {}
    indices: dict[int, TarIndex | BadRecord] = {}
    given = part["dropped_by"].notna().tolist() if "dropped_by" in part else [False] * len(part)
    for row, (name, number) in enumerate(zip(names, numbers, strict=True)):
        if given[row]:
            continue
        try:
            index, member, (offset, size) = _member(name, number, files, indices, options)
        except BadRecord as bad:
            told[row] = reason(bad.code, str(ids[row]), bad.detail)
            continue
        found = (readable(index.file.url), offset, size, _extension(member))
        for column, value in zip(columns.values(), found, strict=True):
            column[row] = value
    types: dict[str, Any] = {"path": STRING, "offset": "Int64", "size": "Int64", "ext": STRING}
    return {n: pd.array(values, dtype=types[n]) for n, values in columns.items()}, told


def _member(
    name: str | None,
    number: int | None,
    files: Mapping[int, File],
    indices: dict[int, TarIndex | BadRecord],
    options: Mapping[str, Any],
) -> tuple[TarIndex, str, tuple[int, int]]:
    if not name:
        raise BadRecord("media.null", "the row has no path")
    if number is None:
        raise BadRecord("media.missing", f"the line has no {SHARD}")
    if number not in files:
        raise BadRecord("media.missing", f"there is no archive of shard {number}")
    if number not in indices:
        try:
            indices[number] = index_of(files[number], options)
        except BadRecord as bad:
            indices[number] = BadRecord(bad.code, f"{files[number].name}: {bad.detail}")
    index = indices[number]
    if isinstance(index, BadRecord):
        raise index
    piece = _SUB.fullmatch(name)
    if name not in index and piece is not None:
        name = piece.group(1) + (piece.group(2) or "")
    return index, name, index.find(name.removeprefix("./"))


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _extension(name: str) -> str | None:
    last = name.rpartition("/")[2].lstrip(".")
    return last.rpartition(".")[2].lower() if "." in last else None
