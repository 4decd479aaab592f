"""What transcripts may differ in and still say the same: case, punctuation, numbers.

"none": the text as it stands. "basic": Unicode form NFKC, case folded, apostrophes and invisible
characters left out (`don't` and `don’t` are `dont`), all other punctuation and symbols white space,
decimal digits of any script 0 to 9. In scripts written without spaces (Han, kana, Thai, Lao, Khmer,
Myanmar) every character is a word.

A language is "basic" after what is its own. All of `LANGUAGES`: number words become digits (by
text2num, MIT: "twenty three" is "23", "the second" is "the 2nd"), and marks between groups of three
digits go ("1,000" is "1000"). English, too: hesitations (uh, um, hmm, mm, mhm) go, and contractions
are written out (`won't`, `can't`, `n't`, `'re`, `'ll`, `'ve`, `'m`, `'d`; not `'s`, which is as
often a genitive), as in Whisper's normaliser (Radford et al., 2022, appendix C), whose tables of
British spellings, currencies and titles are not part of this.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import MissingPackageError
from tamis.frame import Texts, text_buffers
from tamis.kernels.letters import UNSPACED
from tamis.kernels.simplify import DROP, KEEP, OWN, SPACE, simplify, tables

Normalise = Literal["none", "basic", "da", "de", "en", "es", "fr", "it", "nl", "pt"]
LANGUAGES = ("da", "de", "en", "es", "fr", "it", "nl", "pt")
"""The languages whose number words are known; for any other take "basic"."""

_APOSTROPHES = frozenset("'’‘ʼ＇`´")
_LONGEST = 400  # words that text2num is given at a time
_HESITATIONS = re.compile(r"\b(?:uh|um|hmm|mm|mmm|mhm)\b")
_CONTRACTIONS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'d\b"), " would"),
)
_GROUPS = {
    language: re.compile(rf"(?<=\d){mark}(?=\d{{3}}(?!\d))")
    for language, mark in (
        ("en", ","), ("fr", "[ \u00a0\u202f]"), ("da", r"\."), ("de", r"\."), ("es", r"[. ]"),
        ("it", r"\."), ("nl", r"\."), ("pt", r"[. ]"),
    )
}  # fmt: skip


def normalised(texts: Texts, normalise: str, words: bool) -> Texts:
    """The texts normalised; for `words`, those of scripts without spaces have spaces around them.

    Nulls stay null.
    """
    if normalise == "none":
        return texts
    if normalise != "basic":
        texts = _rewritten(texts, _rule(normalise))
    array = pa.LargeStringArray.from_buffers(
        len(texts.valid), pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)
    )
    formed = text_buffers(pc.utf8_normalize(array, form="NFKC"))
    ends, rows = np.zeros(len(texts.valid) + 1, np.int64), np.arange(len(texts.valid))
    data = simplify(formed.data, formed.offsets, rows, *_table(), words, ends)
    data.flags.writeable = ends.flags.writeable = False
    return Texts(data, ends, texts.valid)


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tables(_becomes)


def _becomes(character: str) -> tuple[int, str]:
    """What is done with a character, and what stands in its place."""
    category = unicodedata.category(character)
    if character.isspace() or character == "\0":
        return SPACE, ""
    if character in _APOSTROPHES or category in ("Cs", "Cf"):
        return DROP, ""
    if category == "Nd":
        return KEEP, str(unicodedata.decimal(character))
    if category[0] in "LMN":
        code = ord(character)
        own = category[0] != "N" and any(low <= code <= high for low, high in UNSPACED)
        return (OWN if own else KEEP), character.casefold()
    return SPACE, ""


def _rewritten(texts: Texts, rule: Callable[[str], str]) -> Texts:
    """Each text by a rule of Python's, in lower case and with plain apostrophes before."""
    data, offsets = texts.data.data, texts.offsets.tolist()
    made = [
        rule(str(data[offsets[i] : offsets[i + 1]], "utf-8").lower().replace("’", "'"))
        for i in range(len(texts.valid))
    ]
    return text_buffers(pa.array(made, pa.large_string()))._replace(valid=texts.valid)


def _rule(language: str) -> Callable[[str], str]:
    try:
        from text_to_num import alpha2digit
    except ImportError as error:
        raise MissingPackageError(
            "number words need text2num: pip install 'tamis[audio]'; or normalise='basic'"
        ) from error
    groups = _GROUPS[language]

    def rule(text: str) -> str:
        if language == "en":
            text = _HESITATIONS.sub(" ", text)
            for pattern, replacement in _CONTRACTIONS if "'" in text else ():
                text = pattern.sub(replacement, text)
        text = groups.sub("", text)
        pieces = _pieces(text, lambda word: alpha2digit(word, language, threshold=0) != word)
        return " ".join(alpha2digit(piece, language, threshold=0) for piece in pieces)

    return rule


def _pieces(text: str, number: Callable[[str], bool]) -> list[str]:
    """A text in pieces of at most `_LONGEST` words: text2num takes the square of a row of numbers.

    Cut between two words of which neither is a number by itself, as in no number of several words;
    if there is no such place in the second half of a piece, at its end.
    """
    words = text.split() if len(text) > _LONGEST else []
    if len(words) <= _LONGEST:
        return [text]
    pieces, start = [], 0
    while len(words) - start > _LONGEST:
        end, before = start + _LONGEST, True
        for at in range(start + _LONGEST // 2, end):
            here = number(words[at])
            if not before and not here:
                end = at
                break
            before = here
        pieces.append(" ".join(words[start:end]))
        start = end
    return [*pieces, " ".join(words[start:])]
