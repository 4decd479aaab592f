"""A causal language model that is asked about texts, one turn each, and what it writes.

Nothing here imports torch: what generates is a function from arrays to an array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.text.length_batches import Batches
from tamis.text.rewriting import PLACE

Generate = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""From ids and mask, int64 of [rows, width], and a number to as many new ids or fewer for each."""


class Writer:
    """A tokenizer, what `generate`s, and how many tokens the model has places for."""

    def __init__(
        self, tokenizer: Any, generate: Generate, batches: Batches, ends: frozenset[int],
        positions: int | None,
    ) -> None:  # fmt: skip
        self.tokenizer, self.generate, self.batches = tokenizer, generate, batches
        self.ends, self.positions = ends, positions

    def write(self, texts: Sequence[str], prompt: str, tokens: int) -> list[str]:
        """What it answers to the prompt with each text in it, `tokens` at most."""
        most = tokens if self.positions is None else max(1, min(tokens, self.positions // 2))
        asked = [self._asked(text, prompt, most) for text in texts]

        def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
            made = self.generate(ids, mask, most)
            found = np.full((len(made), most), -1, np.int64)
            found[:, : made.shape[1]] = made
            return found

        said = self.batches.run(asked, forward, max(map(len, asked)))
        return [self._told(row.tolist()) for row in said]

    def _asked(self, text: str, prompt: str, answer: int) -> list[int]:
        """The tokens of a conversation that asks, of as much of the text as there is room for."""
        ids = self._turn(prompt.replace(PLACE, text))
        if self.positions is None or len(ids) + answer <= self.positions:
            return ids
        whole = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        room = len(whole)
        while (over := len(ids) + answer - self.positions) > 0:
            room -= over
            if room < 1:
                raise SettingError(
                    f"the prompt and {answer} tokens of an answer are more than the "
                    f"{self.positions} places of the model: a shorter prompt, or fewer max_tokens"
                )
            ids = self._turn(prompt.replace(PLACE, self.tokenizer.decode(whole[:room])))
        return ids

    def _turn(self, words: str) -> list[int]:
        first: list[int] = []
        if self.tokenizer.chat_template is not None:
            words = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": words}], add_generation_prompt=True, tokenize=False,
                enable_thinking=False,
            )  # fmt: skip
        elif self.tokenizer.bos_token_id is not None:
            first = [self.tokenizer.bos_token_id]
        return first + self.tokenizer(words, add_special_tokens=False, verbose=False)["input_ids"]

    def _told(self, ids: list[int]) -> str:
        stop = next((k for k, one in enumerate(ids) if one < 0 or one in self.ends), len(ids))
        text: str = self.tokenizer.decode(ids[:stop], skip_special_tokens=True)
        return text.strip()
