"""Write texts as the tokens of a language model, in Megatron's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.store import Store
from tamis.io.tokenized import checked, documents
from tamis.io.write import FORMATS, WrittenFile
from tamis.text.tokenization import load

_MAGIC, _VERSION = b"MMIDIDX\x00\x00", 1
_CODES = {"<u2": 8, "<i4": 4}  # of the dtypes, in the index


def write_megatron(
    df: Any,
    folder: Target,
    *,
    tokenizer: str,
    on: str = "text",
    end: str | int | None = "auto",
    revision: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write the texts of a frame (Dask or pandas) as `.bin` and `.idx` files; the parts written.

    A partition becomes one pair, `part-00000.<token>.bin` and `.idx`, whose name without ending is
    what Megatron-LM's `--data-path` takes; a document is one sequence. `tokenizer` is a file
    `tokenizer.json`, a folder that holds one, or a name on the Hugging Face hub with the commit of
    its `revision`; no tokens are added but `end` after each document: "auto" is the one that the
    tokenizer's configuration calls `eos_token`, None adds none. Tokens are uint16 where the
    vocabulary is below 65,500, else int32, as Megatron chooses.

    Beside each pair stands a Parquet file with a row for every record in order: `id`, `document`
    (its number in the pair) and `tokens`; both are null for records without text, and for those
    that were dropped before (`dropped_by`). The same rows give the same bytes. The folder gets its
    manifest last, as in `write_parquet`. Needs `pip install 'tamis[tokens]'`.
    """
    settings = checked(df, on, tokenizer, revision, end)
    return write_folder(df, folder, put_pair, settings, storage_options, alone=True)


def put_pair(
    frame: pd.DataFrame, stem: str, store: Store, *, on: str, tokenizer: str, revision: str | None,
    end: int | None, empty: bool = False,
) -> list[WrittenFile]:  # fmt: skip
    """Put the rows of a partition into a store as a pair and the table beside it."""
    if not len(frame) and not empty:
        return []
    loaded = load(tokenizer, revision)
    rows, coded = documents(frame, on, loaded, end)

    def index(file: BinaryIO) -> None:
        sizes = coded.lengths.astype("<i4")
        starts = np.zeros(len(sizes), "<i8")
        np.cumsum(coded.lengths[:-1] * loaded.dtype.itemsize, out=starts[1:])
        file.write(_MAGIC)
        file.write(_VERSION.to_bytes(8, "little"))
        file.write(bytes([_CODES[loaded.dtype.str]]))
        file.write(len(sizes).to_bytes(8, "little"))
        file.write((len(sizes) + 1).to_bytes(8, "little"))
        for numbers in (sizes, starts, np.arange(len(sizes) + 1, dtype="<i8")):
            file.write(numbers.data)

    def tokens(file: BinaryIO) -> None:
        file.write(coded.tokens.data)

    document, count = np.zeros(len(frame), np.int64), np.zeros(len(frame), np.int64)
    document[rows], count[rows] = np.arange(len(rows)), coded.lengths
    absent = np.ones(len(frame), np.bool_)
    absent[rows] = False
    columns = {} if "id" not in frame else {"id": pa.array(frame["id"], from_pandas=True)}
    table = pa.table(
        columns
        | {"document": pa.array(document, mask=absent), "tokens": pa.array(count, mask=absent)}
    )
    written = []
    for ending, content, of in (
        ("bin", tokens, len(rows)), ("idx", index, len(rows)),
        ("parquet", FORMATS["parquet"](table, "zstd"), len(frame)),
    ):  # fmt: skip
        put = store.put(f"{stem}.{ending}", content)
        written.append(WrittenFile(f"{stem}.{ending}", of, put.bytes, put.sha256))
    return written
