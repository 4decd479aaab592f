"""Write a frame of recordings as a NeMo manifest, with the recordings or as a tarred data set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.errors import DataError
from tamis.io.columns import arrow_column
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.json_text import json_lines
from tamis.io.media_folders import sweep_folders
from tamis.io.sounds import WAS, Sound
from tamis.io.speech_archives import Limits, archives, check_key, keys_of, limits
from tamis.io.speech_rows import STATED, Placed, SpeechRows, check, one_list, seconds
from tamis.io.store import Store
from tamis.io.write import WrittenFile

WRITER = "write_nemo"
MANIFEST, TARRED, SHARDED = "manifest.jsonl", "tarred_audio_manifest.json", "sharded_manifests"
_OWN = ("audio_filepath", "offset", "shard_id", "path", "size", "ext", *STATED)


def write_nemo(
    df: Any,
    folder: Target,
    *,
    store: str = "pointers",
    on: str = "path",
    key: str | None = None,
    encode: str | None = None,
    rate: int | None = None,
    mono: bool = False,
    samples: int = 10_000,
    target_size: int | str = "1GB",
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame of recordings as a manifest that NeMo reads; the parts written.

    A line has `audio_filepath`, `duration` (seconds, as the file's header says, not as a manifest
    did), `offset` where the row is a part of its file, and all other columns but pointers.

    `store="pointers"` writes `manifest.jsonl` alone: it names the files where they are. `"files"`
    writes each row as a file beside it, named by number or by the column `key`, and the manifest
    names it relative to itself. `"tar"` writes NeMo's tarred layout: `audio_0.tar`, `audio_1.tar`,
    …, `tarred_audio_manifest.json` with a `shard_id` in each line, and `sharded_manifests/
    manifest_<n>.json`; an archive holds at most `samples` rows and about `target_size` bytes.

    A row that is a whole file is copied byte by byte, a part is cut out, sample by sample, and
    stored as `encode` ("wav", "flac", "opus"), by default in the format of its file if that is one
    of these, else as FLAC. `rate` (Hz) and `mono` change what is stored, too. Rows dropped before,
    and those whose recording cannot be read (or, with `"pointers"`, cannot be named: within an
    archive, one channel of several), are in `__dropped/` with `dropped_by` and `dropped_why`;
    `errors="raise"` makes the first of the latter a `DataError`. The folder gets its own list of
    parts last, as in `write_parquet`. `read_nemo(folder)` reads all three.

    >>> import tamis
    >>> tamis.write_nemo(tamis.read_nemo("train.jsonl"), "flac16k", store="tar", encode="flac",
    ...                  rate=16_000, mono=True)  # doctest: +SKIP
    """
    check_errors(errors)
    sound = check(df, on, store, ("pointers", "files", "tar"), encode, rate, mono)
    check_key(df, key)
    settings = {
        "on": on, "key": key, "as_": store, "sound": sound, "raising": errors == "raise",
        "most": limits(samples, target_size),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    folders: set[str] = set()
    parts = write_folder(
        df, folder, put_nemo, settings, storage_options, alone=True,
        finish=_tarred if store == "tar" else partial(one_list, MANIFEST, folders),
    )  # fmt: skip
    sweep_folders(Store(folder, storage_options), folders)
    return parts


def put_nemo(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    on: str,
    key: str | None,
    as_: str,
    sound: Sound,
    most: Limits,
    raising: bool,
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition: their recordings, and lines about them."""
    speech = SpeechRows(frame, on, WRITER, raising, source_options, sound)
    rows = speech.rows
    if key is not None:
        rows.keys = keys_of(frame, key)
    elif as_ == "tar":  # names that no other partition has
        part = stem.rpartition("/")[2].partition(".")[0].removeprefix("part-")
        rows.keys = [f"{part}_{row:06d}" for row in range(len(frame))]
    own = (*_OWN, *(WAS.values() if as_ == "pointers" else ()))
    rows.others = [name for name in rows.others if name not in own]
    if as_ == "tar":
        written = list(
            archives(
                speech, stem, store, most, lambda row: rows.key(row).replace("/", "_"),
                lambda name, held: [], lambda placed, name: _lines(speech, placed, name, store),
            )
        )  # fmt: skip
    else:
        placed: dict[int, Placed] = {}
        for row in range(len(frame)):
            found = speech.pointed(row) if as_ == "pointers" else speech.stored(row, stem, store)
            if found is not None:
                placed[row] = found
        written = [_lines(speech, placed, f"{stem}.jsonl", store)] if placed or empty else []
        if as_ == "files":
            for folder in {one.path.rpartition("/")[0] for one in placed.values()}:
                store.settle(folder)
    return written + rows.put_dropped(stem, store)


def _lines(
    speech: SpeechRows, placed: Mapping[int, Placed], name: str, store: Store
) -> WrittenFile:
    """Put the lines of a manifest."""
    frame, kept = speech.rows.columns, list(placed)
    table = pa.table({str(n): arrow_column(frame[n].iloc[kept]) for n in speech.rows.others})

    def content(file: Any) -> None:
        rest = b"".join(json_lines(table)).split(b"\n") if table.num_columns else []
        for k, one in enumerate(placed.values()):
            rate = one.whole.rate
            own = {"audio_filepath": one.path, "duration": seconds(one.held.frames, rate)}
            if not one.held.whole:
                own["offset"] = seconds(one.first, rate)
            head = json.dumps(own, ensure_ascii=False).encode()
            file.write(head[:-1] + b", " + rest[k][1:] + b"\n" if rest else head + b"\n")

    put = store.put(name, content)
    return WrittenFile(name, len(placed), put.bytes, put.sha256)


def _tarred(found: list[list[WrittenFile]], store: Store) -> list[WrittenFile]:
    """Archives under the numbers of their shards, with the manifests of each and of all."""
    files = [file for files in found for file in files]
    tars = [file for file in files if file.name.endswith(".tar")]
    lists = [file for file in files if file.name.endswith(".jsonl")]
    done = [file for file in files if file not in tars and file not in lists]
    if len(tars) != len(lists):
        raise DataError("an archive without its list was written")
    made: list[WrittenFile] = []
    for shard, (tar, lines) in enumerate(zip(tars, lists, strict=True)):
        mark = f', "shard_id": {shard}}}\n'.encode()
        text = b"".join(line[:-1] + mark for line in store.read(lines.name).split(b"\n")[:-1])
        name = f"{SHARDED}/manifest_{shard}.json"
        put = store.put(name, text)
        made.append(WrittenFile(name, lines.rows, put.bytes, put.sha256))
        store.move(tar.name, f"audio_{shard}.tar")
        done.append(WrittenFile(f"audio_{shard}.tar", tar.rows, tar.bytes, tar.sha256))
        store.remove(lines.name)

    def content(out: Any) -> None:
        for file in made:
            out.write(store.read(file.name))

    put = store.put(TARRED, content)
    store.settle(SHARDED)
    rows = sum(file.rows for file in made)
    return [WrittenFile(TARRED, rows, put.bytes, put.sha256), *made, *done]
