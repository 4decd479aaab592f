"""Text: what can be measured in it. Every name here is an op, `text.<name>` in a recipe."""

from tamis.text.characters import (
    non_alphanumeric_ratio,
    number_ratio,
    parentheses_ratio,
    whitespace_ratio,
)
from tamis.text.lines import (
    boilerplate_ratio,
    bullet_line_ratio,
    distinct_line_char_ratio,
    distinct_line_ratio,
    distinct_paragraph_char_ratio,
    distinct_paragraph_ratio,
    ellipsis_line_ratio,
    unpunctuated_line_ratio,
)
from tamis.text.repetition import duplicate_ngram_ratio, top_ngram_ratio
from tamis.text.substrings import contains, pornographic_url, url_ratio
from tamis.text.words import (
    alphabetic_word_ratio,
    common_english_word_count,
    longest_word_length,
    mean_word_length,
    symbol_to_word_ratio,
    word_count,
)

__all__ = [
    "alphabetic_word_ratio",
    "boilerplate_ratio",
    "bullet_line_ratio",
    "common_english_word_count",
    "contains",
    "distinct_line_char_ratio",
    "distinct_line_ratio",
    "distinct_paragraph_char_ratio",
    "distinct_paragraph_ratio",
    "duplicate_ngram_ratio",
    "ellipsis_line_ratio",
    "longest_word_length",
    "mean_word_length",
    "non_alphanumeric_ratio",
    "number_ratio",
    "parentheses_ratio",
    "pornographic_url",
    "symbol_to_word_ratio",
    "top_ngram_ratio",
    "unpunctuated_line_ratio",
    "url_ratio",
    "whitespace_ratio",
    "word_count",
]
