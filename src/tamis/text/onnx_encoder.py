"""Embeddings by a file of ONNX: its tokenizer, batches that the cache holds, one vector a text."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import DataError, MissingPackageError
from tamis.media.turns import turns
from tamis.onnx import session_of, threads
from tamis.text.length_batches import CACHED, Batches
from tamis.text.pooling import Made, pooled

EXTRA = "pip install 'tamis[semantic-onnx]'"
GPU = 65_536  # tokens computed together there
_FILES = ("model.onnx", "onnx/model.onnx")
_DYNAMIC = b"DynamicQuantizeLinear"


class OnnxEncoder:
    """A session with a tokenizer. A model that scales what it is given by all of it (dynamic
    quantisation) is given one text at a time, so that no text's vector depends on its neighbours.
    """

    def __init__(self, session: Any, tokenizer: Any, made: Made, alone: bool) -> None:
        self.session, self.tokenizer, self.made = session, tokenizer, made
        self.names = [one.name for one in session.get_inputs()]
        unknown = set(self.names) - {"input_ids", "attention_mask", "token_type_ids"}
        if unknown or "input_ids" not in self.names:
            raise DataError(f"the ONNX file takes {', '.join(self.names)}: no encoder of texts")
        self.output = _output(session)
        shape = session.get_outputs()[self.output].shape
        self.width = shape[-1] if isinstance(shape[-1], int) else self._asked()
        host = session.get_providers()[0] == "CPUExecutionProvider"
        self.batches = Batches(1 if alone else CACHED if host else GPU)
        self.queue = turns(1, threads())

    def encode(self, texts: Sequence[str], tokens: int | None) -> np.ndarray:
        """The embeddings, float32[texts, width], in the order of the texts."""
        limit = min(tokens or self.made.tokens, self.made.tokens)
        coded = [one.ids for one in self._coded(texts, limit)]

        def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
            return pooled(self._states(ids, mask), mask, self.made)

        found = self.batches.run(coded, forward, limit)
        return found if len(texts) else np.empty((0, self.width), np.float32)

    def _coded(self, texts: Sequence[str], limit: int) -> Any:
        """The tokens of texts, with special ones; a tokenizer keeps how it cuts to itself."""
        cutting = self.tokenizer.from_str(self.tokenizer.to_str())
        cutting.no_padding()
        cutting.enable_truncation(limit)
        return cutting.encode_batch_fast(list(texts))

    def _states(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        with self.queue:
            answer = self.session.run(None, {name: given[name] for name in self.names})
        return np.asarray(answer[self.output])

    def _asked(self) -> int:
        """How many numbers a vector has, where the file does not say."""
        one = np.ones((1, 1), np.int64)
        return int(self._states(one, one).shape[-1])


def opened(place: Path, made: Made, tokenizer: Path) -> OnnxEncoder:
    """The encoder in a file, with the tokenizer in another."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingPackageError(f"{place.name} needs tokenizers: {EXTRA}") from error
    if not tokenizer.is_file():
        raise DataError(f"there is no tokenizer beside {place}: no file {tokenizer}")
    try:
        coder = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # the library raises bare Exceptions
        raise DataError(f"{tokenizer} is no tokenizer that tokenizers can read: {error}") from error
    return OnnxEncoder(session_of(place, EXTRA), coder, made, _scales(place))


def file_of(name: str) -> Path:
    """The file of ONNX that a name says: itself, or the one in a folder."""
    place = Path(name)
    if place.is_file():
        return place
    if not place.is_dir():
        raise DataError(f"no file or folder {name!r}; onnx: is followed by one")
    found = [place / one for one in _FILES if (place / one).is_file()]
    found = found[:1] or sorted([*place.glob("*.onnx"), *place.glob("onnx/*.onnx")])
    if len(found) != 1:
        told = ", ".join(str(one.relative_to(place)) for one in found) or "none"
        raise DataError(f"{name!r} has no model.onnx (has: {told}); name the file")
    return found[0]


def folder_of(file: Path) -> Path:
    """Where the tokenizer of a file lies, and what is said of it."""
    return file.parent.parent if file.parent.name == "onnx" else file.parent


def _output(session: Any) -> int:
    """Which output is meant: the vector of the text if there is one, else the tokens' states."""
    outputs = session.get_outputs()
    for number, one in enumerate(outputs):
        if one.name == "sentence_embedding":
            return number
    for number, one in enumerate(outputs):
        if len(one.shape) == 3:
            return number
    if len(outputs) == 1 and len(outputs[0].shape) == 2:
        return 0
    raise DataError(f"the ONNX file gives {[one.shape for one in outputs]}: no embedding of texts")


def _scales(file: Path) -> bool:
    """Whether the model is quantised by what it is given."""
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(_DYNAMIC) >= 0
