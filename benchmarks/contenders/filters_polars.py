"""polars expressions, ours, for the statistics that expressions can give.

Setting "counters": twelve counters that count_matches can tell, in one select. Setting "curator":
the 18 statistics of curator-en that expressions give. Setting "ngrams": those, and the top 2-, 3-
and 4-gram by explode and group-by. Duplicate n-grams and boilerplate are not expressible.
"""

from __future__ import annotations

import polars as pl
import scoring

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
texts = pl.from_arrow(column).alias("text").to_frame()

text = pl.col("text")
size = text.str.len_chars()
word_count = text.str.count_matches(r"\S+")
line_count = text.str.count_matches(r"\n") + 1
spaces = text.str.count_matches(r"\s")

counters = {
    "non_alphanumeric": text.str.count_matches(r"[^\p{L}\p{N}]") / size,
    "digits": text.str.count_matches(r"\p{Nd}") / size,
    "whitespace": spaces / size,
    "parentheses": text.str.count_matches(r"[(){}\[\]]") / size,
    "words": word_count,
    "mean_word": (size - spaces) / word_count,
    "symbols": text.str.count_matches(r"(?:^|\s)(?:#+|\.\.\.|…)") / word_count,
    "alphabetic": text.str.count_matches(r"\p{L}\S*") / word_count,
    "common": text.str.count_matches(r"\b(?:the|be|to|of|and|that|have|with)\b"),
    "bullets": text.str.count_matches(r"(?m)^[ \t]*[•‣*-]") / line_count,
    "ellipsis": text.str.count_matches(r"(?m)(?:\.\.\.|…)[ \t]*$") / line_count,
    "unpunctuated": 1 - text.str.count_matches(r'(?m)[.?!"][ \t]*$') / line_count,
}

words, lines, paragraphs = pl.col("words"), pl.col("lines"), pl.col("paragraphs")
word = line = pl.element()
visible = line.str.strip_chars()


def share(of: pl.Expr, condition: pl.Expr) -> pl.Expr:
    return of.list.eval(condition).list.mean()


def distinct_chars(of: pl.Expr) -> pl.Expr:
    characters = pl.element().str.len_chars()
    kept = of.list.unique().list.eval(characters).list.sum()
    return kept / of.list.eval(characters).list.sum()


curator = {
    "non_alphanumeric": 1 - text.str.count_matches(r"[a-zA-Z0-9\n?!,.]") / size,
    "symbols": share(
        words,
        word.is_in(["...", "[...]", "…", "(...)", "[…]", "-»"])
        | (word.str.count_matches("#+") * 2 > word.str.len_chars()),
    ),
    "numbers": text.str.count_matches("[0-9]") / size,
    "urls": text.str.extract_all(r"https?://[$-_a-z!]+").list.join("").str.len_chars() / size,
    "white_space": text.str.count_matches(r"[\t\n\r\x08 ]") / size,
    "parentheses": text.str.count_matches(r"[{}\[\]()⟨⟩]") / size,
    "distinct_lines": lines.list.n_unique() / lines.list.len(),
    "distinct_paragraphs": paragraphs.list.n_unique() / paragraphs.list.len(),
    "distinct_line_chars": distinct_chars(lines),
    "distinct_paragraph_chars": distinct_chars(paragraphs),
    "word_count": words.list.len(),
    "unpunctuated": share(lines, ~visible.str.contains(r"[.?!\"']$")),
    "alphabetic": share(words, word.str.contains(r"\p{Alphabetic}")),
    "common": words.list.eval(
        word.is_in(["the", "be", "to", "of", "and", "that", "have", "with"])
    ).list.sum(),
    "mean_word_length": words.list.eval(word.str.len_chars()).list.mean(),
    "longest_word": words.list.eval(word.str.len_chars()).list.max(),
    "ellipses": share(
        lines,
        visible.str.to_lowercase().str.contains(
            r"(\.\.\.|\[\.\.\.\]|…|\(\.\.\.\)|\[…\]|-»|read more(\.\.)?)$"
        ),
    ),
    "bullets": share(lines, visible.str.contains("^[•‣⁃⁌⁍∙○●◘◦⦾⦿]")),
}


def top_ngrams(n: int) -> pl.DataFrame:
    flat = (
        texts.lazy()
        .with_row_index("row")
        .select("row", word=text.str.extract_all(r"\S+"))
        .explode("word")
    )
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


def ratios() -> pl.DataFrame:
    parts = texts.lazy().with_columns(
        words=text.str.extract_all(r"[^\s\x1c-\x1f]+"),
        lines=text.str.split("\n").list.eval(line.filter(visible.str.len_bytes() > 0)),
        paragraphs=text.str.split("\n\n"),
    )
    return parts.select(**curator).collect()


def work() -> dict:
    found = texts.select(**counters) if chosen.setting == "counters" else ratios()
    if chosen.setting == "ngrams":
        for n in (2, 3, 4):
            top_ngrams(n)
    return {name: found[name].to_arrow() for name in found.columns}


scoring.timed(work, column, chosen)
