"""nemo-curator: the 28 heuristic filters of its English recipe, one after another, scores only.

`score_document` is called directly: the pipeline's tasks, Ray and data frames around it are left
out, in the peer's favour.
"""

from __future__ import annotations

import scoring
from nemo_curator.stages.text.filters.heuristic import (
    BoilerPlateStringFilter,
    BulletsFilter,
    CommonEnglishWordsFilter,
    EllipsisFilter,
    LongWordFilter,
    MeanWordLengthFilter,
    NonAlphaNumericFilter,
    NumbersFilter,
    ParenthesesFilter,
    PunctuationFilter,
    SymbolsToWordsFilter,
    UrlsFilter,
    WhiteSpaceFilter,
    WordCountFilter,
    WordsWithoutAlphabetsFilter,
)
from nemo_curator.stages.text.filters.heuristic.repetition import (
    RepeatedLinesByCharFilter,
    RepeatedLinesFilter,
    RepeatedParagraphsByCharFilter,
    RepeatedParagraphsFilter,
    RepeatingDuplicateNGramsFilter,
    RepeatingTopNGramsFilter,
)

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
texts = column.to_pylist()
FILTERS = {
    "non_alphanumeric_ratio": NonAlphaNumericFilter(),
    "symbol_to_word_ratio": SymbolsToWordsFilter(),
    "number_ratio": NumbersFilter(),
    "url_ratio": UrlsFilter(),
    "whitespace_ratio": WhiteSpaceFilter(),
    "parentheses_ratio": ParenthesesFilter(),
    "boilerplate_ratio": BoilerPlateStringFilter(),
    "distinct_line_ratio": RepeatedLinesFilter(),
    "distinct_paragraph_ratio": RepeatedParagraphsFilter(),
    "distinct_line_char_ratio": RepeatedLinesByCharFilter(),
    "distinct_paragraph_char_ratio": RepeatedParagraphsByCharFilter(),
    "word_count": WordCountFilter(),
    "unpunctuated_line_ratio": PunctuationFilter(),
    "alphabetic_word_ratio": WordsWithoutAlphabetsFilter(),
    "common_english_word_count": CommonEnglishWordsFilter(stop_at_false=False),
    "mean_word_length": MeanWordLengthFilter(),
    "longest_word_length": LongWordFilter(),
    "ellipsis_line_ratio": EllipsisFilter(),
    "bullet_line_ratio": BulletsFilter(),
    **{f"top_ngram_ratio_{n}": RepeatingTopNGramsFilter(n=n) for n in (2, 3, 4)},
    **{f"duplicate_ngram_ratio_{n}": RepeatingDuplicateNGramsFilter(n=n) for n in range(5, 11)},
}


def work() -> dict[str, list[float]]:
    return {name: [f.score_document(t) for t in texts] for name, f in FILTERS.items()}


scoring.timed(work, column, chosen)
