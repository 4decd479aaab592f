"""The statistics of curator-en that polars can express: all but boilerplate and n-grams."""

import os

os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl
from statistics_input import arguments, texts, timed

chosen = arguments()
column = texts(chosen.input, chosen.megabytes)
frame = pl.DataFrame({"text": pl.from_arrow(column)})
text = pl.col("text")
length = text.str.len_chars()
words, lines, paragraphs = pl.col("words"), pl.col("lines"), pl.col("paragraphs")
word, line = pl.element(), pl.element()
visible = line.str.strip_chars()


def share(of: pl.Expr, condition: pl.Expr) -> pl.Expr:
    return of.list.eval(condition).list.mean()


def distinct_chars(of: pl.Expr) -> pl.Expr:
    characters = pl.element().str.len_chars()
    kept = of.list.unique().list.eval(characters).list.sum()
    return kept / of.list.eval(characters).list.sum()


EXPRESSIONS = {
    "non_alphanumeric": 1 - text.str.count_matches(r"[a-zA-Z0-9\n?!,.]") / length,
    "symbols": share(
        words,
        word.is_in(["...", "[...]", "…", "(...)", "[…]", "-»"])
        | (word.str.count_matches("#+") * 2 > word.str.len_chars()),
    ),
    "numbers": text.str.count_matches("[0-9]") / length,
    "urls": text.str.extract_all(r"https?://[$-_a-z!]+").list.join("").str.len_chars() / length,
    "white_space": text.str.count_matches(r"[\t\n\r\x08 ]") / length,
    "parentheses": text.str.count_matches(r"[{}\[\]()⟨⟩]") / length,
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


def statistics() -> pl.DataFrame:
    parts = frame.lazy().with_columns(
        words=text.str.extract_all(r"[^\s\x1c-\x1f]+"),
        lines=text.str.split("\n").list.eval(line.filter(visible.str.len_bytes() > 0)),
        paragraphs=text.str.split("\n\n"),
    )
    return parts.select(**EXPRESSIONS).collect()


scores = timed(statistics, column, chosen.repeats)
if chosen.scores:
    scores.write_parquet(chosen.scores)
