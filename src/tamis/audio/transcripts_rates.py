"""How fast is spoken: characters and words of a transcript a second."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.audio.transcripts_words import Spoken, arrays, strings
from tamis.frame import Texts
from tamis.kernels import characters as character_kernel
from tamis.media.spans import seconds
from tamis.op import measure

TIMES = (("duration",), ("start", "end"))


@measure(range=(0, float("inf")), either=TIMES)
def character_rate(
    utf8: Texts,
    spoken: Spoken,
    duration: pd.Series | None = None,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    *,
    spaces: bool = False,
) -> np.ndarray:
    """Characters of a transcript a second, white space left out (`spaces=True`: all characters).

    Seconds are those from `start` to `end` where a row has an `end`, else `duration`; a row
    without, or with none above 0, has no value. At most 40 for Whisper's transcripts in NeMo
    Curator, 5 to 20 in configurations of NeMo's speech data processor, which counts spaces.

    >>> character_rate(["good morning"], [2.0]).tolist()
    [5.5]
    """
    letters = spoken.letters
    if spaces:
        counts = np.empty((len(utf8.valid), len(character_kernel.COLUMNS)), np.int64)
        character_kernel.count(*arrays(utf8), counts)
        letters = counts[:, 0]
    return _rate(letters, utf8, duration, start, end)


@measure(range=(0, float("inf")), either=TIMES)
def word_rate(
    utf8: Texts,
    spoken: Spoken,
    duration: pd.Series | None = None,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
) -> np.ndarray:
    """Words of a transcript a second: the speaking rate; times as for `character_rate`.

    English is read at 2.5 to 3 words a second; there is no published bound.

    >>> word_rate(["good morning"], [2.0]).tolist()
    [1.0]
    """
    return _rate(spoken.counts, utf8, duration, start, end)


@measure(dtype="Int64", range=(0, float("inf")), null_where="unspoken")
def spoken_character_count(utf8: Texts) -> np.ndarray:
    """Characters of a transcript without spaces and the marks `, . ! ? " '` of either width.

    At least 2 in Emilia. Source: Emilia-Pipe (He et al., 2024), `get_char_count`.

    >>> spoken_character_count("Good morning!")
    11
    """
    return _spoken(utf8)


@measure(range=(0, float("inf")), null_where="unspoken", either=TIMES)
def character_duration(
    utf8: Texts,
    duration: pd.Series | None = None,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
) -> np.ndarray:
    """Seconds that a character takes, those of `spoken_character_count`; times as above.

    Emilia keeps what lies within 1.5 interquartile ranges of the quartiles of the data set: where
    a transcript does not fit its recording. Source: Emilia-Pipe (He et al., 2024).

    >>> character_duration(["Good morning!"], [2.2]).tolist()
    [0.2]
    """
    counts = _spoken(utf8)
    rate = _rate(counts, utf8, duration, start, end)
    return np.divide(1, rate, out=np.full(len(counts), np.nan), where=rate > 0)


_MARKS = str.maketrans("", "", " ,.!?\"'，。！？“”‘’")


def _spoken(utf8: Texts) -> np.ndarray:
    counts = np.zeros(len(utf8.valid), np.int64)
    for row, text in strings(utf8):
        counts[row] = len(text.translate(_MARKS))
    return counts


def _rate(
    counts: np.ndarray,
    utf8: Texts,
    duration: pd.Series | None,
    start: pd.Series | None,
    end: pd.Series | None,
) -> np.ndarray:
    times = (np.array(seconds(part, len(counts)), np.float64) for part in (duration, start, end))
    length, starts, ends = times
    length = np.where(np.isnan(ends), length, ends - np.nan_to_num(starts))
    known = utf8.valid & (length > 0)
    return np.divide(counts, length, out=np.full(len(counts), np.nan), where=known)
