"""Edits of what marks text up: URLs, Markdown, quotation marks."""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd

from tamis.op import edit
from tamis.text.editing import holding, rewritten

_URL = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
# What each Markdown pattern leaves is its first group. The published ones take every pair of
# underscores for emphasis, and leave the address of a link; ours want a word's edge around
# emphasis, and leave what the link says.
_MARKDOWN = {
    "curator": {
        "**": r"\*\*(.*?)\*\*",
        "*": r"\*(.*?)\*",
        "_": r"_(.*?)_",
        "](": r"\[.*?\]\((.*?)\)",
    },
    "tamis": {
        "**": r"\*\*(?=\S)(.+?)(?<=\S)\*\*",
        "*": r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])",
        "__": r"(?<![\w_])__(?=\S)(.+?)(?<=\S)__(?![\w_])",
        "_": r"(?<![\w_])_(?=[^\s_])(.+?)(?<=[^\s_])_(?![\w_])",
        "](": r"(?<!!)\[([^][]*)\]\([^()\s]*\)",
    },
}
_COMPILED = {
    name: [(mark, re.compile(pattern)) for mark, pattern in found.items()]
    for name, found in _MARKDOWN.items()
}


@edit()
def remove_urls(text: pd.Series) -> pd.Series:
    """Cut out URLs: `http://`, `https://` or `www.` and all that follows up to white space.

    In either case. Source: NeMo Curator, UrlRemover.

    >>> remove_urls("See https://example.org/a?b for more")
    'See  for more'
    """
    found = holding(text, "://", "ww.", "wW.", "Ww.", "WW.")
    return rewritten(text, found, lambda value: _URL.sub("", value))


@edit()
def remove_markdown(
    text: pd.Series, *, variant: Literal["tamis", "curator"] = "tamis"
) -> pd.Series:
    """Take away the marks of Markdown emphasis and links, line by line.

    Of `[words](address)` the words stay. `variant="curator"` is NeMo Curator's MarkdownRemover: of
    a link the address stays, and any two underscores of a line go, also those of `snake_case_name`.

    >>> remove_markdown("A **bold** _word_ in some_file_name, [a link](https://a.org).")
    'A bold word in some_file_name, a link.'
    >>> remove_markdown("some_file_name, [a link](https://a.org)", variant="curator")
    'somefilename, https://a.org'
    """
    patterns = _COMPILED[variant]

    def plain(line: str) -> str:
        for mark, pattern in patterns:
            if line.count(mark) > (mark != "]("):
                line = pattern.sub(r"\1", line)
        return line

    return rewritten(
        text,
        holding(text, "*", "_", "]("),
        lambda value: "\n".join(map(plain, value.split("\n"))),
    )


@edit()
def remove_quotation_marks(text: pd.Series) -> pd.Series:
    """Cut the `"` at both ends of a text that is one quotation.

    Only where something stands between them; and where the text has several lines, only if the
    first does not itself end with `"` (then it is dialogue). White space around the quotation
    stays and does not hide it. Source: NeMo Curator, QuotationRemover.

    >>> remove_quotation_marks('"All of it."')
    'All of it.'
    """

    def unquoted(value: str) -> str:
        inner = value.strip()
        if len(inner) <= 2 or inner[0] != '"' or inner[-1] != '"':
            return value
        if "\n" in inner and inner.split("\n", 1)[0].rstrip("\r").endswith('"'):
            return value
        start = value.index('"')
        return value[:start] + inner[1:-1] + value[start + len(inner) :]

    return rewritten(text, holding(text, '"'), unquoted)
