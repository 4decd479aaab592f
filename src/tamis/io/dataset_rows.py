"""Write a frame as a data set of Hugging Face's library: rows, splits, a card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import yaml

from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.media_parquet import feature_of
from tamis.io.sizes import size as parsed
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile, arrow_table, groups, pieces
from tamis.spelling import no_column
from tamis.version import VERSION

FORMS = ("arrow", "parquet")
_BATCH = 1000  # rows of a record batch, as the datasets library writes them
_SPLIT = r"^\w+(\.\w+)*$"  # what that library takes for the name of a split


def write_dataset(
    df: Any,
    folder: Target,
    *,
    form: str = "arrow",
    split: str = "train",
    split_on: str | None = None,
    card: str | None = None,
    target_size: int | str = "500MB",
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) as a data set for Hugging Face's library; the parts.

    `form` "arrow" is what `save_to_disk` writes: `datasets.load_from_disk(folder)` maps it, and
    `tamis.read_huggingface` reads it. "parquet" is what the hub holds: `datasets.load_dataset(
    folder)` reads it, and `tamis.read_parquet`. All rows are the `split`, or those of each value of
    the column `split_on` are a split of that name (the column is left out); "arrow" then is a
    dictionary of data sets. `README.md` says in either form how many rows and bytes each split has,
    in the header that the hub reads, with `card` (Markdown) below.

    A partition becomes a file for each split, several where it has more than `target_size` bytes of
    data (`tamis.sets.repartition` makes partitions of a size). The same rows give the same bytes.
    The folder gets its manifest last, with rows, bytes and SHA-256 of every file, as in
    `write_parquet`.
    """
    if form not in FORMS:
        raise SettingError(f"form must be one of {', '.join(FORMS)}, found {form!r}")
    if card is not None and not isinstance(card, str):
        raise SettingError(f"card={card!r} is not text")
    if split_on is not None and split_on not in df.columns:
        raise ColumnError(f"split_on: {no_column(split_on, df.columns)}")
    _checked_split(split)
    settings = {
        "form": form, "split": split, "split_on": split_on,
        "target_size": parsed("target_size", target_size),
    }  # fmt: skip

    def finish(found: list[list[WrittenFile]], store: Store) -> list[WrittenFile]:
        files = [file for files in found for file in files]
        made = _described(files, store, split_on is not None) if form == "arrow" else []
        text = _card(files, form, card)
        put = store.put("README.md", text.encode())
        return [*files, *made, WrittenFile("README.md", 0, put.bytes, put.sha256)]

    return write_folder(
        df, folder, put_dataset, settings, storage_options, alone=True, finish=finish
    )


def put_dataset(
    frame: pd.DataFrame, stem: str, store: Store, *, form: str, split: str, split_on: str | None,
    target_size: int, empty: bool = False,
) -> list[WrittenFile]:  # fmt: skip
    """Put the rows of a partition as files `<split>/<stem>…`."""
    table = arrow_table(frame)
    written = []
    shares: list[tuple[str, pa.Table]] = [(split, table)]
    if split_on is not None and table.num_rows:
        named = table.set_column(
            table.schema.get_field_index(split_on),
            split_on,
            table[split_on].cast(pa.large_string()),
        )
        if named[split_on].null_count:
            raise DataError(
                f"split_on: {split_on!r} is null in {named[split_on].null_count:,} rows"
            )
        shares = [
            (rows[split_on][0].as_py(), rows.drop_columns([split_on]))
            for _, rows in groups(named, split_on, False)
        ]
    elif split_on is not None:
        shares = [(split, table.drop_columns([split_on]))]
    for name, rows in shares:
        if not rows.num_rows and not empty:
            continue
        _checked_split(name)
        parts = list(pieces(rows, target_size))
        for number, part in enumerate(parts):
            suffix = f"-{number}" if len(parts) > 1 else ""
            place = f"{quote(name, safe='')}/{stem}{suffix}.{form}"
            told = {"huggingface": json.dumps({"info": {"features": _features(part.schema)}})}
            part = part.replace_schema_metadata(told)
            content = FORMATS["parquet"](part, "zstd") if form == "parquet" else _stream(part)
            put = store.put(place, content)
            written.append(WrittenFile(place, part.num_rows, put.bytes, put.sha256))
    return written


