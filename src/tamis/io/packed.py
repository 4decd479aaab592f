"""Write texts as sequences of tokens that are all of one length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import SettingError
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.store import Store
from tamis.io.tokenized import checked, documents
from tamis.io.write import FORMATS, WrittenFile
from tamis.text.tokenization import load


def write_packed(
    df: Any,
    folder: Target,
    *,
    tokenizer: str,
    length: int = 2048,
    on: str = "text",
    end: str | int | None = "auto",
    pad: str | int | None = None,
    revision: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write the texts of a frame (Dask or pandas) as packed sequences in Parquet; the parts.

    The documents of a partition are put end to end, in order, and cut into sequences of `length`
    tokens; no token is lost. The last sequence of a partition is shorter, or filled up with the
    token `pad`. A row has `input_ids` (a list of int32), `lengths` (how many tokens of each of its
    documents there are, in order, for attention that does not cross documents; filling is not
    counted) and `first_id`, the id of the record that its first token is of, if the frame has ids.

    `tokenizer`, `revision`, `end`, and which records are left out: as in `write_megatron`. The
    folder gets its manifest last, as in `write_parquet`. Needs `pip install 'tamis[tokens]'`.
    """
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise SettingError(f"length={length!r} is not a number of tokens from 1 on")
    settings = checked(df, on, tokenizer, revision, end)
    filled = load(str(tokenizer), revision).number(pad)
    settings |= {"length": length, "pad": filled}
    return write_folder(df, folder, put_packed, settings, storage_options, alone=True)


def put_packed(
    frame: pd.DataFrame, stem: str, store: Store, *, on: str, tokenizer: str, revision: str | None,
    end: int | None, length: int, pad: int | None, empty: bool = False,
) -> list[WrittenFile]:  # fmt: skip
    """Put the rows of a partition into a store as one Parquet file of sequences."""
    rows, coded = documents(frame, on, load(tokenizer, revision), end)
    if not len(coded.tokens) and not empty:
        return []
    ids = pa.array(frame["id"].iloc[rows], from_pandas=True) if "id" in frame else None
    table = packed(coded.tokens.astype(np.int32), coded.lengths, length, pad, ids)
    name = f"{stem}.parquet"
    put = store.put(name, FORMATS["parquet"](table, "zstd"))
    return [WrittenFile(name, table.num_rows, put.bytes, put.sha256)]


def packed(
    tokens: np.ndarray, lengths: np.ndarray, length: int, pad: int | None, ids: pa.Array | None
) -> pa.Table:
    """Documents (`lengths` of `tokens`) as sequences of `length`."""
    total = len(tokens)
    starts = np.arange(0, total, length)
    bounds = np.append(starts, total)
    if pad is not None and total % length:
        tokens = np.append(tokens, np.full(length - total % length, pad, np.int32))
        bounds[-1] = len(tokens)
    # A document's pieces end where it ends, and where a sequence does.
    edges = np.union1d(np.append(np.cumsum(lengths), total), np.append(starts, total))
    edges = np.union1d(edges, [0])
    pieces = np.diff(edges)
    which = np.searchsorted(edges[:-1], np.append(starts, total))
    columns = {"input_ids": _lists(bounds, tokens), "lengths": _lists(which, pieces)}
    if ids is not None:
        first = np.searchsorted(np.cumsum(lengths), starts, side="right")
        columns["first_id"] = ids.take(pa.array(first))
    return pa.table(columns)


def _lists(bounds: np.ndarray, values: np.ndarray) -> pa.Array:
    """Lists of int32, each from one bound to the next."""
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(values, pa.int32()))
