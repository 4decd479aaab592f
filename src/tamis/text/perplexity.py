"""How surprising a text is to an n-gram language model."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.op import measure
from tamis.resources import resource


@resource
def kenlm_model(file: str, changed: int) -> Any:
    """A model of KenLM, binary or ARPA."""
    try:
        import kenlm
    except ImportError as error:
        raise MissingPackageError(
            "perplexity needs kenlm: pip install 'tamis[perplexity]'"
        ) from error
    try:
        return kenlm.Model(file)
    except (OSError, RuntimeError) as error:
        told = str(error).split("\n")[0]
        raise DataError(f"the model {file!r} cannot be loaded: {told}") from None


@measure(
    dtype="float64",
    range=(1, float("inf")),
    null_where="blank",
    heavy=True,
    needs={"perplexity": ("kenlm",)},
)
def perplexity(text: pd.Series, blank: np.ndarray, *, model: str) -> np.ndarray:
    """The perplexity of a text under an n-gram model of KenLM (a binary or ARPA file).

    Tokens are what white space separates, each line is a sentence: ten to the power of minus the
    sum of the lines' log10 probabilities, over tokens and one end for each line. Blank lines do
    not count. A model trained on tokens of SentencePiece, as those of CCNet are, wants the same
    pieces in a column (`on=`). Needs `pip install 'tamis[perplexity]'`, which compiles KenLM.
    Source: CCNet (Wenzek et al., 2020), which keeps the better third or two of a language.
    """
    try:
        changed = os.stat(model).st_mtime_ns
    except OSError:
        raise SettingError(f"model={model!r} is no file; give the path of a KenLM model") from None
    loaded = kenlm_model(model, changed)
    found = np.full(len(text), np.nan)
    for row, (value, empty) in enumerate(zip(text.array, blank, strict=True)):
        if empty:
            continue
        lines = [" ".join(words) for line in value.split("\n") if (words := line.split())]
        ends = sum(line.count(" ") + 2 for line in lines)
        found[row] = 10.0 ** (-sum(map(loaded.score, lines)) / ends)
    return found