def _stream(table: pa.Table) -> Any:
    def write(file: BinaryIO) -> None:
        with pa.ipc.new_stream(pa.PythonFile(file, "w"), table.schema) as stream:
            for batch in table.to_batches(max_chunksize=_BATCH):
                stream.write_batch(batch)

    return write


def _described(files: Sequence[WrittenFile], store: Store, splits: bool) -> list[WrittenFile]:
    """What `load_from_disk` looks for beside the files."""
    made: dict[str, Any] = {}
    for name, own in _splits(files).items():
        place = f"{quote(name, safe='')}/"
        features = _written_features(store, own[0].name)
        inner = place if splits else ""
        made[f"{inner}state.json"] = {
            "_data_files": [{"filename": f.name.removeprefix(inner)} for f in own],
            "_fingerprint": own[0].sha256[:16],
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": name,
        }
        made[f"{inner}dataset_info.json"] = {
            "features": features,
            "splits": {
                name: {
                    "name": name, "num_examples": sum(f.rows for f in own),
                    "num_bytes": sum(f.bytes for f in own),
                }
            },
        }  # fmt: skip
    if splits:
        made["dataset_dict.json"] = {"splits": list(_splits(files))}
    written = []
    for name, content in made.items():
        put = store.put(name, json.dumps(content, indent=1).encode())
        written.append(WrittenFile(name, 0, put.bytes, put.sha256))
    return written


def _written_features(store: Store, name: str) -> Any:
    source = pa.memory_map(store.path(name)) if store.local else pa.BufferReader(store.read(name))
    return _features(pa.ipc.open_stream(source).schema)


def _features(schema: pa.Schema) -> dict[str, Any]:
    return {field.name: feature_of(field.type) for field in schema}


def _splits(files: Sequence[WrittenFile]) -> dict[str, list[WrittenFile]]:
    """The files of each split, train first as is usual, the others by name."""
    found: dict[str, list[WrittenFile]] = {}
    for file in files:
        found.setdefault(file.name.partition("/")[0], []).append(file)
    return dict(sorted(found.items(), key=lambda item: (item[0] != "train", item[0])))


def _card(files: Sequence[WrittenFile], form: str, card: str | None) -> str:
    """The data set's card: a header that the hub reads, a table, what the user has to say."""
    splits = _splits(files)
    rows = {name: sum(file.rows for file in own) for name, own in splits.items()}
    bytes_ = {name: sum(file.bytes for file in own) for name, own in splits.items()}
    told = [{"name": n, "num_examples": rows[n], "num_bytes": bytes_[n]} for n in splits]
    header: dict[str, Any] = {"dataset_info": {"splits": told}}
    if form == "parquet":
        paths = [{"split": name, "path": f"{name}/*.parquet"} for name in splits]
        header = {"configs": [{"config_name": "default", "data_files": paths}], **header}
    lines = ["| split | rows | bytes | files |", "|---|---|---|---|"]
    lines += [f"| {n} | {rows[n]:,} | {bytes_[n]:,} | {len(own):,} |" for n, own in splits.items()]
    table = "\n".join(lines)
    front = yaml.safe_dump(header, sort_keys=False)
    below = f"\n{card.strip()}\n" if card else ""
    note = (
        f"Written by tamis {VERSION}; `_manifest.json` has rows, bytes and SHA-256 of every file."
    )
    return f"---\n{front}---\n{below}\n{table}\n\n{note}\n"


def _checked_split(name: Any) -> None:
    if not isinstance(name, str) or not re.fullmatch(_SPLIT, name):
        raise DataError(f"{name!r} is no name for a split: letters, digits, _ and . between them")
