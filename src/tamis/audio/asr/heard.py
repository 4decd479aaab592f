"""What a recogniser gives, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Word(NamedTuple):
    """A word, when it is said (seconds), and how sure the model is (0 to 1, None: does not say).

    `text` begins with a space where the language writes one before it: words join to a text.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None


class Heard(NamedTuple):
    """What is said in one piece of audio. None where a model does not tell."""

    text: str
    words: tuple[Word, ...] | None = None
    language: str | None = None  # as Whisper names it: "en", "de"
    language_probability: float | None = None
    log_probability: float | None = None  # mean over tokens, natural logarithm
    no_speech: float | None = None  # the probability that nobody speaks


class Recogniser(Protocol):
    """A loaded model. Pieces are float32 mono at `rate` Hz, of at most `longest` seconds."""

    rate: int
    longest: float

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece, in its language (None: found out, where the model can).

        `words` asks for the times of words, which costs some models more time.
        """
        ...

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """The language spoken in each piece and its probability, without recognising it."""
        ...
