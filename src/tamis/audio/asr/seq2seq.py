"""Other models of transformers that write a text: encoder-decoders, and transducers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.audio.asr.ctc import LONGEST, Said, words_of
from tamis.audio.asr.heard import Heard
from tamis.errors import SettingError
from tamis.media.placing import sent


class Writer:
    """A model with `generate`, by its own processor: Moonshine, Speech2Text, SpeechT5 …"""

    longest = LONGEST

    def __init__(self, torch: Any, model: Any, processor: Any, turns: Any, name: str) -> None:
        self.torch, self.model, self.turns = torch, model, turns
        self.processor, self.name = processor, name
        self.rate = int(getattr(processor, "feature_extractor", processor).sampling_rate)

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """These models do not tell languages."""
        return [(None, None)] * len(pieces)

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece, and the mean log-probability of what was written."""
        if words:
            raise SettingError(f"the model {self.name!r} tells no times of words")
        made = self._generated(pieces, output_scores=True)
        texts = self.processor.batch_decode(made.sequences, skip_special_tokens=True)
        means = [self._mean(made, row) for row in range(len(pieces))]
        return [
            Heard(text.strip(), None, language, None, mean, None)
            for text, language, mean in zip(texts, languages, means, strict=True)
        ]

    def _given(self, pieces: Sequence[np.ndarray]) -> dict[str, Any]:
        """What the model takes, on its device."""
        made = self.processor(
            list(pieces), sampling_rate=self.rate, return_tensors="pt", padding=True
        )
        return {
            name: sent(self.torch, one, self.model.device) if self.torch.is_tensor(one) else one
            for name, one in made.items()
        }

    def _generated(self, pieces: Sequence[np.ndarray], **more: Any) -> Any:
        given = self._given(pieces)
        with self.turns, self.torch.inference_mode():
            return self.model.generate(
                **given, return_dict_in_generate=True, num_beams=1, do_sample=False, **more
            )

    def _mean(self, made: Any, row: int) -> float | None:
        tokens = made.sequences[row, -len(made.scores) :].tolist()
        end = self.model.generation_config.eos_token_id
        ends = {end} if isinstance(end, int) else set(end or ())
        total, count = 0.0, 0
        for token, scores in zip(tokens, made.scores, strict=True):
            total += float(scores[row].float().log_softmax(-1)[token])
            count += 1
            if token in ends:
                break
        return total / count if count else None


class Transducer(Writer):
    """A transducer (RNN-T, TDT): Parakeet and its kin; its tokens carry their times."""

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece, with the times of words where the model gives durations."""
        given = self._given(pieces)
        with self.turns, self.torch.inference_mode():
            made = self.model.generate(**given, return_dict_in_generate=True)
        durations = getattr(made, "durations", None)
        if words and durations is None:
            raise SettingError(f"the model {self.name!r} tells no times of words")
        tokenizer = self.processor.tokenizer
        names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        skip = {*tokenizer.all_special_ids, self.model.config.blank_token_id}
        found = []
        for row, language in enumerate(languages):
            tokens = made.sequences[row].tolist()
            lasting = [0] * len(tokens) if durations is None else durations[row].tolist()
            starts = np.cumsum([0, *lasting])
            said = [
                Said(token, int(a), int(a + max(long, 1)), 1.0)
                for token, a, long in zip(tokens, starts, lasting, strict=False)
                if token not in skip and token < len(names)
            ]
            spelled = tuple(
                word._replace(confidence=None)
                for word in words_of(said, names, None, self._seconds())
            )
            text = "".join(word.text for word in spelled).strip()
            found.append(
                Heard(text, None if durations is None else spelled, language, None, None, None)
            )
        return found

    def _seconds(self) -> float:
        extractor = self.processor.feature_extractor
        encoder = self.model.config.encoder_config
        return float(extractor.hop_length * encoder.subsampling_factor / self.rate)
