"""Tokenizers of language models: loaded by name, and texts as the numbers of their tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tamis.checkpoints import at_commit
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.resources import resource

_EXTRA = "tokenizing needs the package tokenizers: pip install 'tamis[tokens]'"
_FILE, _CONFIG = "tokenizer.json", "tokenizer_config.json"
TEXTS = 512  # given to the tokenizer at a time: its threads share them, their tokens are bounded
SHORT = 65_500  # tokens of a vocabulary from which Megatron takes 4 bytes for each


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer, how many tokens it knows, and the name of the one that ends a text."""

    tokenizer: Any
    size: int
    end: str | None

    def number(self, token: str | int | None) -> int | None:
        """The number of a token given by name or number; "auto" is the one that ends a text."""
        if token is None:
            return None
        if token == "auto":
            if self.end is None:
                raise SettingError(
                    "the tokenizer does not say which token ends a text; pass end='</s>', or "
                    "whatever it is called, or end=None"
                )
            token = self.end
        if isinstance(token, int) and not isinstance(token, bool):
            found = token if 0 <= token < self.size else None
        else:
            found = self.tokenizer.token_to_id(token)
        if found is None:
            raise SettingError(f"the tokenizer has no token {token!r} (it knows {self.size})")
        return int(found)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a token's number, as Megatron chooses it: uint16 if it has few tokens, else int32."""
        return np.dtype("<u2") if self.size < SHORT else np.dtype("<i4")

    def encode(self, texts: Sequence[str], end: int | None = None) -> Tokens:
        """The tokens of texts, one after another, each followed by `end` if that is given."""
        found, lengths = [np.empty(0, self.dtype)], np.empty(len(texts), np.int64)
        tail = [] if end is None else [end]
        for first in range(0, len(texts), TEXTS):
            few = list(texts[first : first + TEXTS])
            for row, one in enumerate(
                self.tokenizer.encode_batch_fast(few, add_special_tokens=False), first
            ):
                numbers = one.ids + tail
                lengths[row] = len(numbers)
                found.append(np.array(numbers, self.dtype))
        return Tokens(np.concatenate(found), lengths)

    def count(self, texts: Sequence[str]) -> np.ndarray:
        """How many tokens each text has, int64 of [texts]."""
        lengths = np.empty(len(texts), np.int64)
        for first in range(0, len(texts), TEXTS):
            few = list(texts[first : first + TEXTS])
            coded = self.tokenizer.encode_batch_fast(few, add_special_tokens=False)
            lengths[first : first + len(few)] = [len(one) for one in coded]
        return lengths


class Tokens(NamedTuple):
    """Tokens of several texts, and how many of them each text has (int64)."""

    tokens: np.ndarray
    lengths: np.ndarray


@resource
def load(name: str, revision: str | None = None) -> Tokenizer:
    """The tokenizer of a file `tokenizer.json`, a folder that holds one, or a hub's name.

    A name on the Hugging Face hub needs the commit of its `revision`, so that the same run gives
    the same tokens; nothing is downloaded for files and folders, and with HF_HUB_OFFLINE=1 nothing
    at all. A folder without `tokenizer.json` is read by transformers, where that is installed; code
    that it brings along is not run.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise MissingPackageError(_EXTRA) from error
    place = Path(name)
    folder = place if place.is_dir() else place.parent
    if place.is_dir() and not (place / _FILE).is_file():
        made = _converted(place)
    elif place.exists():
        made = _opened(place / _FILE if place.is_dir() else place, tokenizers)
    elif revision is None:
        raise SettingError(
            f"tokenizer={name!r} is no file and no folder; of one on the hub give the commit, "
            "revision='…', so that the same run gives the same tokens"
        )
    else:
        folder, made = _fetched(name, at_commit(name, revision), tokenizers)
    made.no_padding()
    made.no_truncation()
    return Tokenizer(made, made.get_vocab_size(with_added_tokens=True), _end(folder / _CONFIG))


def _opened(file: Path, tokenizers: Any) -> Any:
    try:
        return tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exceptions
        raise DataError(f"{file} is no tokenizer that tokenizers can read: {error}") from error


def _fetched(name: str, revision: str, tokenizers: Any) -> tuple[Path, Any]:
    """The folder and the tokenizer of a hub's name."""
    from huggingface_hub import hf_hub_download

    try:
        file = Path(hf_hub_download(name, _FILE, revision=revision))
        hf_hub_download(name, _CONFIG, revision=revision)
    except Exception as error:
        raise DataError(
            f"the tokenizer {name!r} cannot be loaded (revision {revision}): {error}; name a "
            "folder that holds it, or let it be downloaded once without HF_HUB_OFFLINE"
        ) from error
    return file.parent, _opened(file, tokenizers)


def _converted(folder: Path) -> Any:
    """A tokenizer of another form, such as SentencePiece's, by way of transformers."""
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingPackageError(
            f"{folder} has no {_FILE}; other forms need transformers: pip install transformers"
        ) from error
    try:
        made = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        return made.backend_tokenizer
    except Exception as error:
        raise DataError(
            f"{folder} holds no {_FILE}, and no tokenizer that becomes one: {error}"
        ) from error


def _end(config: Path) -> str | None:
    """The token that ends a text, as the configuration beside a tokenizer names it."""
    try:
        token = json.loads(config.read_text("utf-8")).get("eos_token")
    except (OSError, ValueError, AttributeError):
        return None
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None
