"""What is said in recordings: text, times of words, language, how sure the model is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from tamis.audio.asr.heard import Heard, Word
from tamis.audio.computed import Computed
from tamis.audio.recognition import Languages, recognising
from tamis.errors import SettingError
from tamis.media.pointers import ROWS
from tamis.op import measure, view

BATCH = 8  # windows recognised together
OVERLAP = 5.0  # seconds that two windows share: a dozen words
Precision = Literal["float32", "float16", "bfloat16"]


def _loader(
    model: str, revision: str | None, device: str | None, precision: str, batch: int, trusted: bool
) -> Callable[[], Any]:
    if batch < 1:
        raise SettingError(f"batch={batch}: at least one recording is heard at a time")

    def load() -> Any:
        from tamis.audio.models import recogniser

        return recogniser(model, revision, device, precision, trusted)

    return load


@view(rows=ROWS)
def transcribed(
    recording: Any,
    *,
    model: str = "pocketsphinx",
    revision: str | None = None,
    trust_remote_code: bool = False,
    language: str | None = None,
    word_times: bool = False,
    window: float | None = None,
    overlap: float = OVERLAP,
    batch: int = BATCH,
    device: str | None = None,
    precision: Precision = "float32",
) -> Computed:
    """What a recogniser hears, once for all measures that ask the same model."""
    load = _loader(model, revision, device, precision, batch, trust_remote_code)
    run = recognising(batch, window, overlap, language, word_times)
    return Computed(recording, load, run, model)


@view(rows=ROWS)
def detected(
    recording: Any,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    seconds: float = 30.0,
    batch: int = BATCH,
    device: str | None = None,
    precision: Precision = "float32",
) -> Computed:
    """The language that a recogniser hears in the first seconds, without recognising it."""
    if seconds <= 0:
        raise SettingError(f"seconds={seconds}: a language is heard in more than that")
    load = _loader(model, revision, device, precision, batch, trust_remote_code)
    return Languages(recording, load, batch, seconds, model)


@measure(dtype="string", heavy=True)
def transcript(transcribed: Computed) -> list[str | None]:
    """The text that a recogniser of speech hears in a recording.

    `model` is `"pocketsphinx"` (English, rough; its package carries the model, nothing is
    downloaded), or a model of a library: `"transformers:…"` (Whisper and its kin; CTC: Wav2Vec2,
    HuBERT, WavLM, Parakeet …; transducers; other encoder-decoders), `"faster-whisper:…"` (Whisper
    as CTranslate2 has it), `"nemo:….nemo"`; each a folder, or on the Hugging Face hub with the
    commit of its `revision` (with HF_HUB_OFFLINE=1 nothing is downloaded).

    `language` is told, or (Whisper) found in the first window and kept for the whole recording.
    Long recordings are heard in windows (30 s, `window`) that share `overlap` seconds, a few in
    memory at a time; the transcripts are joined where neighbours agree: by the times of words
    (always with CTC, transducers and pocketsphinx; with Whisper if `word_times`), else by the
    longest run of words that they share. `batch` windows of about one length are computed together;
    in rare cases the last digits of that decide a word. Silence has the empty text, what cannot be
    read none. All measures of one model and the same settings share one recognition.

    Source: A. Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022.
    """
    return [None if heard is None else heard.text for heard in transcribed.of_all()]


@measure(dtype="string", heavy=True)
def transcript_words(transcribed: Computed) -> list[str | None]:
    """The words that a recogniser hears, and when: JSON, a list.

    Each has `word`, `start`, `end` and `confidence`. Times are seconds from the beginning of the
    row's piece. Confidence is the mean probability of a word's tokens (null where the model does
    not say). Whisper's words are timed by the attention of its decoder (`word_times=True`).
    Settings as of `transcript`.
    """
    found = transcribed.of_all()
    for heard in found:
        if heard is not None and heard.words is None:
            raise SettingError(
                f"transcript_words: the model {transcribed.name!r} has not timed the words; with "
                "Whisper pass word_times=True"
            )
    return [None if heard is None else words_json(heard.words) for heard in found]


@measure(dtype="string", heavy=True)
def transcript_language(transcribed: Computed) -> list[str | None]:
    """The language in which a recogniser heard a recording, such as "en" or "de".

    Null where it does not say. Settings as of `transcript`. `spoken_language` alone costs less.
    """
    return [None if heard is None else heard.language for heard in transcribed.of_all()]


@measure(range=(-np.inf, 0), heavy=True)
def transcript_log_probability(transcribed: Computed) -> np.ndarray:
    """How sure a recogniser is of a transcript: the mean log-probability of its tokens.

    Whisper's own rule takes a transcript below -1 for failed. A mean over windows by their seconds;
    pocketsphinx gives that of words. Null where the model does not say or heard nothing. Settings
    as of `transcript`.
    """
    return _numbers(transcribed, lambda heard: heard.log_probability)


@measure(range=(0, 1), heavy=True)
def no_speech_probability(transcribed: Computed) -> np.ndarray:
    """The probability that nobody speaks, as Whisper has it; null with other models.

    Above 0.6, with a log-probability under -1, Whisper takes a window for silent, and so does
    `transcript`. A mean over windows by their seconds. Settings as of `transcript`.
    """
    return _numbers(transcribed, lambda heard: heard.no_speech)


@measure(dtype="string", heavy=True)
def spoken_language(detected: Computed) -> list[str | None]:
    """The language spoken in the first 30 seconds ("en", "de" …), by a model of Whisper's kind.

    Nothing is recognised: one look of the decoder. `model` as in `transcript`. Null where the model
    tells no languages. Source: Whisper's detect_language; Granary takes what it says from 0.7.
    """
    return [None if found is None else found[0] for found in detected.of_all()]


@measure(range=(0, 1), heavy=True)
def spoken_language_probability(detected: Computed) -> np.ndarray:
    """The share of `spoken_language` among all languages that the model knows.

    Granary keeps from 0.7, Emilia above 0.8.
    """
    return np.array(
        [np.nan if found is None or found[1] is None else found[1] for found in detected.of_all()],
        np.float64,
    )


def words_json(words: tuple[Word, ...] | None) -> str:
    """Words as JSON: times to milliseconds, confidence to four digits."""
    listed = [
        {
            "word": word.text.strip(),
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "confidence": None if word.confidence is None else round(word.confidence, 4),
        }
        for word in words or ()
    ]
    return json.dumps(listed, ensure_ascii=False)


def _numbers(transcribed: Computed, value: Callable[[Heard], float | None]) -> np.ndarray:
    told = [None if heard is None else value(heard) for heard in transcribed.of_all()]
    return np.array([np.nan if one is None else one for one in told], np.float64)
