"""Recognisers of NVIDIA NeMo: Conformer and Parakeet by CTC or transducer, Canary.

NeMo is not among the packages that this was tested with: written after its documentation (2.x).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard, Word


class Nemo:
    """A model of `nemo.collections.asr`, by its own `transcribe`."""

    longest = 30.0

    def __init__(self, model: Any) -> None:
        self.model = model
        self.rate = int(model.cfg.preprocessor.get("sample_rate", 16_000))
        self._turn = threading.Lock()

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """These models are not asked for languages."""
        return [(None, None)] * len(pieces)

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece."""
        with self._turn:
            made = self.model.transcribe(
                list(pieces), batch_size=len(pieces), timestamps=words, return_hypotheses=True,
                verbose=False,
            )  # fmt: skip
        if isinstance(made, tuple):  # transducers also give their n best
            made = made[0]
        return [self._heard(one, name, words) for one, name in zip(made, languages, strict=True)]

    def _heard(self, one: Any, language: str | None, words: bool) -> Heard:
        spoken = None
        if words:
            sure = getattr(one, "word_confidence", None) or []
            spoken = tuple(
                Word(
                    " " + part["word"], float(part["start"]), float(part["end"]),
                    float(sure[k]) if k < len(sure) else None,
                )
                for k, part in enumerate(one.timestamp.get("word", []))
            )  # fmt: skip
        count = max(len(getattr(one, "y_sequence", ())), 1)
        score = getattr(one, "score", None)
        mean = None if score is None else float(score) / count
        return Heard(one.text.strip(), spoken, language, None, mean, None)
