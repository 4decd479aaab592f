"""Text in pictures: how much room it takes, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.image.computed import Computed
from tamis.image.text_boxes import covered
from tamis.media import each
from tamis.media.pointers import ROWS
from tamis.op import measure, view

SCORE = 0.5  # of a line, as RapidOCR keeps it
LETTERS = 2  # one letter is what the models see in round things, too


@view(rows=ROWS, needs={"ocr": ("rapidocr", "onnxruntime")})
def printed(shrunk: Any) -> Computed:
    """The text in pictures, `tamis.image.ocr.Printed`, read once for all measures that ask."""

    def load() -> Any:
        from tamis.image.ocr import reader

        return reader()

    return Computed(shrunk, load, 8, "PP-OCRv6")


@measure(range=(0, 1), heavy=True)
def text_area(printed: Any, *, min_score: float = SCORE, min_letters: int = LETTERS) -> np.ndarray:
    """Share of a picture that lines of text cover: overlaid words, captions, watermarks, pages.

    Text is found and read by PP-OCRv6 as the package rapidocr ships it; nothing is downloaded. What
    is found but not read with a mean probability of `min_score`, as at least `min_letters` letters
    or digits, is no text: a detector alone takes coins and coffee cups for it. Boxes stand a
    little off the letters. The models see the shared thumbnail, 256 pixels on its short side, where
    lines of 12 pixels are found as a rule, those of 8 often not; `side=512` finds lines half as
    high for four times the time. Unreadable pictures have none. Needs `pip install 'tamis[ocr]'`.
    """
    return each(_lines(printed, min_score, min_letters), lambda p: covered(p.boxes, *p[:2]))


@measure(dtype="boolean", heavy=True)
def has_text(printed: Any, *, min_score: float = SCORE, min_letters: int = LETTERS) -> list[Any]:
    """Whether a picture has text, as `text_area` finds it; for `where={"has_text": False}`."""
    return [None if p is None else bool(p.texts) for p in _lines(printed, min_score, min_letters)]


@measure(dtype="string", heavy=True)
def printed_text(
    printed: Any, *, min_score: float = SCORE, min_letters: int = LETTERS
) -> list[str | None]:
    """What the text in a picture says, a line for each line; empty where there is none.

    Found as by `text_area`; larger pictures (`side=512`) are read better. Chinese, Japanese and
    languages in Latin letters are read, upright, and mostly if turned clockwise by a quarter.
    Unreadable pictures: null.
    """
    return [
        None if p is None else "\n".join(p.texts) for p in _lines(printed, min_score, min_letters)
    ]


def _lines(printed: Any, score: float, letters: int) -> list[Any]:
    """The text that is sure enough of each picture, None where there is none to see."""
    if not 0 <= score <= 1:
        raise SettingError(f"min_score={score}: a probability is from 0 to 1")
    if letters < 0:
        raise SettingError(f"min_letters={letters}: a line has 0 letters or more")
    found = printed.of(range(len(printed)))
    return [None if one is None else one.sure(score, letters) for one in found]
