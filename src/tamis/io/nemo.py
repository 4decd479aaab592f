"""Read NeMo's manifests of speech: JSON Lines that name files, or members of archives."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tamis.errors import ColumnError, DataError
from tamis.io import jsonl
from tamis.io.braces import expanded
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import check_errors
from tamis.io.json_schema import infer
from tamis.io.media_paths import block, folder_of
from tamis.io.nemo_rows import AUDIO, DURATION, OFFSET, SHARD, Shards, rows_of
from tamis.io.schema import TEXT, declared, json_type
from tamis.io.sizes import size

_NUMBERED = re.compile(r"audio[^/]*_(\d+)[^/]*\.tar")  # NeMo's own
_LAST = re.compile(r"(\d+)\D*$")
_SHARDED = "sharded_manifests"


def read_nemo(
    manifest: Paths,
    *,
    tars: Paths | None = None,
    base: str | os.PathLike[str] | None = None,
    within: bool = False,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    **settings: Any,
) -> Any:
    """Read NeMo manifests (JSON Lines, plain or compressed) as a lazy frame of pointers.

    `audio_filepath` becomes `path`: URLs and absolute paths as they are, others relative to `base`,
    by default the folder of the manifest. Where a line has an `offset` (seconds), `start` is it and
    `end` is `offset` + `duration`, or null to the end of the file; a line without one stands for
    the whole file, and `start` and `end` are null. `manifest_duration` is the `duration` that the
    manifest states. Every other key is a column, named `nemo_<key>` where the name is taken;
    `settings` are those of `read_jsonl` (`schema`, `as_json`, `unknown`, …); a partition is
    `block_size` bytes of the manifest, by default 64 KB, some hundred lines (more of a very
    long one).

    `tars` makes it a tarred data set: archives, as paths, patterns, or NeMo's
    `audio__OP_0..63_CL_.tar`; a line is the member called `audio_filepath` of the archive whose
    number is its `shard_id`. Without `tars` a manifest with `shard_id` looks for `audio*_<n>.tar`
    beside itself or one folder up. `path`, `offset`, `size` then point into the archive,
    `audio_filepath` stays, and names such as `a-sub2.wav` stand for further pieces of `a.wav`.
    `manifest` may be a pattern likewise, or a folder: of its `sharded_manifests` if it has them.
    Members that no line names are not in the data set, as in NeMo.

    Rows that cannot be used have `dropped_by="read_nemo"` and a reason: `media.null` without a
    path, `audio.span` for times that are no piece of a recording (negative, infinite, empty),
    `tar.member` for a member that is not there, `media.missing` for an archive, `media.outside`
    for a path out of `base` with `within=True`; lines that are broken have `read_jsonl`'s.
    `errors="raise"` makes the first a `DataError`. Audio files themselves are not looked at.

    >>> import tamis
    >>> tamis.read_nemo("train.jsonl")  # doctest: +SKIP
    >>> tamis.read_nemo("tarred/sharded_manifests/manifest__OP_0..63_CL_.json",
    ...                 tars="tarred/audio__OP_0..63_CL_.tar")  # doctest: +SKIP
    """
    check_errors(errors)
    files = _manifests(manifest, storage_options)
    schema = _schema(files, id, settings, storage_options)
    audio = next((name for name in AUDIO if name in schema), None)
    if audio is None:
        raise ColumnError(f"no key audio_filepath in {files[0].name} (have: {', '.join(schema)})")
    if pa.types.is_list(schema[audio]):
        raise ColumnError(f"{audio!r} holds lists of files; a row points to one")
    schema[audio] = TEXT
    shards = None
    if tars is not None:
        shards = Shards(_numbered(find_files(expanded(tars), (".tar",), storage_options)))
    elif SHARD in schema:
        shards = _beside(files, storage_options)
    if shards is not None and SHARD not in schema and len(shards.files) > 1:
        raise ColumnError(
            f"the lines of {files[0].name} have no {SHARD!r}, which says in which of "
            f"{len(shards.files)} archives each is"
        )
    if columns is not None:
        needed = (audio, OFFSET, DURATION, *([SHARD] if SHARD in schema and shards else []))
        columns = [*columns, *(name for name in needed if name not in columns)]
    df = jsonl.read_jsonl(
        [file.url for file in files], id=id, columns=columns, schema=pa.schema(schema.items()),
        storage_options=storage_options, errors=errors, **({"block_size": block(files)} | settings),
    )  # fmt: skip
    place = "" if shards is not None else folder_of(files, base)
    given: dict[str, Any] = {
        "audio": audio, "base": place, "within": within, "raising": errors == "raise",
        "shards": shards, "storage_options": dict(storage_options or {}),
    }  # fmt: skip
    return df.map_partitions(rows_of, meta=rows_of(df._meta, **given), **given)


def _manifests(manifest: Paths, options: Mapping[str, Any] | None) -> list[File]:
    """The files; those above a folder of `sharded_manifests` say the same once more."""
    files = find_files(expanded(manifest), jsonl.SUFFIXES, options)
    sharded = [file for file in files if f"/{_SHARDED}/" in file.url]
    above = {file.url.rpartition(f"/{_SHARDED}/")[0] for file in sharded}
    return [file for file in files if file in sharded or _folder(file) not in above]


def _folder(file: File) -> str:
    return file.url.rpartition("/")[0]


def _schema(
    files: Sequence[File], id: str | None, settings: dict[str, Any], options: Any
) -> dict[str, pa.DataType]:
    """The types of the keys: times are floats, also where the first lines have whole numbers."""
    given = settings.pop("schema", None)
    loose = settings.get("as_json", ())
    if given is not None:
        known = declared(given, checked=json_type)
    else:
        known = infer(
            files, id=id, as_json=(loose,) if isinstance(loose, str) else tuple(loose),
            sample_files=settings.get("sample_files", 1000),
            max_line=size("max_line", settings.get("max_line", "64MB")),
            storage_options=options,
        )  # fmt: skip
    if not known and not any(file.size for file in files):
        known = {AUDIO[0]: TEXT}
    for name in (OFFSET, DURATION):
        known[name] = pa.float64()
    return known


def _numbered(files: Sequence[File]) -> tuple[tuple[int, File], ...]:
    """Archives with the numbers of their shards, which their names say."""
    numbered: dict[int, File] = {}
    for file in files:
        name = file.url.rpartition("/")[2]
        match = _NUMBERED.search(name) or _LAST.search(name.removesuffix(".tar"))
        if match is None:
            if len(files) == 1:
                return ((0, file),)
            raise DataError(f"{file.name}: the name says no number of a shard, as audio_7.tar does")
        number = int(match.group(1))
        if number in numbered:
            raise DataError(
                f"{numbered[number].url} and {file.url} are both shard {number}; read them apart"
            )
        numbered[number] = file
    return tuple(numbered.items())


def _beside(files: Sequence[File], options: Mapping[str, Any] | None) -> Shards:
    folder = folder_of(list(files), None)
    for place in (folder, folder.rpartition("/")[0]):
        try:
            found = find_files(f"{place}/audio*.tar", (".tar",), options)
        except DataError:
            continue
        return Shards(_numbered(found))
    raise DataError(
        f"the lines of {files[0].name} have a {SHARD!r}, and there is no audio_<number>.tar in "
        f"{folder} or above it; name the archives with tars="
    )
