"""How good an answer is to a reward model: a sequence classifier that gives one number."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.named_files import states
from tamis.op import measure


@measure(dtype="float64", heavy=True, needs={"text-models": ("torch", "transformers")})
def reward(
    prompt: pd.Series,
    response: pd.Series,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    tokens: int | None = None,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> np.ndarray:
    """What a reward model gives for a response to a prompt: any number, more is better.

    `model` is a folder, or a name on the Hugging Face hub with the commit of its `revision`, that
    transformers loads for sequence classification with one output. Prompt and response are put into
    the chat template of its tokenizer, as turns of user and assistant; where it has none, they are
    given as a pair. Of that, the first `tokens` are read (by default what the model has places
    for). Null where prompt or response is. Batches and `precision` as for `text.class_label`. Needs
    `pip install 'tamis[text-models]'`.
    """
    for name, value in (("tokens", tokens), ("batch", batch)):
        if value is not None and value < 1:
            raise SettingError(f"reward: {name}={value} has to be at least 1")
    found = np.full(len(prompt), np.nan)
    rows = np.flatnonzero((prompt.notna() & response.notna()).to_numpy(bool))
    if not rows.size:
        return found
    from tamis.text.class_models import text_classifier

    files = tuple(states(model))
    loaded = text_classifier(
        model, revision, None, device, precision, batch, files, trust_remote_code
    )
    outputs = sum(len(head.labels) for head in loaded.heads)
    if outputs != 1:
        raise SettingError(
            f"reward: {model!r} gives {outputs} numbers, and a reward model one; class_score asks "
            "for one of them"
        )
    limit = loaded.limit(tokens)
    pairs = zip(prompt.iloc[rows].tolist(), response.iloc[rows].tolist(), strict=True)
    sequences = [_coded(loaded.tokenizer, *pair)[:limit] for pair in pairs]
    found[rows] = loaded.batches.run(sequences, loaded.forward, limit)[:, 0]
    return found


def _coded(tokenizer: Any, prompt: str, response: str) -> list[int]:
    """The tokens of a conversation of two turns."""
    if tokenizer.chat_template is None:
        ids: list[int] = tokenizer(prompt, response, verbose=False)["input_ids"]
        return ids
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    written = tokenizer.apply_chat_template(turns, tokenize=False)
    ids = tokenizer(written, add_special_tokens=False, verbose=False)["input_ids"]
    return ids
