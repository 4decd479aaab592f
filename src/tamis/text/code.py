"""What tells source code that is worth reading from data, markup and machine-made files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import code as kernel
from tamis.kernels.code_rules import LANGUAGES
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.op import measure, view
from tamis.spelling import meant
from tamis.text.code_extensions import limits
from tamis.text.tokenization import load
from tamis.text.views import Characters, arrays, share

_XML = "<?xml version="


class CodeLines(NamedTuple):
    """Per text: lines (newlines and one), characters, and characters of the longest line."""

    lines: np.ndarray
    characters: np.ndarray
    longest: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean length of a line, without what ends it."""
        return (self.characters + 1) / self.lines - 1


@view
def code_lines(utf8: Texts) -> CodeLines:
    """The lines of each text, blank ones too, and their lengths."""
    counts = np.empty((len(utf8.valid), 3), np.int64)
    kernel.lines(*arrays(utf8), counts)
    return CodeLines(counts[:, 0], counts[:, 1], counts[:, 2])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def comment_ratio(
    utf8: Texts,
    characters: Characters,
    lang: pd.Series | None = None,
    *,
    language: str | None = None,
) -> np.ndarray:
    """Share of the characters of source code that are in comments, their marks included.

    `language` is one of some sixty by the names of The Stack ("python", "c++", "common-lisp", …);
    without it the column `lang` says it row by row, and rows in another language have none. Of
    Python, docstrings count too. Comments are told from strings by the rules of each language, in
    one pass; code need not be complete. At least 0.01 and at most 0.8 in StarCoder (Li et al.,
    2023). NeMo Curator's PythonCommentToCodeFilter gives 0 to what Python cannot parse, its
    GeneralCommentToCodeFilter leaves the marks out.

    >>> comment_ratio("x = 1  # one\\n", language="python")
    0.38461538461538464
    """
    if language is not None and language not in LANGUAGES:
        hint = meant(language, LANGUAGES) or f" (has: {', '.join(LANGUAGES)})"
        raise SettingError(f"comment_ratio: no rules for language={language!r}{hint}")
    if language is not None:
        return share(_comments(utf8, language), characters.length)
    if lang is None:
        raise SettingError("comment_ratio needs language=…, or a column 'lang' with languages")
    found = np.full(len(utf8.valid), np.nan)
    names = lang.map(_stack_name, na_action=None).to_numpy(object)
    for name in set(names) & LANGUAGES.keys():
        rows = np.flatnonzero(names == name)
        found[rows] = share(_comments(utf8, name)[rows], characters.length[rows])
    return found


@measure(dtype="Int64", range=(1, float("inf")), null_where="blank")
def line_count(code_lines: CodeLines) -> np.ndarray:
    """How many lines a text has, blank ones too: newlines and one.

    10 to 20,000 by default, 5 to 20,000 in the recipe, of NeMo Curator's NumberOfLinesOfCodeFilter.

    >>> line_count("a\\n\\nb")
    3
    """
    return code_lines.lines


@measure(dtype="float64", range=(0, float("inf")), null_where="blank")
def mean_line_length(code_lines: CodeLines) -> np.ndarray:
    """Mean length of lines in characters, blank lines too.

    At most 100 in The Stack and StarCoder (Li et al., 2023).

    >>> mean_line_length("abc\\n\\nabc")
    2.0
    """
    return code_lines.mean


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def longest_line_length(code_lines: CodeLines) -> np.ndarray:
    """Length of the longest line, in characters.

    At most 1000 in The Stack and StarCoder (Li et al., 2023).

    >>> longest_line_length("abc\\nab")
    3
    """
    return code_lines.longest


@measure(dtype="float64", range=(0, 1), null_where="blank")
def alphabetic_ratio(utf8: Texts, characters: Characters) -> np.ndarray:
    """Share of characters that are alphabetic (the Unicode property).

    At least 0.25 in StarCoder, against tables and tensors in code. Source: NeMo Curator,
    AlphaFilter.

    >>> alphabetic_ratio("ab12")
    0.5
    """
    return share(_letters(utf8, classes()), characters.length)


@measure(dtype="boolean", null_where="blank")
def xml_header(text: pd.Series, *, within: int = 100) -> np.ndarray:
    """Whether an XML declaration opens in the first `within` characters, whatever the extension.

    Source: StarCoder (Li et al., 2023), by way of NeMo Curator's XMLHeaderFilter.

    >>> xml_header('<?xml version="1.0"?><a/>')
    True
    """
    return np.array([isinstance(v, str) and _XML in v[:within] for v in text.array], bool)


