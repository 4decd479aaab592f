"""Texts written anew by a causal language model of transformers, on this machine."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.named_files import states
from tamis.op import measure
from tamis.text.causal import packages_of
from tamis.unanswered import answers, why

PLACE = "{text}"
PROMPTS = {
    "caption": (
        "Rewrite this description of a picture or video as one clear and fluent paragraph. Keep "
        "all that it says, add nothing, say nothing twice. Answer with the paragraph alone.\n\n"
        f"{PLACE}"
    ),
}


@measure(dtype="string", null_where="blank", heavy=True, needs=packages_of, why=why)
def rewrite(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    prompt: str = "caption",
    max_tokens: int = 512,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> list[str | None]:
    """What a causal language model writes when it is asked to write a text anew.

    `model` as for `text.causal_perplexity`. `prompt` is "caption" (a description of a picture or
    video as one fluent paragraph: the second stage of captioning), or words of your own with
    `{text}` where the text goes; without it the text comes last. It is put into the chat template
    of the model's tokenizer as the turn of a user, with thinking off where the template knows that;
    where there is no template, it is given as it is. The likeliest token is taken at every step, up
    to `max_tokens` and up to half of the places that the model has; what a text has more than then
    is room for is left out, from its end. Null where the text is null or blank, and where the model
    answers with nothing.

    `batch` tokens of texts are computed together (512, on a GPU 16,384), halved where memory
    ends; `precision` as for `text.causal_perplexity`. Needs `pip install 'tamis[text-models]'`.
    Source of `max_tokens`: NeMo Curator, which rewrites captions of clips with Qwen2.5-14B.

    >>> import tamis
    >>> step = tamis.Score("text.rewrite", on="caption", name="better", model="Qwen3-14B")
    """
    for name, value in (("max_tokens", max_tokens), ("batch", batch)):
        if value is not None and value < 1:
            raise SettingError(f"rewrite: {name}={value} has to be at least 1")
    words = prompt_of(prompt)
    found: list[str | None] = [None] * len(text)
    rows = np.flatnonzero(~blank)
    if rows.size:
        from tamis.text.causal_models import writer

        files = tuple(states(model))
        loaded = writer(model, revision, device, precision, batch, files, trust_remote_code)
        said = loaded.write(text.iloc[rows].tolist(), words, max_tokens)
        for row, one in zip(rows, answers("rewrite", model, said), strict=True):
            found[row] = one
    return found


def prompt_of(prompt: str) -> str:
    """The words of a prompt, `{text}` in them.

    >>> prompt_of("Make it shorter:")
    'Make it shorter:\\n\\n{text}'
    """
    if prompt in PROMPTS:
        return PROMPTS[prompt]
    if len(prompt.split()) < 2:
        raise SettingError(f"prompt={prompt!r}: {', '.join(PROMPTS)}, or words of your own")
    return prompt if PLACE in prompt else f"{prompt}\n\n{PLACE}"
