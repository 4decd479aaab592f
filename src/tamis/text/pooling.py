"""How the states of a text's tokens become one vector: what a folder of a model says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from tamis.errors import DataError

Pooling = Literal["mean", "cls", "last"]
_MODES: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
}
_NAMES: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
_LONGEST = 512


class Made(NamedTuple):
    """How vectors are made: pooling, brought to length 1 or not, and the most tokens read."""

    pooling: Pooling
    normalize: bool
    tokens: int


def told(folder: Path, pooling: Pooling | None, normalize: bool | None) -> Made:
    """What `modules.json` and its neighbours say, as sentence-transformers writes them.

    Where there are none, the mean, of length 1. Settings that are given go before.
    """
    modules = _json(folder / "modules.json") or []
    kinds = [str(one.get("type", "")).rpartition(".")[2] for one in modules]
    unknown = set(kinds) - {"Transformer", "Pooling", "Normalize"}
    if unknown:
        raise DataError(
            f"{folder} makes its vectors by {', '.join(sorted(unknown))}, too, which is not in the "
            "ONNX file; export the whole model, or load it without onnx:"
        )
    own: Pooling = "mean"
    for kind, one in zip(kinds, modules, strict=True):
        if kind == "Pooling" and pooling is None:
            own = _mode(folder / one["path"] / "config.json")
    length = ("Normalize" in kinds) if modules else True
    given = [
        (_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length"),
        (_json(folder / "config.json") or {}).get("max_position_embeddings"),
    ]
    most = next((n for n in given if isinstance(n, int) and n > 0), _LONGEST)
    return Made(pooling or own, length if normalize is None else normalize, most)


def pooled(states: np.ndarray, mask: np.ndarray, made: Made) -> np.ndarray:
    """Vectors [rows, width] of states [rows, tokens, width], or of vectors that are there already.

    `mask` (int64, [rows, tokens]) is 1 where there is a token, and those come first.
    """
    if states.ndim == 3:
        if made.pooling == "cls":
            states = states[:, 0]
        elif made.pooling == "last":
            states = states[np.arange(len(states)), mask.sum(axis=1) - 1]
        else:
            there = mask[:, :, None].astype(states.dtype)
            states = (states * there).sum(axis=1) / there.sum(axis=1)
    found: np.ndarray = states.astype(np.float32)
    if made.normalize:
        length = np.linalg.norm(found, axis=1, keepdims=True)
        found = found / np.where(length == 0, 1, length)
    return found


def _mode(file: Path) -> Pooling:
    config: dict[str, Any] = _json(file) or {}
    on = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
    named = config.get("pooling_mode")
    if not on and isinstance(named, str) and named in _NAMES:
        return _NAMES[named]
    if len(on) != 1 or on[0] not in _MODES:
        raise DataError(
            f"{file} pools by {', '.join(map(str, on)) or named or 'nothing'}; here there are "
            "mean, cls and last: pass pooling="
        )
    return _MODES[on[0]]


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DataError(f"{file} is no JSON: {error}") from None
