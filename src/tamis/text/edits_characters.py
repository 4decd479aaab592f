"""White space, normal forms, characters that show nothing, marks repeated."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import Texts, strings
from tamis.kernels import tidy
from tamis.kernels.categories import CONTROL, INVISIBLE, MARK, categories
from tamis.kernels.unicode import classes
from tamis.op import edit
from tamis.text.editing import column_of, rewritten
from tamis.text.views import arrays


@edit()
def normalize_whitespace(
    text: pd.Series, utf8: Texts, *, max_blank_lines: int = 1, indent: bool = False
) -> pd.Series:
    """Leave one space between words, one kind of line end, and nothing around lines and text.

    White space is what `str.isspace` says, no-break and ideographic spaces among it; lines end
    where `str.splitlines` ends them (`\\r\\n`, U+2028, form feed, …) and then end with `\\n`.
    `max_blank_lines` may follow each other. `indent=True` keeps what stands before the first
    visible character of a line as it is, for code.

    >>> normalize_whitespace("  Two\\u00a0 words \\r\\n\\r\\n\\r\\n and  more")
    'Two words\\n\\nand more'
    """
    if max_blank_lines < 0:
        raise SettingError(f"normalize_whitespace: max_blank_lines={max_blank_lines} is below 0")
    return _written(text, utf8, tidy.white_space, classes(), max_blank_lines + 1, indent)


@edit()
def remove_control_characters(text: pd.Series, utf8: Texts, *, invisible: bool = True) -> pd.Series:
    """Take out control characters, noncharacters, and characters that show nothing.

    Tab, line ends and form feed stay. `invisible`: soft hyphens, zero-width spaces, word joiners,
    byte-order marks, marks of direction and embedding, interlinear annotation. The zero-width
    joiner and non-joiner stay, which Persian, Indic scripts and emoji are written with.

    >>> remove_control_characters("zero\\u200bwidth, bell\\x07, soft\\u00adhyphen")
    'zerowidth, bell, softhyphen'
    """
    unwanted = CONTROL | INVISIBLE if invisible else CONTROL
    return _written(text, utf8, tidy.without, categories(), unwanted)


@edit()
def shorten_repeats(text: pd.Series, utf8: Texts, *, max_run: int = 3) -> pd.Series:
    """Cut runs of the same punctuation mark or symbol to `max_run` of them.

    Marks and symbols are the Unicode categories P and S.

    >>> shorten_repeats("What?!!!!!!! ------- Wait........")
    'What?!!! --- Wait...'
    """
    if max_run < 1:
        raise SettingError(f"shorten_repeats: max_run={max_run} is below 1")
    return _written(text, utf8, tidy.shortened, categories(), MARK, max_run)


@edit()
def normalize_unicode(
    text: pd.Series, utf8: Texts, *, form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFC"
) -> pd.Series:
    """Write characters in a normal form of Unicode (UAX 15).

    "NFC" composes letters and their marks and changes nothing that one can see; "NFKC" also takes
    the plain form of ligatures, full-width and circled characters, exponents. Tables are those
    of Python's `unicodedata`.

    >>> normalize_unicode("cafe\\u0301 \\ufb01x", form="NFKC")
    'café fix'
    """
    found = np.zeros(len(utf8.valid), bool)
    # what lies below U+0300 is in NFC as it stands; ASCII is in every form
    tidy.reaching(*arrays(utf8), 0xCC if form == "NFC" else 0x80, found)
    return rewritten(text, found, lambda value: unicodedata.normalize(form, value))


def _written(text: pd.Series, utf8: Texts, kernel: Callable[..., Any], *how: Any) -> pd.Series:
    """The column as a kernel writes it, no text longer than it was; itself if none changes."""
    data, offsets = arrays(utf8)
    size = int(offsets[-1] - offsets[0])
    out, ends = np.empty(size, np.uint8), np.zeros(len(offsets), np.int64)
    if not kernel(data, offsets, *how, out, ends):
        return text
    return strings(column_of(utf8, out[: ends[-1]], ends), text.index, text.name)
