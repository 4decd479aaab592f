"""Write a frame of recordings as cuts that lhotse reads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.io.columns import arrow_column
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.json_text import json_lines
from tamis.io.lhotse_rows import SAID
from tamis.io.media_folders import sweep_folders
from tamis.io.sample_names import safe_key, unique
from tamis.io.sounds import WAS, Facts, Sound
from tamis.io.speech_archives import Limits, archives, check_key, keys_of, limits
from tamis.io.speech_rows import STATED, Placed, SpeechRows, check, one_list
from tamis.io.store import Store
from tamis.io.write import WrittenFile

WRITER = "write_lhotse"
CUTS, SHAR = "cuts.jsonl.gz", "shar"
_OWN = ("id", "recording_id", "supervisions", "path", "size", "ext", "offset", *SAID, *STATED)


def write_lhotse(
    df: Any,
    folder: Target,
    *,
    store: str = "pointers",
    on: str = "path",
    key: str | None = None,
    encode: str | None = None,
    rate: int | None = None,
    mono: bool = False,
    samples: int = 1000,
    target_size: int | str = "1GB",
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame of recordings as cuts that lhotse reads; the parts.

    `cuts.jsonl.gz`, for `lhotse.CutSet.from_file`, or a folder `shar` for `CutSet.from_shar`.

    A row is a MonoCut, of several channels a MultiCut, with its id, `start` and `duration` in a
    recording as the file's header tells it: samples, rate, channels. `text`, `speaker`, `language`
    and `gender`, where one is not null, are a supervision over the whole cut; the JSON of a column
    `supervisions` is written instead where its texts are still those of `text`. Other columns but
    pointers are `custom`.

    `store="pointers"` names the files where they are; `"files"` writes each row as a file of its
    own below the folder. Both by absolute paths, since lhotse reads others from wherever it runs
    (`CutSet.with_recording_path_prefix` moves relative ones). `"shar"` writes lhotse's Shar layout
    instead, `lhotse.CutSet.from_shar(in_dir="<folder>/shar")`: `cuts.000000.jsonl.gz` beside
    `recording.000000.tar`, at most `samples` rows and about `target_size` bytes each. There the
    names of members are the ids; an id that is no name of a file (`../x`) is written as one that
    is. `key`, `encode`, `rate`, `mono`, what
    is copied and what cut out, what is dropped and `errors` are as in `write_nemo`.

    >>> import tamis
    >>> tamis.write_lhotse(tamis.read_files("clips"), "cuts")  # doctest: +SKIP
    """
    check_errors(errors)
    sound = check(df, on, store, ("pointers", "files", SHAR), encode, rate, mono)
    check_key(df, key)
    settings = {
        "on": on, "key": key, "as_": store, "sound": sound, "raising": errors == "raise",
        "most": limits(samples, target_size), "source_options": dict(source_options or {}),
    }  # fmt: skip
    folders: set[str] = set()
    parts = write_folder(
        df, folder, put_lhotse, settings, storage_options, alone=True,
        finish=_shar if store == SHAR else partial(one_list, CUTS, folders),
    )  # fmt: skip
    sweep_folders(Store(folder, storage_options), folders)
    return parts


