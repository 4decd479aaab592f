"""Whisper and its kin as transformers has them: greedy, in batches, with language and times."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard
from tamis.audio.asr.whisper_words import frames_of, grouped, timed
from tamis.audio.spectra import WhisperSpectra
from tamis.errors import SettingError
from tamis.media.placing import sent

NO_SPEECH, LOG_PROBABILITY = 0.6, -1.0
"""Above the one and below the other nothing was said: Whisper's own rule (transcribe.py)."""


class WhisperRecogniser:
    """A model of the class WhisperForConditionalGeneration.

    Tokens are decoded greedily without time marks, at most half of the decoder's positions. With
    temperature 0, as OpenAI's code begins; it does not fall back to others. On a device its spectra
    are computed there.
    """

    def __init__(self, torch: Any, model: Any, extractor: Any, tokenizer: Any, turns: Any) -> None:
        self.torch, self.model, self.turns = torch, model, turns
        self.extractor, self.tokenizer = extractor, tokenizer
        self.rate, self.longest = int(extractor.sampling_rate), float(extractor.chunk_length)
        told = model.generation_config
        self.start, self.end = told.decoder_start_token_id, model.config.eos_token_id
        self.untimed = getattr(told, "no_timestamps_token_id", None)
        spoken: dict[str, int] = getattr(told, "lang_to_id", None) or {}
        if not getattr(told, "is_multilingual", bool(spoken)):
            spoken = {}
        self.languages = {name.strip("<|>"): token for name, token in spoken.items()}
        self.task = (getattr(told, "task_to_id", None) or {}).get("transcribe")
        self.heads = getattr(told, "alignment_heads", None)
        self.never = list(told.suppress_tokens or [])
        self.not_first = list(told.begin_suppress_tokens or [])
        takes = inspect.signature(model.forward).parameters
        self.cached = "cache" if "cache" in takes else "past_key_values"  # before transformers 5.20
        self.most = model.config.max_target_positions // 2
        self.spectra: Callable[[Sequence[np.ndarray]], Any] | None = None
        if model.device.type != "cpu" and WhisperSpectra.fits(extractor):
            self.spectra = WhisperSpectra(torch, extractor, model.device)

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """The likeliest language after the start mark, and its share of all languages."""
        with self.turns, self.torch.inference_mode():
            return self._asked(self._encoded(pieces))[0]

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece."""
        if words and self.heads is None:
            raise SettingError(
                "this model's generation_config.json has no alignment_heads, by which Whisper's "
                "words are timed; ask for its transcript only"
            )
        with self.turns, self.torch.inference_mode():
            encoded = self._encoded(pieces)
            told, silent = self._asked(encoded)
            chosen = [self._known(asked) or found for asked, (found, _) in
                      zip(languages, told, strict=True)]  # fmt: skip
            prompts = [self._prompt(language) for language in chosen]
            tokens, sums = self._decoded(encoded, prompts)
            times = self._times(encoded, prompts, tokens, pieces) if words else None
        answers = []
        for k, said in enumerate(tokens):
            log_probability = sums[k] / (len(said) + 1)
            chance = told[k][1] if languages[k] is None else None
            if silent[k] > NO_SPEECH and log_probability < LOG_PROBABILITY:
                said = []
            text = self._text(said).strip()
            spelled = None
            if times is not None:
                first, sure = times[k]
                found = grouped(said, self._text, chosen[k])
                spelled = timed(found, first, sure, len(pieces[k]) / self.rate) if said else ()
            answers.append(Heard(text, spelled, chosen[k], chance, log_probability, silent[k]))
        return answers

    def _known(self, language: str | None) -> str | None:
        if language is not None and self.languages and language not in self.languages:
            raise SettingError(
                f"language={language!r}: the model knows {', '.join(sorted(self.languages))}"
            )
        return language

    def _prompt(self, language: str | None) -> list[int]:
        told = [self.languages[language], self.task] if language in self.languages else []
        return [token for token in (self.start, *told, self.untimed) if token is not None]

    def _encoded(self, pieces: Sequence[np.ndarray]) -> Any:
        if self.spectra is None:
            made = self.extractor(
                list(pieces), sampling_rate=self.rate, return_tensors="pt", padding="max_length"
            )
            given = made["input_features"]
        else:
            given = self.spectra(pieces)
        features = sent(self.torch, given, self.model.device, self.model.dtype)
        return self.model.get_encoder()(features).last_hidden_state

    def _asked(self, encoded: Any) -> tuple[list[tuple[str | None, float | None]], list[float]]:
        """The language of each and its probability; the probability that nobody speaks."""
        starts = self.torch.full((len(encoded), 1), self.start, device=encoded.device)
        logits = self._forward(encoded, starts).logits[:, -1].float()
        silent = [0.0] * len(encoded)
        if self.untimed is not None:
            silent = logits.softmax(-1)[:, self.untimed - 1].tolist()  # <|nospeech|> is before it
        if not self.languages:
            return [(None, None)] * len(encoded), silent
        names = list(self.languages)
        share = logits[:, [self.languages[name] for name in names]].softmax(-1)
        best = share.max(-1)
        return [
            (names[k], chance)
            for k, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ], silent

    def _forward(self, encoded: Any, tokens: Any, **more: Any) -> Any:
        return self.model(encoder_outputs=(encoded,), decoder_input_ids=tokens, **more)

    def _decoded(
        self, encoded: Any, prompts: Sequence[Sequence[int]]
    ) -> tuple[list[list[int]], list[float]]:
        """The tokens of each and the sum of their log-probabilities, the end's included."""
        torch, count = self.torch, len(encoded)
        given = torch.tensor(prompts, device=encoded.device)
        said: list[list[int]] = [[] for _ in range(count)]
        sums, live, cache = [0.0] * count, [True] * count, None
        for place in range(self.most):
            made = self._forward(encoded, given, use_cache=True, **{self.cached: cache})
            cache = getattr(made, self.cached)
            logits = made.logits[:, -1].float()
            logits[:, self.never + (self.not_first if place == 0 else [])] = -torch.inf
            if self.untimed is not None:
                logits[:, self.untimed :] = -torch.inf  # marks of time, which were not asked for
            chances = logits.log_softmax(-1)
            best = chances.max(-1)
            for k, (token, chance) in enumerate(
                zip(best.indices.tolist(), best.values.tolist(), strict=True)
            ):
                if live[k]:
                    sums[k] += chance
                    live[k] = token != self.end
                    said[k].extend([token] if live[k] else [])
            if not any(live):
                break
            given = best.indices[:, None]
        return said, sums

    def _times(
        self, encoded: Any, prompts: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]],
        pieces: Sequence[np.ndarray],
    ) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """The first frame of each token and of the end, and the probability of each token."""
        torch = self.torch
        whole = [[*prompt, *said, self.end] for prompt, said in zip(prompts, tokens, strict=True)]
        width = max(map(len, whole))
        padded = torch.tensor(
            [row + [self.end] * (width - len(row)) for row in whole], device=encoded.device
        )
        usual = self.model.config._attn_implementation
        self.model.set_attn_implementation("eager")  # the only one that gives its weights away
        try:
            made = self._forward(encoded, padded, output_attentions=True)
        finally:
            self.model.set_attn_implementation(usual)
        heads = torch.stack(
            [made.cross_attentions[layer][:, head] for layer, head in self.heads or ()]
        )
        chances = made.logits.float()[..., : self.end].softmax(-1)
        found = []
        for k, said in enumerate(tokens):
            skip = len(prompts[k]) - 1
            frames = max(len(pieces[k]) // self.extractor.hop_length // 2, 1)
            weights = heads[:, k, : len(whole[k]), :frames].float().cpu().numpy()
            ids = torch.tensor(said, device=encoded.device, dtype=torch.int64)
            sure = chances[k, skip : skip + len(said)].gather(1, ids[:, None])[:, 0].cpu().numpy()
            found.append((frames_of(weights, skip), sure))
        return found

    def _text(self, tokens: Sequence[int]) -> str:
        return str(
            self.tokenizer.decode(
                list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
