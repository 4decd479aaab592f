"""Policy notices and filler text taken out by paragraph."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pandas as pd

from tamis.kernels.phrases import POLICIES
from tamis.op import edit
from tamis.text.editing import rewritten

_BREAK = re.compile(
    r"(\r?\n(?:[^\S\n]*\r?\n)+)"
)  # a newline, then lines without a visible character


@edit()
def remove_boilerplate(
    text: pd.Series,
    notices: np.ndarray,
    *,
    at: Literal["edges", "anywhere"] = "edges",
    variant: Literal["tamis", "curator"] = "tamis",
) -> pd.Series:
    """Take out paragraphs with a policy notice ("terms of use", "uses cookies", …).

    At the edges: those at the top and at the bottom of a text, with nothing else before or after
    them; anywhere: all of them. Blank paragraphs and the kind of line end make no difference. A
    text that is nothing else becomes empty, and so does one with "lorem ipsum" in it.

    `variant="curator"` is NeMo Curator's BoilerPlateStringModifier: paragraphs are split at
    `\\n\\n`; the notices go only if their paragraphs follow one another and include the first or
    the last (so that a blank paragraph at the end hides a notice, and a text of notices alone
    stays); and "anywhere" empties a text with any notice.

    >>> remove_boilerplate("A story.\\n\\nThis site uses cookies.\\n")
    'A story.'
    """
    change = {
        "tamis": _without_edges if at == "edges" else _without_any,
        "curator": _curator_edges if at == "edges" else _curator_any,
    }[variant]
    return rewritten(text, np.asarray(notices.any(axis=1)), change)


def _is_notice(paragraph: str) -> bool:
    lowered = paragraph.lower()
    return any(notice in lowered for notice in POLICIES)


def _is_filler(text: str) -> bool:
    return "lorem ipsum" in text.lower()


def _without_edges(text: str) -> str:
    if _is_filler(text):
        return ""
    parts = _BREAK.split(text)  # paragraphs, and between them what separates them
    passing = [not part.strip() or _is_notice(part) for part in parts]
    low, high = 0, len(parts)
    while low < high and passing[low]:
        low += 1
    while high > low and passing[high - 1]:
        high -= 1
    if not any(map(_is_notice, parts[:low])):
        low = 0
    if not any(map(_is_notice, parts[high:])):
        high = len(parts)
    return "".join(parts[low:high])


def _without_any(text: str) -> str:
    if _is_filler(text):
        return ""
    parts = _BREAK.split(text)
    if not any(map(_is_notice, parts[::2])):
        return text
    kept = [k for k in range(0, len(parts), 2) if not _is_notice(parts[k])]
    # the break before a paragraph goes with it where the paragraph itself is gone
    return "".join(parts[k] if k == kept[0] else parts[k - 1] + parts[k] for k in kept)


def _curator_edges(text: str) -> str:
    if _is_filler(text):
        return ""
    paragraphs = text.split("\n\n")
    found = [k for k, paragraph in enumerate(paragraphs) if _is_notice(paragraph)]
    if not found or len(found) == len(paragraphs):
        return text
    follow = found[-1] - found[0] + 1 == len(found)
    if not follow or not (found[0] == 0 or found[-1] == len(paragraphs) - 1):
        return text
    return "\n\n".join(p for k, p in enumerate(paragraphs) if k not in found)


def _curator_any(text: str) -> str:
    return "" if _is_filler(text) or any(map(_is_notice, text.split("\n\n"))) else text
