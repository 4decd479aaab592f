"""Recognisers trained by CTC, as transformers has them: a class for each frame, blanks between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.audio.asr.heard import Heard, Word
from tamis.media.placing import sent

LONGEST = 30.0  # seconds at a time; attention over more costs its square


class Said(NamedTuple):
    """A token of a CTC path: its class, its frames and its probability."""

    token: int
    start: int
    end: int
    chance: float


class CtcRecogniser:
    """A model of the class AutoModelForCTC: Wav2Vec2, HuBERT, WavLM, Parakeet …

    The likeliest class of each frame is taken, repeated ones once, blanks out (no language model).
    A model that is given no mask of what is padding hears it as silence, so only pieces of one
    length are computed together then.
    """

    longest = LONGEST

    def __init__(self, torch: Any, model: Any, extractor: Any, tokenizer: Any, turns: Any) -> None:
        self.torch, self.model, self.turns = torch, model, turns
        self.extractor, self.tokenizer = extractor, tokenizer
        self.rate = int(extractor.sampling_rate)
        self.blank = int(model.config.pad_token_id)
        self.masked = bool(getattr(extractor, "return_attention_mask", False))
        names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.gap = getattr(tokenizer, "word_delimiter_token", None)
        special = {*tokenizer.all_special_ids, self.blank}
        gap = names.index(self.gap) if self.gap in names else None
        self.silent = special - {gap}
        self.names = names

    def detect(self, pieces: Sequence[np.ndarray]) -> list[tuple[str | None, float | None]]:
        """A CTC model does not tell languages."""
        return [(None, None)] * len(pieces)

    def recognise(
        self, pieces: Sequence[np.ndarray], languages: Sequence[str | None], words: bool
    ) -> list[Heard]:
        """What is said in each piece."""
        found = []
        for piece, language, chances in zip(pieces, languages, self.emissions(pieces), strict=True):
            said = [one for one in spoken(chances, self.blank) if one.token not in self.silent]
            seconds = self.samples_of(piece, chances) / self.rate
            made = tuple(words_of(said, self.names, self.gap, seconds))
            text = "".join(word.text for word in made).strip()
            mean = float(np.log([one.chance for one in said]).mean()) if said else None
            found.append(Heard(text, made, language, None, mean, None))
        return found

    def emissions(self, pieces: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The logarithms of the probabilities of each class, float32 of [frames, classes]."""
        found: list[np.ndarray | None] = [None] * len(pieces)
        for rows in self._together(pieces):
            for row, chances in zip(rows, self._computed([pieces[r] for r in rows]), strict=True):
                found[row] = chances
        return [chances for chances in found if chances is not None]

    def samples_of(self, piece: np.ndarray, chances: np.ndarray) -> float:
        """How many samples one frame is for; estimated where the model does not say."""
        config = self.model.config
        told = getattr(config, "inputs_to_logits_ratio", None)
        factor = getattr(getattr(config, "encoder_config", None), "subsampling_factor", None)
        if told is None and factor:
            told = factor * self.extractor.hop_length
        return float(told or len(piece) / max(len(chances), 1))

    def _together(self, pieces: Sequence[np.ndarray]) -> list[list[int]]:
        if self.masked:
            return [list(range(len(pieces)))]
        lengths: dict[int, list[int]] = {}
        for row, piece in enumerate(pieces):
            lengths.setdefault(len(piece), []).append(row)
        return list(lengths.values())

    def _computed(self, pieces: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        torch = self.torch
        least = getattr(self.model.config, "inputs_to_logits_ratio", 0) + 80  # one frame's samples
        full = [np.pad(p, (0, max(0, least - len(p)))) for p in pieces]
        given = self.extractor(
            full, sampling_rate=self.rate, return_tensors="pt", padding=True,
            return_attention_mask=True,
        )  # fmt: skip
        mask = given["attention_mask"]
        name = self.extractor.model_input_names[0]
        features = sent(torch, given[name], self.model.device, self.model.dtype)
        with self.turns, torch.inference_mode():
            more = {"attention_mask": sent(torch, mask, self.model.device)} if self.masked else {}
            logits = self.model(features, **more).logits.float()
            chances = logits.log_softmax(-1).cpu().numpy()
        whole = mask.shape[-1]
        for row, length in enumerate(mask.sum(-1).tolist()):
            yield chances[row, : self._frames(length, whole, chances.shape[1])]

    def _frames(self, length: int, whole: int, frames: int) -> int:
        """How many of the frames belong to `length` of the `whole` batch's inputs."""
        if length == whole:
            return frames
        for name in ("_get_feat_extract_output_lengths", "_get_subsampling_output_length"):
            if hasattr(self.model, name):
                return int(getattr(self.model, name)(self.torch.tensor(length)))
        return -(-frames * length // whole)


def spoken(chances: np.ndarray, blank: int) -> list[Said]:
    """The tokens of the likeliest class of each frame: equal neighbours once, without blanks."""
    if not len(chances):
        return []
    best = chances.argmax(axis=1)
    edges = np.flatnonzero(np.diff(best)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(best)]])
    sure = np.exp(chances[np.arange(len(best)), best])
    return [
        Said(int(best[a]), int(a), int(b), float(sure[a:b].mean()))
        for a, b in zip(starts, ends, strict=True)
        if best[a] != blank
    ]


def words_of(
    said: Sequence[Said], names: Sequence[str], gap: str | None, seconds: float
) -> Iterator[Word]:
    """Tokens as words, where `gap` stands between them or a token begins with "▁" or "Ġ"."""
    held: list[Said] = []
    text = ""
    for one in said:
        name = names[one.token]
        if name == gap or name[:1] in ("▁", "Ġ"):
            if held:
                yield _word(text, held, seconds)
            held, text = [], ""
            name = "" if name == gap else name[1:]
            if not name:
                continue
        held.append(one)
        text += name
    if held:
        yield _word(text, held, seconds)


def _word(text: str, said: Sequence[Said], seconds: float) -> Word:
    sure = float(np.mean([one.chance for one in said]))
    return Word(" " + text, said[0].start * seconds, said[-1].end * seconds, sure)
