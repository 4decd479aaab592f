"""PocketSphinx: a small recogniser of English, its model in its package, no network needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard, Word

SHORTEST = 0.1  # seconds; of less there are too few frames for its search
_FRAME = 0.01
_SECOND_SAYING = re.compile(r"\(\d+\)$")  # "them(2)": another pronunciation


class Sphinx:
    """A decoder, one piece at a time: it holds the interpreter's lock, so threads would not help.

    Its features are reset for each piece, or what was heard before would change them.
    """

    rate = 16_000
    longest = 30.0

    def __init__(self, decoder: Any) -> None:
        self.decoder = decoder
        self._turn = threading.Lock()

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """It knows English only, and does not tell whether it is."""
        return [(None, None)] * len(pieces)

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece, taken for English."""
        with self._turn:
            return [self._heard(piece) for piece in pieces]

    def _heard(self, piece: np.ndarray) -> Heard:
        if len(piece) < SHORTEST * self.rate:
            return Heard("", (), "en")
        pcm = (np.clip(piece, -1, 1) * 32_767).astype("<i2").tobytes()
        self.decoder.reinit_feat()
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, no_search=False, full_utt=True)
        self.decoder.end_utt()
        made = tuple(
            Word(
                " " + _SECOND_SAYING.sub("", part.word),
                part.start_frame * _FRAME,
                (part.end_frame + 1) * _FRAME,
                min(float(part.prob), 1.0),
            )
            for part in (self.decoder.seg() or ())
            if part.word[:1] not in "<["
        )
        text = "".join(word.text for word in made).strip()
        sure = [max(word.confidence or 0.0, 1e-30) for word in made]
        return Heard(text, made, "en", None, float(np.log(sure).mean()) if sure else None)