@measure(dtype="float64", range=(0, float("inf")), null_where="blank", heavy=True)
def characters_per_token(
    text: pd.Series, characters: Characters, *, tokenizer: str, revision: str | None = None
) -> np.ndarray:
    """Characters of a text over its tokens: how well a tokenizer fits it.

    `tokenizer` as for `text.token_count`. At least 2.5 by default of NeMo Curator's
    TokenizerFertilityFilter, 2 in its recipe. Needs `pip install 'tamis[tokens]'`.
    """
    found = np.zeros(len(text), np.int64)
    rows = np.flatnonzero(characters.length)
    if rows.size:
        found[rows] = load(tokenizer, revision).count(text.iloc[rows].tolist())
    return share(characters.length, found)


@measure(dtype="float64", range=(0, 1), null_where="blank", needs={"html": ("lxml",)})
def visible_text_ratio(text: pd.Series, blank: np.ndarray, *, min_length: int = 100) -> np.ndarray:
    """Share of an HTML page's characters that a reader sees: no tags, scripts, styles, comments.

    0 where fewer than `min_length` are seen. At least 0.2 in StarCoder. Read by lxml; NeMo
    Curator's HTMLBoilerplateFilter reads with Python's html.parser. Needs
    `pip install 'tamis[html]'`.

    >>> visible_text_ratio("<p>Ten chars.</p>", min_length=5)
    0.5882352941176471
    """
    from lxml import etree

    found = np.zeros(len(text))
    for row in np.flatnonzero(~blank):
        value = text.iloc[row]
        parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
        # what XML cannot hold ends a parse, and shows nothing
        tree = etree.fromstring(value.replace("\0", "").encode(), parser)
        if tree is None:
            continue
        seen = tree.xpath("string-length(string(/))") - sum(
            tree.xpath("string-length(string($part))", part=part)
            for part in tree.xpath("//script|//style")
        )
        if seen >= min_length:
            found[row] = min(1.0, seen / len(value))
    return found


@measure(dtype="boolean", null_where="blank")
def code_extension_fits(
    utf8: Texts, code_lines: CodeLines, characters: Characters, lang: pd.Series, ext: pd.Series
) -> np.ndarray:
    """Whether code keeps to what is known of files of its language and extension.

    The columns `lang` ("Python", "C#", …) and `ext` ("py"; without dot, null or "" for none) name a
    row of a table of 302 pairs by the BigCode project: some are never wanted, most have lines of at
    most 1000 characters, 100 on average, and at least a quarter of alphanumerics. What is not in
    the table does not fit. Source: StarCoder (Li et al., 2023), NeMo Curator's PerExtensionFilter.

    >>> code_extension_fits("print('hello')", "Python", "py")
    True
    """
    known, letters = limits(), _letters(utf8, letter_classes())
    found = np.zeros(len(utf8.valid), bool)
    for row, (name, extension) in enumerate(zip(lang.array, ext.array, strict=True)):
        extension = "" if pd.isna(extension) else str(extension).removeprefix(".")
        limit = known.get((_stack_name(name), extension))
        if limit is None or not limit.wanted or not characters.length[row]:
            continue
        size = characters.length[row]
        found[row] = (
            (
                limit.longest is None
                or (code_lines.longest[row] <= limit.longest and code_lines.mean[row] <= 100)
            )
            and characters.alphanumeric[row] >= (limit.alphanumeric or 0) * size
            and letters[row] >= (limit.alphabetic or 0) * size
        )
    return found


def _comments(utf8: Texts, language: str) -> np.ndarray:
    counts = np.empty(len(utf8.valid), np.int64)
    kernel.comments(*arrays(utf8), *kernel.rules(language), counts)
    return counts


def _letters(utf8: Texts, table: np.ndarray) -> np.ndarray:
    counts = np.empty(len(utf8.valid), np.int64)
    kernel.alphabetic(*arrays(utf8), table, counts)
    return counts


def _stack_name(language: object) -> str:
    """The name of a language as The Stack writes it."""
    if not isinstance(language, str):
        return ""
    name = language.lower().replace(" ", "-")
    return {"c#": "c-sharp", "f#": "f-sharp", "cpp": "c++"}.get(name, name)
