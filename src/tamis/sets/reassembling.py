"""Chunks put together again to the documents that they were cut from."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.sets.keys import check_number
from tamis.sets.together import check_columns, each


def reassemble(
    frame: Any, *, separator: str = "", by: str = "parent_id", on: str = "text",
    order: str = "start", max_length: int | None = None, length: str | None = None,
    across: bool = True, folder: str | os.PathLike[str] | None = None,
) -> Any:  # fmt: skip
    """Join the texts of rows with the same `by`, in the order of the column `order`; lazily.

    What a cut made of a document becomes one row again: its `id` is what they have in `by`, its
    text theirs with `separator` between, the other columns are those of the first. The columns
    `by`, `order` and "end" are left out. A row where `by` is null stays as it is. Chunks that were
    cut with an overlap have it twice then.

    With `max_length` a row ends before the chunk that would make it longer: in characters of the
    joined text, or by the sum of the column `length` (token counts, say). A document of several
    such rows gives `<parent>/1`, `<parent>/2`, …; a chunk that is longer by itself stays one row.

    Chunks of a Dask frame may lie in any partition (after a shuffle, say): rows of one document are
    brought together by way of `folder`, as in `shuffle`, and documents come in the order of a hash
    of their ids. `across=False` says that no document is in two partitions, which is so right after
    a cut: then nothing moves, and documents stay in order.

    >>> parts = {"id": ["a/1", "a/2", "b/1"], "parent_id": ["a", "a", "b"], "start": [0, 2, 0],
    ...          "text": ["x ", "y", "z"]}
    >>> reassemble(pd.DataFrame(parts)).to_dict("list")
    {'id': ['a', 'b'], 'text': ['x y', 'z']}
    """
    lengths = () if length is None else (length,)
    check_columns("reassemble", frame, *lengths, by=by, on=on, order=order)
    if not isinstance(separator, str):
        raise SettingError(f"reassemble: separator={separator!r} is not text")
    if max_length is not None:
        check_number("reassemble", "max_length", max_length)
    elif length is not None:
        raise SettingError("reassemble: length= says what max_length= counts; give that, too")
    how = (separator, by, on, order, max_length, length)
    return each(frame, by, _joined, how, across, folder)


def _joined(
    part: pd.DataFrame, separator: str, by: str, on: str, order: str, max_length: int | None,
    length: str | None,
) -> pd.DataFrame:  # fmt: skip
    lone = part[by].isna().to_numpy(bool)
    document = part[by].astype(STRING).where(~lone, part["id"].astype(STRING))
    # a row that is no chunk is told apart from the chunks of a document of its name
    codes, _ = pd.factorize(pd.MultiIndex.from_arrays([document.array, lone]))
    ranks = part[order].rank(method="dense", na_option="top").to_numpy(np.float64)
    rows = np.lexsort((ranks, codes))
    codes = codes[rows]
    texts = part[on].iloc[rows].fillna("").tolist()
    sizes = list(map(len, texts)) if length is None else part[length].iloc[rows].fillna(0).tolist()
    apart = len(separator) if length is None else 0
    starts: list[int] = []
    number: list[int] = []  # of the row among those of its document
    held = 0.0
    for at, size in enumerate(sizes):
        same = at > 0 and codes[at] == codes[at - 1]
        if same and (max_length is None or held + apart + size <= max_length):
            held += apart + size
            continue
        number.append(number[-1] + 1 if same else 1)
        starts.append(at)
        held = size
    ends = [*starts[1:], len(texts)]
    first = rows[np.array(starts, np.int64)]
    made = part.iloc[first].reset_index(drop=True)
    joined = [separator.join(texts[a:b]) for a, b in zip(starts, ends, strict=bool(starts))]
    whole = lone[first] & (np.diff([*starts, len(texts)]) == 1)
    text = pd.Series(joined, dtype=STRING).where(~(whole & made[on].isna().to_numpy()), None)
    several = pd.Series([*number[1:], 1]).gt(1).to_numpy() | (np.array(number, np.int64) > 1)
    ids = document.iloc[first].reset_index(drop=True)
    numbered = ids + "/" + pd.Series(number, dtype="int64").astype(STRING)
    made["id"] = ids.where(~several[: len(made)], numbered).astype(STRING)
    made[on] = text.astype(part[on].dtype)
    return made.drop(columns=[name for name in (by, order, "end") if name in made])
