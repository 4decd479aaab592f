"""Forced alignment: when the words of a known text are said, and how well they fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.audio.asr.ctc import CtcRecogniser
from tamis.audio.asr.heard import Word
from tamis.audio.computed import Computed, Streams, together
from tamis.audio.recognition import lengths
from tamis.audio.transcribing import OVERLAP, Precision, words_json
from tamis.errors import SettingError
from tamis.kernels.warping import align
from tamis.media.pointers import ROWS
from tamis.op import measure, view

BATCH = 8  # windows computed together
ROOM = 1 << 30  # places on the paths that are remembered: a byte each, 1 h of speech has 10^10
TOO_LONG = "audio.too_long"


class Aligned(NamedTuple):
    """The words of a text with their times, and the mean log-probability of the path's frames."""

    words: tuple[Word, ...]
    score: float


@view(rows=ROWS)
def aligned(
    recording: Any,
    text: pd.Series,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    batch: int = BATCH,
    overlap: float = OVERLAP,
    device: str | None = None,
    precision: Precision = "float32",
) -> Computed:
    """The texts of rows laid over their recordings."""
    if batch < 1:
        raise SettingError(f"batch={batch}: at least one window is computed at a time")

    def load() -> Any:
        from tamis.audio.models import ctc_model

        return ctc_model(model, revision, device, precision, trust_remote_code)

    texts = [None if pd.isna(one) else str(one) for one in text]
    return Computed(recording, load, aligning(texts, batch, overlap), model)


@measure(dtype="string", heavy=True)
def aligned_words(aligned: Computed) -> list[str | None]:
    """When the words of a known text are said: JSON, as `transcript_words` has it.

    `model` is a recogniser of transformers that was trained by CTC (`"transformers:…"`: Wav2Vec2,
    HuBERT, MMS …, a folder or a name on the hub with its `revision`). The likeliest path of the
    text's letters through the model's frames is found (Viterbi); confidence is the mean probability
    of a word's letters on it. Letters that the model does not know are left out, case follows the
    model's. Long recordings are computed in windows; the path is one. Null where there is no text,
    none of its letters is known, the recording is too short for it, or both are too long.

    Source: A. Graves et al., Connectionist Temporal Classification, 2006; L. Kürzinger et al.,
    CTC-Segmentation, 2020.
    """
    return [None if found is None else words_json(found.words) for found in aligned.of_all()]


@measure(range=(-np.inf, 0), heavy=True)
def alignment_score(aligned: Computed) -> np.ndarray:
    """How well a recording fits its text: the mean log-probability of the frames of the path.

    Near 0 where the text is said; far below where it is another one. Settings: `aligned_words`.
    """
    told = [np.nan if found is None else found.score for found in aligned.of_all()]
    return np.array(told, np.float64)


def aligning(
    texts: Sequence[str | None], batch: int, overlap: float
) -> Callable[[CtcRecogniser, Streams, list[int]], Iterator[tuple[int, Aligned | None]]]:
    """A function for `Computed` that aligns the text of each row."""

    def run(
        model: CtcRecogniser, streams: Streams, rows: list[int]
    ) -> Iterator[tuple[int, Aligned | None]]:
        for row in rows:
            text = texts[row]
            words, labels, whose = spelled(text or "", model)
            if not len(labels):
                yield row, None
                continue
            chances, seconds = emissions(model, streams, row, batch, overlap)
            if len(chances) * (2 * len(labels) + 1) > ROOM:
                streams.problems[row] = (
                    f"{TOO_LONG}: {len(chances)} frames by {len(labels)} letters to align; cut the "
                    "recording into parts with their texts"
                )
                continue
            yield row, _laid(chances, seconds, words, labels, whose, model.blank)

    return run


def emissions(
    model: CtcRecogniser, streams: Streams, row: int, batch: int, overlap: float
) -> tuple[np.ndarray, float]:
    """The log-probabilities of a recording's frames, and the seconds that each stands for.

    Of two windows that overlap each gives its half: what is near an edge was heard without what is
    beyond it.
    """
    size, step = lengths(model, None, overlap)
    parts: list[tuple[int, int, np.ndarray]] = []  # first sample, samples, frames
    each = 0.0  # samples for a frame
    waiting: list[tuple[int, np.ndarray]] = []

    def flush() -> None:
        pieces = [piece for _, piece in waiting]
        found = together(model, pieces, lambda part: model.emissions(pieces[part]))
        nonlocal each
        for (at, piece), chances in zip(waiting, found, strict=True):
            each = each or model.samples_of(piece, chances)
            parts.append((at, len(piece), chances))
        waiting.clear()

    for at, piece in streams.windows(row, model.rate, size, step):
        waiting.append((at, piece))
        if len(waiting) == batch:
            flush()
    if waiting:
        flush()
    if not parts:
        return np.empty((0, 1), np.float32), 0.0
    kept = []
    for k, (at, count, chances) in enumerate(parts):
        low = 0 if k == 0 else round((at + parts[k - 1][0] + parts[k - 1][1]) / 2 / each)
        last = k + 1 == len(parts)
        high = None if last else round((parts[k + 1][0] + at + count) / 2 / each)
        first = round(at / each)
        kept.append(chances[max(low - first, 0) : None if high is None else high - first])
    return np.concatenate(kept), each / model.rate


def spelled(text: str, model: CtcRecogniser) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The words of a text, the classes of their letters, and the word of each (-1: between two)."""
    known = {name: k for k, name in enumerate(model.names) if k not in model.silent}
    upper = sum(name.isupper() for name in known) > sum(name.islower() for name in known)
    gap = known.get(model.gap) if model.gap is not None else None
    words = text.split()
    labels: list[int] = []
    whose: list[int] = []
    for number, word in enumerate(words):
        plain = unicodedata.normalize("NFC", word.upper() if upper else word.lower())
        found = _tokens(plain, known, model.gap is None)
        if not found:
            continue
        if gap is not None and labels:
            labels.append(gap)
            whose.append(-1)
        labels += found
        whose += [number] * len(found)
    return words, np.array(labels, np.int64), np.array(whose, np.int64)


def _tokens(word: str, known: dict[str, int], pieces: bool) -> list[int]:
    """A word as classes: letters, or the longest pieces that a model of pieces knows."""
    if not pieces:
        return [known[letter] for letter in word if letter in known]
    found, rest = [], "▁" + word
    while rest:
        for end in range(len(rest), 0, -1):
            if rest[:end] in known:
                found.append(known[rest[:end]])
                rest = rest[end:]
                break
        else:
            rest = rest[1:]
    return found


def _laid(
    chances: np.ndarray, seconds: float, words: list[str], labels: np.ndarray, whose: np.ndarray,
    blank: int,
) -> Aligned | None:  # fmt: skip
    states = np.zeros(len(chances), np.int64)
    total = float(align(np.ascontiguousarray(chances), labels, blank, states))
    if not np.isfinite(total):
        return None
    spoken = states % 2 == 1
    place = np.where(spoken, states // 2, 0)
    owner = np.where(spoken, whose[place], -1)
    made = []
    for number, word in enumerate(words):
        at = np.flatnonzero(owner == number)
        if at.size:
            sure = np.exp(chances[at, labels[place[at]]]).mean()
            made.append(Word(" " + word, at[0] * seconds, (at[-1] + 1) * seconds, float(sure)))
    return Aligned(tuple(made), total / len(chances))
