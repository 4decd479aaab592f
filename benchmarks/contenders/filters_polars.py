"""polars expressions, ours: the counters of the published rules, and the most frequent n-gram.

Setting "counters": what count_matches can tell, in one select. Setting "ratios": URLs, the longest
word, distinct lines and paragraphs besides. Setting "ngrams": the top 2-, 3- and 4-gram besides, by
explode and group-by. Duplicate n-grams are not expressible.
"""

from __future__ import annotations

import polars as pl
import scoring

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
texts = pl.from_arrow(column).alias("text").to_frame()

text = pl.col("text")
size = text.str.len_chars()
words = text.str.extract_all(r"\S+")
lines = text.str.split("\n")
paragraphs = text.str.split("\n\n")
word_count = text.str.count_matches(r"\S+")
line_count = text.str.count_matches(r"\n") + 1
spaces = text.str.count_matches(r"\s")

counters = {
    "non_alphanumeric": text.str.count_matches(r"[^\p{L}\p{N}]") / size,
    "digits": text.str.count_matches(r"\p{Nd}") / size,
    "whitespace": spaces / size,
    "parentheses": text.str.count_matches(r"[(){}\[\]]") / size,
    "url": text.str.extract_all(r"https?://\S+").list.join("").str.len_chars() / size,
    "words": word_count,
    "mean_word": (size - spaces) / word_count,
    "longest_word": words.list.eval(pl.element().str.len_chars().max()).list.first(),
    "symbols": text.str.count_matches(r"(?:^|\s)(?:#+|\.\.\.|…)") / word_count,
    "alphabetic": text.str.count_matches(r"\p{L}\S*") / word_count,
    "common": text.str.count_matches(r"\b(?:the|be|to|of|and|that|have|with)\b"),
    "bullets": text.str.count_matches(r"(?m)^[ \t]*[•‣*-]") / line_count,
    "ellipsis": text.str.count_matches(r"(?m)(?:\.\.\.|…)[ \t]*$") / line_count,
    "unpunctuated": 1 - text.str.count_matches(r'(?m)[.?!"][ \t]*$') / line_count,
    "distinct_lines": lines.list.n_unique() / line_count,
    "distinct_paragraphs": paragraphs.list.n_unique() / paragraphs.list.len(),
}


SLOW = ("url", "longest_word", "distinct_lines", "distinct_paragraphs")


def top_ngrams(n: int) -> pl.DataFrame:
    flat = texts.lazy().with_row_index("row").select("row", word=words).explode("word")
    gram = pl.concat_str([pl.col("word").shift(-k) for k in range(n)], separator=" ")
    return (
        flat.with_columns(gram=gram, inside=pl.col("row") == pl.col("row").shift(1 - n))
        .filter("inside")
        .group_by("row", "gram")
        .len()
        .group_by("row")
        .agg((pl.col("gram").str.len_chars() * pl.col("len")).max().alias(f"top{n}"))
        .collect()
    )


def work() -> dict:
    asked = {k: v for k, v in counters.items() if chosen.setting != "counters" or k not in SLOW}
    found = texts.select(**asked)
    if chosen.setting == "ngrams":
        for n in (2, 3, 4):
            top_ngrams(n)
    return {name: found[name].to_arrow() for name in found.columns}


scoring.timed(work, column, chosen.output)
