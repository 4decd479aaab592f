"""Which measures of text have a version for cuDF: those of which a device makes all views.

The version is the measure's own function, given the views of `card_views`, so the formula is one.
All others take the columns by way of the host.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from tamis.op import Op
from tamis.text import (
    c4,
    characters,
    code,
    fineweb,
    gopher,
    gopher_repetition,
    lines,
    repetition,
    substrings,
    words,
)
from tamis.text import card_views as _card_views  # noqa: F401  fills `CARD_VIEWS`
from tamis.text.array_counts import CARD_VIEWS, TextArrays
from tamis.text.segment import UNSPACED
from tamis.text.views import ORDERS, REPEATED, TOPS

Settings = Mapping[str, Any]


def spaced(settings: Settings) -> bool:
    """Whether words of a language stand between spaces."""
    return str(settings.get("language", "en")).lower() not in UNSPACED


def _of(orders: range) -> Callable[[Settings], bool]:
    """Whether n-grams are of an order that is counted anyway."""
    return lambda settings: spaced(settings) and settings["n"] in orders


def named(settings: Settings) -> bool:
    """Whether URLs are found by one of the patterns that have names."""
    return settings["pattern"] in ("url", "curator")


def version(op: Op) -> Callable[..., Any]:
    """A measure as a function of `TextArrays`."""
    defaults = {k: v for k, v in op.settings.items() if v is not inspect.Parameter.empty}

    def of(utf8: TextArrays, **given: Any) -> Any:
        settings = defaults | given
        return op.function(
            *(utf8.view(name, settings) for name in op.inputs),
            **{k: v for k, v in settings.items() if k in own},
        )

    own = inspect.signature(op.function).parameters
    kind = inspect.Parameter
    of.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [kind("utf8", kind.POSITIONAL_OR_KEYWORD)]
        + [kind(k, kind.KEYWORD_ONLY, default=v) for k, v in op.settings.items()]
    )
    return of


VERSIONS: dict[Callable[[Settings], bool], tuple[Op, ...]] = {
    spaced: (
        characters.character_count, characters.non_alphanumeric_ratio, characters.number_ratio,
        characters.whitespace_ratio, characters.parentheses_ratio,
        words.word_count, words.mean_word_length, words.longest_word_length,
        words.alphabetic_word_ratio, words.symbol_to_word_ratio, words.common_english_word_count,
        lines.distinct_line_ratio, lines.distinct_paragraph_ratio, lines.distinct_line_char_ratio,
        lines.distinct_paragraph_char_ratio, lines.bullet_line_ratio, lines.unpunctuated_line_ratio,
        lines.ellipsis_line_ratio, lines.boilerplate_ratio,
        code.line_count, code.mean_line_length, code.longest_line_length,
        gopher.gopher_word_count, gopher.gopher_word_length, gopher.gopher_symbol_ratio,
        gopher.gopher_bullet_line_ratio, gopher.gopher_ellipsis_line_ratio,
        gopher.gopher_alphabetic_word_ratio, gopher.gopher_stop_word_count,
        gopher_repetition.gopher_duplicate_line_ratio,
        gopher_repetition.gopher_duplicate_line_char_ratio,
        gopher_repetition.gopher_duplicate_paragraph_ratio,
        gopher_repetition.gopher_duplicate_paragraph_char_ratio,
        c4.c4_lorem_ipsum, c4.c4_curly_bracket, c4.sentence_count, c4.long_line_count,
        fineweb.fineweb_punctuated_line_ratio, fineweb.fineweb_short_line_ratio,
        fineweb.fineweb_duplicate_line_char_ratio, fineweb.fineweb_newline_ratio,
    ),
    _of(ORDERS): (repetition.top_ngram_ratio, repetition.duplicate_ngram_ratio),
    _of(TOPS): (gopher_repetition.gopher_top_ngram_ratio,),
    _of(REPEATED): (gopher_repetition.gopher_duplicate_ngram_ratio,),
    named: (substrings.url_ratio, substrings.pornographic_url),
}  # fmt: skip

for _when, _ops in VERSIONS.items():
    for _op in _ops:
        if not set(_op.inputs) <= set(CARD_VIEWS):
            raise ImportError(f"{_op.name}: no view {set(_op.inputs) - set(CARD_VIEWS)} on a card")
        _op.specialize("cudf", when=_when, views={"utf8": lambda texts: texts})(version(_op))