def put_lhotse(
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
    """Put the rows of a partition: cuts, and the recordings if they are written anew."""
    speech = SpeechRows(frame, on, WRITER, raising, source_options, sound)
    rows = speech.rows
    if key is not None:
        rows.keys = keys_of(frame, key)
    if as_ == SHAR:
        return _archived(speech, stem, store, most) + rows.put_dropped(stem, store)
    placed: dict[int, Placed] = {}
    for row in range(len(frame)):
        if as_ == "pointers":
            found = speech.pointed(row)
        else:
            found = speech.stored(row, stem, store)
        if found is not None:
            placed[row] = found
    if as_ == "files":
        for folder in {one.path.rpartition("/")[0] for one in placed.values()}:
            store.settle(folder)
        placed = {row: one._replace(path=store.path(one.path)) for row, one in placed.items()}
    own = (*_OWN, *(WAS.values() if as_ == "pointers" else ()))
    written = []
    if placed or empty:
        put = store.put(f"{stem}.jsonl", _cuts(rows.columns, placed, own, as_ == "files"))
        written.append(WrittenFile(f"{stem}.jsonl", len(placed), put.bytes, put.sha256))
    return written + rows.put_dropped(stem, store)


def _archived(speech: SpeechRows, stem: str, store: Store, most: Limits) -> list[WrittenFile]:
    """Archives of recordings, each with its placeholder of a manifest, and the cuts of each."""
    frame = speech.rows.columns
    names = unique(map(_member, frame["id"].astype(str)))

    def beside(name: str, held: Facts) -> list[tuple[str, bytes]]:
        told = _recording(name, "shar", "", held)
        return [(f"{name}.json", json.dumps(told, ensure_ascii=False).encode() + b"\n")]

    def lines(placed: Mapping[int, Placed], name: str) -> WrittenFile:
        here = frame.assign(id=pd.array(names, "str"))
        own = {row: one._replace(path="") for row, one in placed.items()}
        put = store.put(name, _cuts(here, own, _OWN, True, "shar"))
        return WrittenFile(name, len(placed), put.bytes, put.sha256)

    return list(archives(speech, stem, store, most, names.__getitem__, beside, lines))


def _member(name: str) -> str:
    """An id if it is what lhotse makes of the name of its file again, else as a name that is.

    >>> _member("a.flac/1"), _member("../a"), _member("b/")
    ('a.flac/1', 'a', 'b')
    """
    path = PurePosixPath(f"{name}.x")
    usual = str(path.parent / path.stem) == name and path.stem and not path.is_absolute()
    return name if usual and ".." not in path.parts and name.isprintable() else safe_key(name)


def _shar(found: list[list[WrittenFile]], store: Store) -> list[WrittenFile]:
    """Archives and cuts under the numbers of their shards."""
    files = [file for files in found for file in files]
    tars = [file for file in files if file.name.endswith(".tar")]
    lists = [file for file in files if file.name.endswith(".jsonl")]
    done = [file for file in files if file not in tars and file not in lists]
    for shard, (tar, lines) in enumerate(zip(tars, lists, strict=True)):
        archive, cuts = f"{SHAR}/recording.{shard:06d}.tar", f"{SHAR}/cuts.{shard:06d}.jsonl.gz"
        store.move(tar.name, archive)
        packed = gzip.compress(store.read(lines.name), 6, mtime=0)
        put = store.put(cuts, packed)
        store.remove(lines.name)
        done += [WrittenFile(archive, tar.rows, tar.bytes, tar.sha256),
                 WrittenFile(cuts, lines.rows, put.bytes, put.sha256)]  # fmt: skip
    store.settle(SHAR)
    return done


def _cuts(
    frame: pd.DataFrame, placed: Mapping[int, Placed], own: tuple[str, ...], anew: bool,
    kind: str | None = None,
) -> bytes:  # fmt: skip
    """Lines of cuts; `anew`: each has a recording of its own. `kind` is that of the source."""
    part = frame.iloc[list(placed)]
    said = {
        n: pa.array(part[n], from_pandas=True).to_pylist()
        for n in ("id", "recording_id", "supervisions", *SAID) if n in part
    }  # fmt: skip
    gone = ("start", "end", "audio_channel", "dropped_by", "dropped_why", *own)
    rest = [name for name in part.columns if name not in gone and not _held(part[name])]
    customs: list[dict[str, Any]] = [{} for _ in placed]
    if rest and len(part):
        table = pa.table({str(name): arrow_column(part[name]) for name in rest})
        lines = b"".join(json_lines(table)).splitlines()
        customs = [
            {name: value for name, value in json.loads(line).items() if value is not None}
            for line in lines
        ]
    out = []
    for k, one in enumerate(placed.values()):
        row = {name: values[k] for name, values in said.items()}
        if anew:
            row["recording_id"] = row["id"]
        out.append(json.dumps(_cut(row, one, customs[k], kind), ensure_ascii=False))
    return "".join(f"{line}\n" for line in out).encode("utf-8", "surrogatepass")


def _cut(
    row: dict[str, Any], one: Placed, custom: dict[str, Any], kind: str | None
) -> dict[str, Any]:
    whole, held = one.whole, one.held
    channels = list(range(whole.channels))
    recording = str(row.get("recording_id") or one.path)
    duration = held.frames / held.rate
    found: dict[str, Any] = {
        "id": str(row["id"]), "start": one.first / whole.rate, "duration": duration,
        "channel": channels if len(channels) > 1 else 0,
        "supervisions": _supervisions(row, recording, duration, channels),
        "recording": _recording(recording, kind or _kind(one.path), one.path, whole),
    }  # fmt: skip
    if custom:
        found["custom"] = custom
    return found | {"type": "MultiCut" if len(channels) > 1 else "MonoCut"}


def _recording(name: str, kind: str, source: str, whole: Facts) -> dict[str, Any]:
    channels = list(range(whole.channels))
    return {
        "id": name, "sources": [{"type": kind, "channels": channels, "source": source}],
        "sampling_rate": whole.rate, "num_samples": whole.frames, "duration": whole.duration,
        "channel_ids": channels,
    }  # fmt: skip


def _kind(path: str) -> str:
    return "url" if "://" in path else "file"


def _supervisions(
    row: dict[str, Any], recording: str, duration: float, channels: list[int]
) -> list[dict[str, Any]]:
    """What is said in a cut."""
    text, given = row.get("text"), row.get("supervisions")
    channel: Any = channels if len(channels) > 1 else 0
    if isinstance(given, str):
        try:
            several = json.loads(given)
            ordered = sorted(several, key=lambda s: s["start"])
            same = " ".join(s["text"] for s in ordered if s.get("text")) == (text or "")
        except (ValueError, TypeError, KeyError, AttributeError):
            same = False
        if same:
            return [one | {"recording_id": recording, "channel": channel} for one in several]
    if all(row.get(name) is None for name in SAID):
        return []
    own = {"id": str(row["id"]), "recording_id": recording, "start": 0.0, "duration": duration,
           "channel": channel}  # fmt: skip
    return [own | {n: row[n] for n in SAID if row.get(n) is not None}]


def _held(column: pd.Series) -> bool:
    """Whether a column holds bytes, which no manifest takes."""
    return "binary" in str(column.dtype)
