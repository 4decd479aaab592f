"""What is made of a text before it is cut into shingles: Unicode form, case, digits, punctuation.

Every character is of one class: white space (`str.isspace`, and NUL), decimal digits (category Nd),
letters (other L, M and N), and punctuation (all the rest: P, S, C). In this order:

1. `form`: the text in a Unicode normal form, or as it is.
2. `case`: "lower" (`str.lower` of each character), "fold" (`str.casefold`), or "keep".
3. `digits`: "keep", "zero" (each becomes 0), or "drop".
4. `punctuation`: "separate" (each becomes a space), "drop" (`don't` becomes `dont`), or "keep"
   (each a word by itself).
5. `whitespace`: "collapse" (runs become one space, none at the ends), or, for characters, "keep"
   or "drop".

Words are then what stands between spaces; in scripts without spaces every letter is one
(`tamis.kernels.letters.UNSPACED`).
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import SettingError
from tamis.frame import Texts, text_buffers
from tamis.kernels.letters import UNSPACED
from tamis.kernels.simplify import DROP, KEEP, OWN, SPACE, simplify, tables

CHOICES = {
    "form": ("none", "NFC", "NFD", "NFKC", "NFKD"),
    "case": ("lower", "fold", "keep"),
    "digits": ("keep", "zero", "drop"),
    "punctuation": ("separate", "drop", "keep"),
    "whitespace": ("collapse", "keep", "drop"),
}


CASES: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "fold": str.casefold,
    "keep": str,
}


class Normal(NamedTuple):
    """The settings of a normalisation; see the module for what they mean."""

    form: str = "none"
    case: str = "lower"
    digits: str = "keep"
    punctuation: str = "separate"
    whitespace: str = "collapse"

    def check(self, words: bool) -> Normal:
        """Itself, or a `SettingError` for a setting that is unknown or cannot be."""
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise SettingError(f"{name}={value!r} is unknown (known: {', '.join(known)})")
        if words and self.whitespace != "collapse":
            raise SettingError(
                f"whitespace={self.whitespace!r} is for unit='characters': "
                "white space is what separates words"
            )
        return self


LOWER_WORDS = Normal()
"""Of the `tamis` family: runs of letters, marks and digits, in lower case."""
AS_IT_IS = Normal(case="keep", punctuation="keep", whitespace="keep")
"""Of the `curator` families: the text as it is."""


def formed(texts: Texts, rows: np.ndarray, form: str) -> Texts:
    """The texts at `rows` in a Unicode normal form (as Arrow's utf8proc has it).

    With "none" the texts are given back as they are, all of them.
    """
    if form == "none":
        return texts
    offsets, data = pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)
    array = pa.LargeStringArray.from_buffers(texts.valid.size, offsets, data)
    made = pc.utf8_normalize(array.take(pa.array(rows)), form=form)
    return text_buffers(made)._replace(valid=texts.valid[rows])


def simplified(texts: Texts, rows: np.ndarray, normal: Normal, words: bool) -> Texts:
    """The texts at `rows`, all but their form normalised.

    Words have one space between them; characters are to be taken as they come.
    """
    ends = np.zeros(len(rows) + 1, np.int64)
    table = table_of(normal._replace(form="none"))
    data = simplify(texts.data, texts.offsets, rows, *table, words, ends)
    data.flags.writeable = ends.flags.writeable = False
    return Texts(data, ends, texts.valid[rows])


@functools.cache
def table_of(normal: Normal) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The table of `tamis.kernels.simplify` for these settings."""
    return tables(lambda character: becomes(character, normal))


def becomes(character: str, normal: Normal) -> tuple[int, str]:
    """What is done with a character, and what stands in its place."""
    category = unicodedata.category(character)
    if character.isspace() or character == "\0":
        return {"collapse": SPACE, "keep": KEEP, "drop": DROP}[normal.whitespace], character
    if category == "Cs":  # no character of a text
        return DROP, ""
    made = CASES[normal.case](character)
    if category == "Nd":
        if normal.digits == "drop":
            return DROP, ""
        return KEEP, "0" if normal.digits == "zero" else made
    if category[0] in "LMN":
        code = ord(character)
        own = category[0] != "N" and any(low <= code <= high for low, high in UNSPACED)
        return (OWN if own else KEEP), made
    if normal.punctuation == "separate":
        return {"collapse": (SPACE, ""), "keep": (KEEP, " "), "drop": (DROP, "")}[normal.whitespace]
    return (DROP, "") if normal.punctuation == "drop" else (OWN, made)
