"""datatrove: Gopher quality and repetition and FineWeb quality filters on documents in memory.

Setting "whitespace": words by str.split, the cheapest there is. Setting "default": words as shipped
(its English word tokeniser). The thresholds are opened so that every statistic is computed: a
filter otherwise stops at the first failure, which measures less.
"""

from __future__ import annotations

import scoring
from datatrove.data import Document
from datatrove.pipeline.filters import (
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
documents = [Document(text=text, id=str(i)) for i, text in enumerate(column.to_pylist())]
MOST = 10**9

if chosen.setting == "whitespace":
    for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
        module.split_into_words = lambda text, language=None: text.split()

filters = [
    GopherQualityFilter(
        min_doc_words=-1, max_doc_words=MOST, min_avg_word_length=-1, max_avg_word_length=MOST,
        max_symbol_word_ratio=MOST, max_bullet_lines_ratio=MOST, max_ellipsis_lines_ratio=MOST,
        max_non_alpha_words_ratio=-1, min_stop_words=-1,
    ),
    GopherRepetitionFilter(
        dup_line_frac=MOST, dup_para_frac=MOST, dup_line_char_frac=MOST, dup_para_char_frac=MOST,
        top_n_grams=tuple((n, MOST) for n in (2, 3, 4)),
        dup_n_grams=tuple((n, MOST) for n in range(5, 11)),
    ),
    FineWebQualityFilter(
        line_punct_thr=-1, short_line_thr=MOST, char_duplicates_ratio=MOST, new_line_ratio=MOST
    ),
]  # fmt: skip
for each in filters:
    each.filter(documents[0])  # loads the tokeniser


def work() -> None:
    for each in filters:
        for document in documents:
            each.filter(document)


scoring.timed(work, column, chosen)
