"""Edits of line ends and whole lines."""

from __future__ import annotations

import re

import pandas as pd

from tamis.op import edit
from tamis.text.editing import holding, rewritten

_LF, _CRLF = re.compile(r"\n{3,}"), re.compile(r"(?:\r\n){3,}")


@edit()
def normalize_newlines(text: pd.Series) -> pd.Series:
    """Leave at most one blank line: three and more `\\n` become two, then the same of `\\r\\n`.

    Source: NeMo Curator, NewlineNormalizer; `newline_removal_modifier` of DCLM for `\\n`.

    >>> normalize_newlines("one\\n\\n\\n\\ntwo")
    'one\\n\\ntwo'
    """
    return rewritten(
        text,
        holding(text, "\n\n\n", "\r\n\r\n\r\n"),
        lambda value: _CRLF.sub("\r\n\r\n", _LF.sub("\n\n", value)),
    )


@edit()
def remove_lines(text: pd.Series, *, patterns: tuple[str, ...]) -> pd.Series:
    """Drop lines equal to one of `patterns` (plain strings, compared with the whole line).

    Lines end at `\\n`. Source: NeMo Curator, LineRemover.

    >>> remove_lines("Home\\nA story.\\nHome", patterns=("Home",))
    'A story.'
    """
    unwanted = frozenset(patterns)
    return rewritten(
        text,
        holding(text, *unwanted),
        lambda value: "\n".join(line for line in value.split("\n") if line not in unwanted),
    )
