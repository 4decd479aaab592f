"""A classifier of text: tokens in windows, batches, and what becomes of its last layer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from tamis.errors import SettingError
from tamis.text.length_batches import Batches

Output = Literal["softmax", "sigmoid", "raw"]
Pool = Literal["first", "mean", "max"]
CHARACTERS = 8  # of a text for each token that is read, before the rest of it is looked at
SOUND = 0.02  # of a bfloat16 value to the float32 one, above which bfloat16 is not used
CHECK = (
    "A short line.",
    "The committee met on Tuesday to discuss the budget for the coming year.",
    "def area(radius):\n    return 3.14159 * radius ** 2",
    "In 1912 the ship left Southampton; of the 2,224 people aboard about 1,500 died. " * 8,
)


class Head(NamedTuple):
    """One of the last layers of a model: its name, its labels, what its numbers are."""

    name: str
    labels: tuple[str, ...]
    output: Output


class TextClassifier:
    """A network with its tokenizer.

    `forward` takes ids and mask, int64 of [rows, width], and gives the last layers side by side,
    float32 of [rows, outputs]. `positions` is the most tokens that it has places for (None: any).
    """

    def __init__(
        self, tokenizer: Any, forward: Callable[[np.ndarray, np.ndarray], np.ndarray],
        heads: Sequence[Head], batches: Batches, positions: int | None, extra: Any = None,
    ) -> None:  # fmt: skip
        self.tokenizer, self.forward, self.heads = tokenizer, forward, tuple(heads)
        self.batches, self.positions, self.extra = batches, positions, extra or {}
        self._one = threading.Lock()  # a tokenizer keeps how it truncates to itself

    def head(self, name: str | None) -> tuple[Head, slice]:
        """A head by its name, or the only one, and its place in the outputs."""
        at = 0
        for one in self.heads:
            if one.name == name or (name is None and len(self.heads) == 1):
                return one, slice(at, at + len(one.labels))
            at += len(one.labels)
        known = ", ".join(one.name for one in self.heads)
        raise SettingError(
            f"the model has no head {name!r} (has: {known or 'one without a name'})"
            if name is not None
            else f"the model has {len(self.heads)} heads; pass head= (one of {known})"
        )

    def limit(self, tokens: int | None) -> int:
        """How many tokens of a text are read."""
        own = int(self.tokenizer.model_max_length)
        most = min(own, 512 if self.positions is None and own > 100_000 else self.positions or own)
        if tokens is None:
            return most
        special = int(self.tokenizer.num_special_tokens_to_add())
        if tokens <= special or (self.positions is not None and tokens > self.positions):
            most = self.positions or most
            raise SettingError(f"tokens={tokens}: this model reads from {special + 1} to {most}")
        return tokens

    def within(self, tokens: int) -> int:
        """So many tokens, or what the model has places for."""
        return min(tokens, self.positions or tokens)

    def classify(
        self, texts: Sequence[str], tokens: int | None = None, pool: Pool = "first",
        output: Output | None = None,
    ) -> np.ndarray:  # fmt: skip
        """What is said of each text, float64 of [texts, outputs].

        `pool="first"` reads the first `tokens` only; else a text is read to its end in windows of
        that many, and has the mean of them (weighted by their tokens) or the most.
        """
        if output == "softmax" and len(self.heads) == 1 and len(self.heads[0].labels) == 1:
            raise SettingError(
                'output="softmax" of a model of one output is 1 for every text; "sigmoid" or "raw"'
            )
        limit = self.limit(tokens)
        pieces, whose = self._tokens(texts, limit, pool)
        values = self._meant(self.batches.run(pieces, self.forward, limit), output)
        if pool == "first" or not len(pieces):
            return values
        starts = np.flatnonzero(np.diff(whose, prepend=-1))
        if pool == "max":
            return np.asarray(np.maximum.reduceat(values, starts, axis=0))
        weights = np.fromiter(map(len, pieces), np.float64, len(pieces))[:, None]
        return np.asarray(
            np.add.reduceat(values * weights, starts, axis=0) / np.add.reduceat(weights, starts)
        )

    def _meant(self, values: np.ndarray, output: Output | None) -> np.ndarray:
        """The outputs of all heads as chances, or as they are."""
        found = values.astype(np.float64)
        at = 0
        for head in self.heads if len(values) else ():
            part = slice(at, at + len(head.labels))
            found[:, part] = chances(found[:, part], output or head.output)
            at += len(head.labels)
        return found

    def _tokens(
        self, texts: Sequence[str], limit: int, pool: Pool
    ) -> tuple[list[list[int]], np.ndarray]:
        """The windows of all texts, with special tokens, and of which text each is."""
        if pool == "first":
            starts = [_start(text, limit * CHARACTERS) for text in texts]
            pieces = self._coded(starts, limit)
            short = [
                row
                for row, piece in enumerate(pieces)
                if len(piece) < limit and len(starts[row]) < len(texts[row])
            ]
            if short:
                again = self._coded([texts[row] for row in short], limit)
                for row, piece in zip(short, again, strict=True):
                    pieces[row] = piece
            return pieces, np.arange(len(texts))
        if not self.tokenizer.is_fast:
            raise SettingError(f"pool={pool!r} needs a fast tokenizer (tokenizer.json)")
        with self._one:
            coded = self.tokenizer(
                list(texts), truncation=True, max_length=limit, verbose=False,
                return_overflowing_tokens=True, return_attention_mask=False,
            )  # fmt: skip
        return coded["input_ids"], np.asarray(coded["overflow_to_sample_mapping"])

    def _coded(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        with self._one:
            found: list[list[int]] = self.tokenizer(
                list(texts), truncation=True, max_length=limit, verbose=False,
                return_attention_mask=False,
            )["input_ids"]  # fmt: skip
        return found


def chances(values: np.ndarray, output: Output) -> np.ndarray:
    """What becomes of a last layer, float64 of [rows, labels]."""
    if output == "raw":
        return values
    if output == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sound(classifier: TextClassifier, set_half: Callable[[bool], None]) -> bool:
    """Whether bfloat16 gives nearly the numbers that float32 gives, and the same labels."""
    found = []
    for half in (False, True):
        set_half(half)
        found.append(classifier.classify(CHECK))
    whole, coarse = found
    same = all(
        (whole[:, part].argmax(axis=1) == coarse[:, part].argmax(axis=1)).all()
        for part in (classifier.head(head.name)[1] for head in classifier.heads)
    )
    return bool(same and np.abs(whole - coarse).max() <= SOUND)


def _start(text: str, size: int) -> str:
    """The start of a text up to the last white space in it: words there are those of the whole."""
    if len(text) <= size:
        return text
    start = text[:size]
    words = start.rsplit(maxsplit=1)
    cut = len(start) if start[-1:].isspace() or len(words) < 2 else start.rindex(words[-1])
    return start[:cut] if len(words) == 2 and cut > size // 2 else text
