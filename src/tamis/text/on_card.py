"""Which measures of text have a version for cuDF: those of counts that array code makes.

Their own functions divide what is counted on the device, so the formula is one. All others take the
columns by way of the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from tamis.text import characters, code, lines, words
from tamis.text.segment import UNSPACED


def spaced(settings: Mapping[str, Any]) -> bool:
    """Whether words of a language stand between spaces."""
    return str(settings.get("language", "en")).lower() not in UNSPACED


for _op in (
    characters.character_count, characters.non_alphanumeric_ratio, characters.number_ratio,
    characters.whitespace_ratio, characters.parentheses_ratio,
):  # fmt: skip
    _op.specialize("cudf", views={"characters": attrgetter("characters")})(_op.function)
for _op in (
    words.word_count, words.mean_word_length, words.longest_word_length,
    words.alphabetic_word_ratio, words.symbol_to_word_ratio, words.common_english_word_count,
):  # fmt: skip
    _op.specialize("cudf", when=spaced, views={"words": attrgetter("words")})(_op.function)
for _op in (lines.bullet_line_ratio, lines.unpunctuated_line_ratio):
    _op.specialize("cudf", views={"lines": attrgetter("lines")})(_op.function)
for _op in (code.line_count, code.mean_line_length, code.longest_line_length):
    _op.specialize("cudf", views={"code_lines": attrgetter("code_lines")})(_op.function)
