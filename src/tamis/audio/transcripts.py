"""How far what was recognised is from the reference: error rates, their kinds, their places.

A null, or a reference without a word, has no error rate: the value is null and a filter's reason
says which it was. Everything in an empty transcript of a spoken reference is deleted: rate 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tamis.audio.transcripts_pairs import Compared, Unit
from tamis.errors import SettingError
from tamis.op import measure

INFINITE = (0, float("inf"))
BANDS = ((0.10, "excellent"), (0.25, "good"), (0.50, "moderate"), (0.75, "fair"))
"""The bands of `quality_band`: up to which word error rate; what is above is "poor"."""


@measure(range=INFINITE)
def wer(compared: Compared) -> np.ndarray:
    """Word error rate of `pred_text` against the reference `text`: a share, not per cent.

    Substitutions, deletions and insertions over the words of the reference; above 1 where much was
    inserted. Words are what `str.split()` gives (jiwer splits at spaces only) and are compared by
    64-bit hashes. `normalise` is "none", "basic" or a language: see
    `tamis.audio.transcripts_normal`. At most 0.15, 0.3 or 0.5 in the recipes `asr-clean`.

    >>> wer("the cat sat on the mat", "the cat sat on mat")
    0.16666666666666666
    >>> wer("Twenty-three, please!", "twenty three please", normalise="basic")
    0.0
    """
    return compared.figures().rate("distance")


@measure(range=INFINITE)
def cer(compared: Compared) -> np.ndarray:
    """Character error rate of `pred_text` against the reference `text`: a share, not per cent.

    Characters are code points, spaces among them; white space around a text is left out.

    >>> cer("recognise speech", "recognize speech")
    0.0625
    """
    return compared.figures("characters", counted=False).rate("distance")


@measure(dtype="Int64", range=INFINITE)
def substitutions(compared: Compared, *, unit: Unit = "words") -> pd.Series:
    """How many words of the reference were recognised as another.

    The split of the distance into kinds is not unique; it is that of jiwer (RapidFuzz): see
    `kernels.edit_distance.way`. `unit="characters"` counts those.

    >>> substitutions("the cat sat", "the hat sat down")
    1
    """
    return compared.figures(unit).count("substitutions")


@measure(dtype="Int64", range=INFINITE)
def deletions(compared: Compared, *, unit: Unit = "words") -> pd.Series:
    """How many words of the reference were left out in `pred_text`; `unit` as for `substitutions`.

    >>> deletions("the cat sat", "cat sat")
    1
    """
    return compared.figures(unit).count("deletions")


@measure(dtype="Int64", range=INFINITE)
def insertions(compared: Compared, *, unit: Unit = "words") -> pd.Series:
    """How many words of `pred_text` the reference has not; `unit` as for `substitutions`.

    >>> insertions("the cat sat", "the hat sat down")
    1
    """
    return compared.figures(unit).count("insertions")


@measure(range=(0, 1))
def substitution_rate(compared: Compared, *, unit: Unit = "words") -> np.ndarray:
    """`substitutions` over the words of the reference: NeMo's `sub_rate`.

    >>> substitution_rate("the cat sat down", "the hat sat")
    0.25
    """
    return compared.figures(unit).rate("substitutions")


@measure(range=(0, 1))
def deletion_rate(compared: Compared, *, unit: Unit = "words") -> np.ndarray:
    """`deletions` over the words of the reference: NeMo's `del_rate`.

    >>> deletion_rate("the cat sat down", "the hat sat")
    0.25
    """
    return compared.figures(unit).rate("deletions")


@measure(range=INFINITE)
def insertion_rate(compared: Compared, *, unit: Unit = "words") -> np.ndarray:
    """`insertions` over the words of the reference: NeMo's `ins_rate`.

    >>> insertion_rate("the cat sat down", "so the cat sat down")
    0.25
    """
    return compared.figures(unit).rate("insertions")


@measure(range=INFINITE)
def start_edge_cer(compared: Compared, *, characters: int = 12) -> np.ndarray:
    """Character error rate of the first characters of both texts: speech cut off at the start.

    Source: NeMo Curator's ComputeWERStage, 12 characters.

    >>> start_edge_cer("good morning everyone", "morning everyone")
    0.8333333333333334
    """
    return _edge(compared, characters, 1)


@measure(range=INFINITE)
def end_edge_cer(compared: Compared, *, characters: int = 12) -> np.ndarray:
    """Character error rate of the last characters of both texts: speech cut off at the end.

    Source: NeMo Curator's ComputeWERStage, 12 characters.

    >>> end_edge_cer("good morning everyone", "good morning every")
    0.5
    """
    return _edge(compared, characters, -1)


@measure(dtype="Int64", range=INFINITE)
def start_edge_error(compared: Compared) -> pd.Series:
    """By how many characters the words before the first that agrees differ in length.

    Each word counts a space more. Dropped above 10 in configurations of NeMo's speech data
    processor (DropASRErrorBeginningEnd), which finds the words that agree with diff-match-patch.

    >>> start_edge_error("good morning everyone", "everyone")
    13
    """
    return compared.figures().count("start_edge")


@measure(dtype="Int64", range=INFINITE)
def end_edge_error(compared: Compared) -> pd.Series:
    """By how many characters the words after the last that agrees differ in length.

    As `start_edge_error`, at the other end.

    >>> end_edge_error("good morning everyone", "good morning")
    9
    """
    return compared.figures().count("end_edge")


@measure(dtype="Int64", range=INFINITE)
def insertion_run(compared: Compared) -> pd.Series:
    """The most words in a row that were inserted.

    At most 5 in configurations of NeMo's speech data processor.

    >>> insertion_run("thank you", "thank you for watching this")
    3
    """
    return compared.figures().count("insertion_run")


@measure(dtype="Int64", range=INFINITE)
def deletion_run(compared: Compared) -> pd.Series:
    """The most words in a row that were left out.

    >>> deletion_run("thank you for watching this", "thank you")
    3
    """
    return compared.figures().count("deletion_run")


@measure(dtype="Int64", range=INFINITE)
def mismatch_run(compared: Compared) -> pd.Series:
    """The most words in a row, of either text, between two that agree.

    Source: NeMo's speech data processor, DropASRError, which drops from its threshold on.

    >>> mismatch_run("a b c d e", "a x y z e")
    3
    """
    return compared.figures().count("mismatch_run")


@measure(range=INFINITE)
def length_ratio(compared: Compared, *, unit: Unit = "characters") -> np.ndarray:
    """Length of `pred_text` over that of the reference, in characters or words.

    Between 1/4 and 4 for translations in Granary (Koluguri et al., 2025).

    >>> length_ratio("four words of speech", "four words", unit="words")
    0.5
    """
    return compared.figures(unit, counted=False).rate("hypothesis")


@measure(dtype="string", values=(*(name for _, name in BANDS), "poor"))
def quality_band(compared: Compared) -> pd.Series:
    """How good a transcript is by its word error rate, in words.

    "excellent" up to 0.1, "good" to 0.25, "moderate" to 0.5, "fair" to 0.75, "poor" above.
    Source: the documentation of NeMo Curator.

    >>> quality_band("the cat sat on the mat", "the cat sat on mat")
    'good'
    """
    rates = compared.figures().rate("distance")
    names = np.array([*(name for _, name in BANDS), "poor"], object)
    found = pd.Series(names[np.searchsorted([most for most, _ in BANDS], rates)], dtype="str")
    return found.mask(np.isnan(rates))


def _edge(compared: Compared, characters: int, side: Literal[1, -1]) -> np.ndarray:
    if characters < 1:
        raise SettingError(f"characters={characters}: an edge has one character or more")
    figures = compared.figures("characters", edge=side * characters, counted=False)
    return figures.rate("distance")
