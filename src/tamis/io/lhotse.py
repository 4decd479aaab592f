"""Read lhotse's manifests of speech: cuts, recordings with supervisions, Shar folders."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import DataError, SettingError
from tamis.io import jsonl
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.json_schema import head_rows, types_of
from tamis.io.lhotse_lines import Lhotse, orphans, read_work
from tamis.io.lhotse_rows import kind_of, rows_of_cut
from tamis.io.media_paths import block
from tamis.io.schema import TEXT, normal
from tamis.io.sizes import ratio, size

COLUMNS = {
    "id": TEXT, "path": TEXT, "start": pa.float64(), "end": pa.float64(),
    "manifest_duration": pa.float64(), "sampling_rate": pa.int64(), "audio_channel": pa.int64(),
    "recording_id": TEXT, "text": TEXT, "speaker": TEXT, "language": TEXT, "gender": TEXT,
    "supervisions": TEXT,
}  # fmt: skip
_SHAR = re.compile(r"(cuts|recording)\.(\d+)\.(jsonl(\.gz)?|tar)")


def read_lhotse(
    paths: Paths,
    *,
    each: str = "cut",
    base: str | os.PathLike[str] | None = None,
    within: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    unknown: str = "quarantine",
    block_size: int | str | None = None,
    files_per_partition: int | None = None,
    max_line: int | str = "64MB",
    max_ratio: float = 200.0,
) -> Any:
    """Read lhotse manifests (JSON Lines, plain or compressed) as a lazy frame of pointers.

    `paths` are cuts, recordings, recordings together with their supervisions, or a Shar folder
    (`cuts.000000.jsonl.gz` beside `recording.000000.tar`: rows then have `offset`, `size`, `ext`
    and point into the archives). A row is a cut, or with `each="supervision"` what is said in one:
    `id` is `<cut>/<n>`, `parent_id` the cut. `start` and `end` are seconds in the recording, null
    where the row is all of it; `manifest_duration` is what the manifest states.

    Columns are `sampling_rate`, `audio_channel` (which channel of several, null for all or the only
    one), `recording_id`, `text`, `speaker`, `language`, `gender`: of several supervisions the texts
    in order of time, and who speaks if all agree. `supervisions` holds them as JSON where the
    columns do not say all. Keys of `custom` become columns, `custom_<key>` where the name is taken,
    objects and lists as JSON. Relative paths are relative to `base`, by default the current folder,
    as in lhotse. `within=True`, for manifests from others, takes only those that stay below it.

    Rows that point to no part of one file have `dropped_by="read_lhotse"` and a reason:
    `media.source` for commands (which are not run), sound in memory, mixtures (padding is taken
    off), and recordings changed on the fly (all but resampling); `audio.span` for times that are no
    part of a recording; `media.missing` for supervisions of recordings that are not there. A key of
    `custom` that the beginnings of the files did not have is `schema.column`, unless
    `unknown="ignore"`. `errors="raise"` makes the first a `DataError`. Partitions and limits are as
    in `read_jsonl`. With supervisions each worker holds all of them in memory.

    >>> import tamis
    >>> tamis.read_lhotse("cuts_train.jsonl.gz")  # doctest: +SKIP
    >>> tamis.read_lhotse(["recordings.jsonl.gz", "supervisions.jsonl.gz"],
    ...                   each="supervision")  # doctest: +SKIP
    """
    check_errors(errors)
    if each not in ("cut", "supervision"):
        raise SettingError(f"each must be 'cut' or 'supervision', found {each!r}")
    if unknown not in ("quarantine", "ignore"):
        raise SettingError(f"unknown must be 'quarantine' or 'ignore', found {unknown!r}")
    place = os.fspath(base) if base is not None else os.getcwd()
    place = place.rstrip("/") if "://" in place else os.path.abspath(os.path.expanduser(place))
    tars = _tars(paths, storage_options)
    files = find_files(paths, jsonl.SUFFIXES, storage_options)
    kinds = _kinds(files, storage_options)
    said = tuple(kinds.pop("supervisions", ()))
    if len(kinds) != 1 or (said and "recordings" not in kinds):
        told = [f"{kind} ({found[0].name})" for kind, found in kinds.items()]
        told += [f"supervisions ({said[0].name})"] if said else []
        raise DataError(
            f"found {', '.join(told) or 'nothing'}; give cuts, recordings, or recordings and "
            "their supervisions"
        )
    ((kind, files),) = kinds.items()
    types, customs = _types(files, kind, said, each, tars is not None, storage_options)
    how = Lhotse(
        kind, each, place, within, unknown == "ignore", errors == "raise",
        size("max_line", max_line), ratio(max_ratio), said, _pairs(files, tars),
        Types(tuple(quarantine_types(types, errors).items())), tuple(customs.items()),
    )  # fmt: skip
    options = dict(storage_options or {})
    each_block = block(files) if block_size is None else size("block_size", block_size)
    work = jsonl.planned(files, each_block, files_per_partition, storage_options)
    made = dask_frame(
        read_work, work, how.types, "read_lhotse", how=how, storage_options=options
    )  # fmt: skip
    if not said:
        return made
    import dask.dataframe as dd

    lost = dask_frame(
        orphans, [Work((*said, *files))], how.types, "read_lhotse", how=how,
        storage_options=options,
    )  # fmt: skip
    return dd.concat([made, lost])


def _pairs(files: Sequence[File], tars: Mapping[int, File] | None) -> tuple[tuple[File, File], ...]:
    """The files of cuts in a Shar folder, each with the archive of its number."""
    found = []
    for file in files if tars is not None else ():
        match = _SHAR.search(file.url.rpartition("/")[2])
        tar = (tars or {}).get(int(match.group(2))) if match else None
        if tar is None:
            raise DataError(f"{file.url} has no recording.<number>.tar beside it")
        found.append((file, tar))
    return tuple(found)


def _tars(paths: Paths, options: Mapping[str, Any] | None) -> dict[int, File] | None:
    """The archives of a Shar folder by number; None for what is none."""
    if not isinstance(paths, str | os.PathLike) or "*" in os.fspath(paths):
        return None
    try:
        files = find_files(paths, (".tar",), options)
    except DataError:
        return None
    found = {}
    for file in files:
        match = _SHAR.fullmatch(file.url.rpartition("/")[2])
        if match and match.group(1) == "recording" and match.group(3) == "tar":
            found[int(match.group(2))] = file
    return found or None


def _kinds(files: Sequence[File], options: Mapping[str, Any] | None) -> dict[str, list[File]]:
    """The files by what their lines are."""
    found: dict[str, list[File]] = {}
    for file in files:
        rows = head_rows([file], options)
        kinds = [kind for kind in map(kind_of, rows) if kind is not None]
        if not kinds:
            if not rows and len(files) > 1:  # nothing in it, or nothing that can be read
                kinds = ["cuts"]
            elif rows or file.size:
                raise DataError(f"{file.name} holds no cuts, recordings or supervisions of lhotse")
            else:
                kinds = ["cuts"]
        found.setdefault(kinds[0], []).append(file)
    return found


def _types(
    files: Sequence[File], kind: str, said: Sequence[File], each: str, shar: bool,
    options: Mapping[str, Any] | None,
) -> tuple[dict[str, pa.DataType], dict[str, str]]:  # fmt: skip
    """The columns: those of every set, and what stands in `custom`, with what that is called."""
    types = {"id": TEXT, "path": TEXT}
    if shar:
        types |= {"offset": pa.int64(), "size": pa.int64(), "ext": TEXT}
    types |= COLUMNS
    if each == "supervision":
        types["parent_id"] = TEXT
    customs = []
    for row in head_rows(files if kind == "cuts" else said, options):
        try:
            if kind == "cuts":
                customs += [made["custom"] for made in rows_of_cut(row, each)]
            elif isinstance(row.get("custom"), dict):
                customs.append(row["custom"])
        except BadRecord:
            continue
    names = {}
    for key, type in types_of(customs).items():
        column = key
        while column in types or column in ("dropped_by", "dropped_why"):
            column = f"custom_{column}"
        types[column] = TEXT if pa.types.is_nested(type) else normal(type)
        names[key] = column
    return types, names
