"""The packaged cascades on real pages against slow Python: the same pages go, by the same rule."""

import functools
from itertools import chain

import fasttext
import pandas as pd
import pytest
import variant_reference as reference

import tamis
from tamis import Pipeline
from tamis.rowwise import explain
from tamis.segments import unique_names
from tamis.text.models import language_file

TOP = ((2, 0.20), (3, 0.18), (4, 0.16))
DUPLICATE = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))


def quality(text, v):
    """Gopher's quality rules, named as far as two are apart."""
    yield "word_count", 50 <= reference.word_count(text, v) <= 100_000
    length = reference.word_length(text, v)
    yield "word_length", length is not None and 3 <= length <= 10
    for symbol in ("hash", "ellipsis") if v in ("paper", "datatrove") else ("any",):
        yield "symbol_ratio", reference.symbol_ratio(text, v, symbol) <= 0.1
    yield "bullet_line", reference.bullet_ratio(text, v) <= 0.9
    yield "ellipsis_line", reference.ellipsis_ratio(text, v) <= 0.3
    yield "alphabetic_word", reference.alphabetic(text) >= 0.8
    yield "stop_word", reference.stop_words(text, v) >= 2


def repetition(text, v):
    lines = reference.repeated(text, v, "line")
    yield "duplicate_line_ratio", lines[0] <= 0.30
    if v == "dolma":
        yield "duplicate_line_char", lines[1] <= 0.30
    else:
        paragraphs = reference.repeated(text, v, "paragraph")
        yield "duplicate_paragraph_ratio", paragraphs[0] <= 0.30
        yield "duplicate_line_char", lines[1] <= 0.20
        yield "duplicate_paragraph_char", paragraphs[1] <= 0.20
    basis = "core" if v == "dclm" else "whitespace"
    for n, most in TOP:
        yield "top_ngram", reference.top_ngram(text, v, n, basis) <= most
    for n, most in DUPLICATE:
        yield "duplicate_ngram", reference.duplicate_ngrams(text, v, n, basis) <= most


load = functools.cache(fasttext.load_model)


def english(text):
    labels, scores = load(language_file()).predict(text.replace("\n", " "), k=176)
    yield "language", dict(zip(labels, scores, strict=True)).get("__label__en", 0) >= 0.65


def c4(text, terminal=True):
    left, lorem, bracket = reference.c4(text, terminal)
    yield "lorem", not lorem
    yield "curly", not bracket
    yield "sentence_count", bool(left.strip()) and reference.sentences(left) >= 5


def fineweb(text):
    yield from english(text)
    yield from repetition(text, "datatrove")
    yield from c4(text, terminal=False)
    left = reference.c4(text, terminal=False)[0]
    yield from quality(left, "datatrove")
    punctuated, short, duplicate, newlines = reference.fineweb(left)
    yield "punctuated", punctuated >= 0.12
    yield "short", short <= 0.67
    yield "fineweb_duplicate", duplicate <= 0.01
    yield "newline", newlines <= 0.3


def refinedweb(text):
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    yield from english(text)
    yield from quality(text, "dclm")
    yield from repetition(text, "dclm")
    yield "removed_word", reference.removed_words(text) <= 0.05


RECIPES = {
    "gopher": lambda t: chain(quality(t, "paper"), repetition(t, "paper")),
    "gopher@paper": lambda t: chain(quality(t, "paper"), repetition(t, "paper")),
    "gopher@datatrove": lambda t: chain(repetition(t, "datatrove"), quality(t, "datatrove")),
    "gopher@dclm": lambda t: chain(quality(t, "dclm"), repetition(t, "dclm")),
    "gopher@dolma": lambda t: chain(quality(t, "dolma"), repetition(t, "dolma")),
    "c4": c4,
    "fineweb": fineweb,
    "refinedweb": refinedweb,
}


@pytest.fixture(scope="module")
def pages():
    return tamis.datasets.demo().compute().reset_index(drop=True)[["id", "text"]]


def first_failure(rules):
    return next((name for name, passes in rules if not passes), None)


def judged(pages, name):
    """What each page was dropped by, None where it stays; deduplication left aside."""
    steps = [
        (own, step) for own, step in unique_names(Pipeline.from_yaml(name)) if not step.shuffles
    ]
    return explain(pages, steps).dropped_by.tolist()


def check(pages, name):
    for page, found in zip(pages.text, judged(pages, name), strict=True):
        found = None if pd.isna(found) else found
        if pd.isna(page) or not page.strip():
            assert found is not None
            continue
        wanted = first_failure(RECIPES[name](page))
        same = found == wanted or (wanted is not None and found is not None and wanted in found)
        assert same, (name, found, wanted, page[:200])


@pytest.mark.parametrize("name", RECIPES)
def test_same_pages_for_the_same_rule(pages, name):
    short = pages[pages.text.str.len().fillna(0) < 4000].iloc[::5]
    assert len(short) > 200
    check(short, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gopher@dolma", "fineweb", "refinedweb"])
def test_same_pages_for_the_same_rule_all(pages, name):
    check(pages, name)


def test_readings_differ_on_real_pages(pages):
    kept = {
        name: {k for k, by in zip(pages.id, judged(pages, name), strict=True) if pd.isna(by)}
        for name in ("gopher@paper", "gopher@datatrove", "gopher@dclm", "gopher@dolma")
    }
    assert len({frozenset(ids) for ids in kept.values()}) == 4
    assert all(len(ids) > 100 for ids in kept.values())


def test_fineweb_deduplicates_as_published():
    last = list(Pipeline.from_yaml("fineweb"))[-1]
    assert (last.kind, last.cut, last.scheme.ngram) == ("fuzzy", (14, 8), 5)
