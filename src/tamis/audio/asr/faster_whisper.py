"""Whisper computed by CTranslate2, with the features and tokenizer of faster-whisper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard
from tamis.audio.asr.whisper import LOG_PROBABILITY, NO_SPEECH
from tamis.audio.asr.whisper_words import grouped, timed
from tamis.errors import SettingError

BEAMS = 5  # faster-whisper's default


class FasterWhisper:
    """A model of faster-whisper: beam search, languages, times of words; `batch` at a time."""

    rate = 16_000
    longest = 30.0

    def __init__(
        self, model: Any, tokenizer: Callable[[str | None], Any], storage: Any, turns: Any
    ) -> None:
        self.whisper, self.model = model, model.model
        self.tokenizer, self.storage, self.turns = tokenizer, storage, turns

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """The likeliest language of each and its probability."""
        if not self.model.is_multilingual:
            return [("en", 1.0)] * len(pieces)
        with self.turns:
            return self._languages(self._encoded(pieces))

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece."""
        with self.turns:
            encoded = self._encoded(pieces)
            told: list[tuple[str | None, float | None]] = [(name, None) for name in languages]
            if not self.model.is_multilingual:
                told = [("en", None)] * len(pieces)
            elif None in languages:
                told = [
                    one if one[0] else found
                    for one, found in zip(told, self._languages(encoded), strict=True)
                ]
            spelling = [self._tokenizer(name) for name, _ in told]
            results = self.model.generate(
                encoded,
                [[*one.sot_sequence, one.no_timestamps] for one in spelling],
                beam_size=BEAMS,
                length_penalty=1,
                max_length=self.whisper.max_length,  # of which it takes half for what is said
                suppress_blank=True,
                suppress_tokens=[-1],
                return_scores=True,
                return_no_speech_prob=True,
            )
            tokens = [list(result.sequences_ids[0]) for result in results]
            paths = self._paths(encoded, spelling, tokens, pieces) if words else None
        found = []
        for k, result in enumerate(results):
            said, (language, chance) = tokens[k], told[k]
            mean = result.scores[0] * len(said) / (len(said) + 1)
            silent = float(result.no_speech_prob)
            if silent > NO_SPEECH and mean < LOG_PROBABILITY:
                said = []
            spoken = None
            if paths is not None:
                first, sure = paths[k]
                seconds = len(pieces[k]) / self.rate
                shared = grouped(said, spelling[k].decode, language)
                spoken = timed(shared, first, sure, seconds) if said else ()
            text = spelling[k].decode(said).strip()
            found.append(Heard(text, spoken, language, chance, mean, silent))
        return found

    def _tokenizer(self, language: str | None) -> Any:
        try:
            return self.tokenizer(language)
        except ValueError as error:
            raise SettingError(f"language={language!r}: {error}") from None

    def _encoded(self, pieces: Sequence[np.ndarray]) -> Any:
        """The encoder's output of all pieces, each padded to 30 seconds with silence."""
        extract = self.whisper.feature_extractor
        width = int(extract.nb_max_frames)
        made = np.zeros((len(pieces), extract.mel_filters.shape[0], width), np.float32)
        for row, piece in enumerate(pieces):
            full = np.pad(piece, (0, max(0, int(extract.n_samples) - len(piece))))
            made[row] = extract(full, padding=0)[:, :width]
        return self.model.encode(self.storage(made), to_cpu=False)

    def _languages(self, encoded: Any) -> list[tuple[str | None, float | None]]:
        return [
            (best[0][0].strip("<|>"), float(best[0][1]))
            for best in self.model.detect_language(encoded)
        ]

    def _paths(
        self, encoded: Any, spelling: Sequence[Any], tokens: Sequence[list[int]],
        pieces: Sequence[np.ndarray],
    ) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """The first frame of each token and of the end, and the probability of each token."""
        frames = [max(len(piece) // 160, 2) for piece in pieces]
        found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for k, one in enumerate(spelling):
            if k in found:
                continue
            # one beginning for the whole batch: as often as there are languages in it
            aligned = self.model.align(encoded, one.sot_sequence, list(tokens), frames)
            for j, path in enumerate(aligned):
                if spelling[j].sot_sequence == one.sot_sequence:
                    first = np.zeros(len(tokens[j]) + 1, np.int64)
                    for token, frame in reversed(path.alignments):
                        first[token] = frame
                    found[j] = first, np.asarray(path.text_token_probs)
        return [found[k] for k in range(len(pieces))]
