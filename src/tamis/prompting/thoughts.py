"""Thoughts that a model writes before its answer, where the server leaves them in the text."""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection"
_WHOLE = re.compile(rf"\A\s*([<\[])({_NAMES})[>\]].*?\1/\2[>\]]\s*", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(rf"\A\s*[<\[](?:{_NAMES})[>\]]", re.IGNORECASE)
_ENDED = re.compile(rf"\A.*?</(?:{_NAMES})>[ \t]*(?:\r?\n\s*|\Z)", re.DOTALL | re.IGNORECASE)


def unthought(text: str) -> str:
    """An answer without the thoughts before it; "" where it never came to one.

    Thoughts stand between `<think>` and `</think>` (or `[THINK]`, `<reasoning>`, …) at the
    beginning. Templates that write the first of the two themselves leave only the second, at the
    end of a line. What stands so later in a text is left alone.

    >>> unthought("<think>\\nTwo and two…\\n</think>\\n\\nFour.")
    'Four.'
    >>> unthought("Two and two…\\n</think>\\n\\nFour."), unthought("<think>Two and two")
    ('Four.', '')
    >>> unthought("The tag <think> opens a thought, </think> closes it.")
    'The tag <think> opens a thought, </think> closes it.'
    """
    while found := _WHOLE.match(text):
        text = text[found.end() :]
    if _OPEN.match(text):
        return ""
    ended = _ENDED.match(text) if "</" in text else None
    if ended is not None and not _opens(ended.group()):
        return text[ended.end() :]
    return text


def _opens(thought: str) -> bool:
    """Whether a text has the beginning of a thought within it, so that its end is no surprise."""
    return re.search(rf"<(?:{_NAMES})>", thought, re.IGNORECASE) is not None
