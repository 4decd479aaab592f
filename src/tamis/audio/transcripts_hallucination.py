"""Signs that a transcript is made up: what recognisers write where nothing was said.

The four checks of NeMo's Granary (Koluguri et al., 2025) and NeMo Curator's
WhisperHallucinationStage are `unique_word_ratio`, `text.longest_word_length` with
`longest_word_excess`, `hallucination_phrase` and `character_rate`; the recipe `granary` has their
bounds. The first two say nothing of languages written without spaces.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from tamis.audio.transcripts_words import Spoken, strings
from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels.transcripts import most_frequent
from tamis.op import measure

PHRASES = (
    "thank you", "thank you very much", "thank you for watching", "thanks for watching",
    "thank you so much for watching", "please subscribe", "subscribe to my channel",
    "please like and subscribe", "see you next time", "see you in the next video",
    "subtitles by the amara.org community", "bye bye", "you",
)  # fmt: skip
"""What Whisper writes of silence and noise in English."""
_BEGINS = 8  # characters from which on a phrase need only begin a transcript


@measure(range=(0, 1), null_where="unspoken")
def unique_word_ratio(spoken: Spoken) -> np.ndarray:
    """Distinct words over words: low where a recogniser is caught in a loop.

    Made up at 0.4 and below. Source: Granary; NeMo Curator, WhisperHallucinationStage.

    >>> unique_word_ratio("so so so so many")
    0.4
    """
    distinct = np.array(
        [
            np.unique(spoken.hashes[start:end]).size
            for start, end in zip(spoken.offsets[:-1], spoken.offsets[1:], strict=True)
        ],
        np.int64,
    )
    return distinct / np.maximum(spoken.counts, 1)


@measure(range=(0, float("inf")), null_where="unspoken")
def longest_word_excess(spoken: Spoken) -> np.ndarray:
    """By how much the longest word exceeds the second longest, over the length of that.

    0 where there is one word only. Made up at 3 and above, as is a word of 25 characters (35 in
    Finnish, Hungarian, Estonian, German, Dutch, Danish, Swedish and Norwegian, where this check is
    left out): `text.longest_word_length`. Source: as for `unique_word_ratio`.

    >>> longest_word_excess("no nooooooo")
    3.0
    """
    found = np.zeros(len(spoken.counts))
    for row in np.flatnonzero(spoken.counts > 1).tolist():
        lengths = spoken.lengths[spoken.offsets[row] : spoken.offsets[row + 1]]
        second, first = np.partition(lengths, -2)[-2:]
        found[row] = (first - second) / second
    return found


@measure(dtype="Int64", range=(0, float("inf")), null_where="unspoken")
def ngram_repeats(spoken: Spoken, *, n: int = 10) -> np.ndarray:
    """How often the most frequent sequence of `n` words stands in a transcript.

    0 where there are fewer words. At most 3 for n = 10 in NeMo Curator's pipeline of long
    recordings, which counts the tokens of a model.

    >>> ngram_repeats("and so on and so on and so on", n=3)
    3
    """
    if n < 1:
        raise SettingError(f"n={n}: a sequence has one word or more")
    counts = np.empty(len(spoken.counts), np.int64)
    most_frequent(spoken.hashes, spoken.offsets, n, counts)
    return counts


@measure(range=(0, float("inf")), null_where="unspoken")
def compression_ratio(utf8: Texts) -> np.ndarray:
    """Bytes of a transcript over those of its zlib form: high where it repeats itself.

    Whisper takes a segment for failed above 2.4. Source: Radford et al., 2022, section 4.5.

    >>> compression_ratio("so " * 60) > 2.4
    True
    """
    found = np.full(len(utf8.valid), np.nan)
    for row, text in strings(utf8):
        data = text.encode()
        found[row] = len(data) / len(zlib.compress(data))
    return found


@measure(dtype="boolean", null_where="unspoken")
def hallucination_phrase(
    utf8: Texts, *, phrases: tuple[str, ...] = PHRASES, phrases_file: str = ""
) -> np.ndarray:
    """Whether a transcript is one of the phrases that recognisers make up, or begins with one.

    Full stops, question and exclamation marks left out, case too; phrases of eight characters or
    more need only begin it. `phrases_file` (UTF-8, one a line) is read in place of `phrases`: the
    lists differ by language. Source: as for `unique_word_ratio`, which minds case and has lists
    counted from its data; these here are few, and English.

    >>> hallucination_phrase("Thanks for watching!")
    True
    """
    known = _listed(phrases_file) if phrases_file else frozenset(map(_plain, phrases))
    beginnings = tuple(phrase for phrase in known if len(phrase) >= _BEGINS)
    found = np.zeros(len(utf8.valid), bool)
    for row, text in strings(utf8):
        said = _plain(text)
        found[row] = said in known or said.startswith(beginnings)
    return found


def _plain(text: str) -> str:
    return text.strip().translate(_MARKS).lower()


_MARKS = str.maketrans("", "", ".?!")


def _listed(file: str) -> frozenset[str]:
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"phrases_file={file!r} cannot be read: {error}") from None
    return frozenset(_plain(line) for line in lines if line.strip())
