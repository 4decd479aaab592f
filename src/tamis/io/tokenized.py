"""The texts of a partition as tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError
from tamis.spelling import no_column
from tamis.text.tokenization import Tokenizer, Tokens, load


def checked(
    df: Any, on: str, tokenizer: str, revision: str | None, end: str | int | None
) -> dict[str, Any]:
    """The settings that writers of tokens share, once they are known to fit."""
    have = [str(name) for name in df.columns]
    if on not in have:
        raise ColumnError(no_column(on, have, "; pass on=…"))
    kind = df.dtypes[on]
    if not (pd.api.types.is_string_dtype(kind) or str(kind) == "object"):
        raise ColumnError(f"column {on!r} holds {kind}, not text")
    number = load(str(tokenizer), revision).number(end)
    return {"on": on, "tokenizer": str(tokenizer), "revision": revision, "end": number}


def documents(
    frame: pd.DataFrame, on: str, tokenizer: Tokenizer, end: int | None
) -> tuple[np.ndarray, Tokens]:
    """The rows that have a text and were not dropped, and the tokens of each."""
    there = frame[on].notna().to_numpy(np.bool_)
    if "dropped_by" in frame:
        there = there & frame["dropped_by"].isna().to_numpy(np.bool_)
    rows = np.flatnonzero(there)
    coded = tokenizer.encode(frame[on].iloc[rows].tolist(), end)
    some = coded.lengths > 0  # an empty document without an end is none
    return rows[some], Tokens(coded.tokens, coded.lengths[some])
