"""Two texts of which one translates the other: how their lengths fit, whether one copies."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tamis.frame import text_buffers
from tamis.op import measure
from tamis.text import views
from tamis.text.segment import packages


@measure(dtype="float64", range=(1, float("inf")), needs=packages)
def length_ratio(
    source: pd.Series,
    target: pd.Series,
    *,
    unit: Literal["words", "characters"] = "words",
    source_language: str = "en",
    target_language: str = "en",
) -> np.ndarray:
    """The length of the longer of two texts over that of the shorter; null if either is blank.

    In words (Chinese, "zh", by jieba, Japanese, "ja", by MeCab) or characters. Less than 3 words
    in NeMo Curator's LengthRatioFilter.

    >>> length_ratio("Ein kurzer Satz", "A sentence that is short")
    1.6666666666666667
    """
    one = _length(source, unit, source_language)
    two = _length(target, unit, target_language)
    found = np.full(len(one), np.nan)
    both = (one > 0) & (two > 0)
    found[both] = np.maximum(one[both] / two[both], two[both] / one[both])
    return found


@measure(dtype="boolean")
def copied(source: pd.Series, target: pd.Series) -> pd.Series:
    """Whether two texts are the same but for case, punctuation and white space; null if one is.

    A translation that only repeats its source teaches nothing. Letters, marks and digits count.

    >>> copied("Hello, World!", "hello world")
    True
    """
    same = [
        _letters(one) == _letters(two) if isinstance(one, str) and isinstance(two, str) else pd.NA
        for one, two in zip(source.array, target.array, strict=True)
    ]
    return pd.Series(same, source.index, dtype="boolean")


@measure(dtype="float64", range=(0, 1))
def number_agreement(source: pd.Series, target: pd.Series) -> np.ndarray:
    """Share of the numbers in two texts that stand in both, each as often; 1 if there are none.

    A number is a run of decimal digits of any script, without leading zeros. Twice what both have,
    over what each has. Null if either text is null.

    >>> number_agreement("3 of 10 on 07/08", "3 von 10 am 8.7.")
    1.0
    """
    found = np.full(len(source), np.nan)
    for row, (one, two) in enumerate(zip(source.array, target.array, strict=True)):
        if isinstance(one, str) and isinstance(two, str):
            counts, others = _numbers(one), _numbers(two)
            all_ = sum(counts.values()) + sum(others.values())
            shared = sum(min(count, others.get(number, 0)) for number, count in counts.items())
            found[row] = 2 * shared / all_ if all_ else 1.0
    return found


def _length(text: pd.Series, unit: str, language: str) -> np.ndarray:
    utf8 = text_buffers(text)
    if unit == "words":
        return views.words(utf8, language=language).counts
    blank = views.blank(utf8)
    return np.where(blank, 0, views.characters(utf8).length)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _numbers(text: str) -> dict[int, int]:
    counts: dict[int, int] = {}
    run = 0
    inside = False
    for character in [*text, " "]:
        if character.isdecimal():
            run = run * 10 + int(character) if run < 10**18 else run
            inside = True
        elif inside:
            counts[run] = counts.get(run, 0) + 1
            run, inside = 0, False
    return counts
