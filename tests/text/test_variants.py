"""Every variant measure and line rule against slow Python, on texts of every script."""

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import hard_texts
import numpy as np
import pandas as pd
import variant_reference as reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.kernels.letter_classes import TERMINAL, letter_classes
from tamis.viewing import Views

READINGS = ("paper", "datatrove", "dclm", "dolma")
PIECES = [
    "[1]", "[12][edit]", "[citation needed]", "[]", "[x]", "[١]", "a line that ends here.",
    "one two three", "one two three!", "Is it? Yes.", "12 likes", "(1,2.5k views)", "3 Views.",
    "4 viewers", "٣ shares", "12K\u3000followers!", "7 m likes", "likes", "items in cart",
    "3 ITEMS IN CART", "Read more...", "read more…", "Read more", "Sign-in",
    "sign-in now please",
    "Sign-in Read more...", "MENU", "MENU and more", "ÉÉÉ éé", "123", "12 34", "٣٤", "²", "①", "½",
    "Enable JavaScript please.", "javascript",
    "see our Privacy Policy now.", "We use cookies here.",
    "open { close.", "{", "lorem ipsum dolor sit.", ". . .", ". . . .", "....",
    "......", "… …",
    "a#…", "#a #b", "- x", " - x", "* x", "●x", "Mr. Smith met J. Doe.", "e.g. this one",
    "No. 5 is here.", "”.", "Wait...", "What?!\u201d she said.", "好。再见。",
    "はい！？そう」", "។ ៖ ៗ",
    "The the THE the", "to be with that have and of", "ab c a bc ab c", "a" * 1001, "é" * 300,
    "b" * 255 + " " + "b" * 256, "(word)", "--", "«word»", "can't.", "'", '"', "x'", "same line",
    "same line", "  same line", "same line ", "\x1c", "\x85", "\u2028", "\x0b", "\r", "\r\n", "\n",
    "\n\n", "\n\n\n", "Ⅷ", "ⓐⓑ", "ा", "一二三", "\u212aings uses coo\u212aies",
]  # fmt: skip


def cases():
    """Measure, settings, and what it must give."""
    for v in READINGS:
        yield "gopher_word_count", {"variant": v}, lambda t, v=v: reference.word_count(t, v)
        yield "gopher_word_length", {"variant": v}, lambda t, v=v: reference.word_length(t, v)
        for s in ("hash", "ellipsis", "any"):
            yield (
                "gopher_symbol_ratio", {"variant": v, "symbol": s},
                lambda t, v=v, s=s: reference.symbol_ratio(t, v, s),
            )  # fmt: skip
        yield "gopher_stop_word_count", {"variant": v}, lambda t, v=v: reference.stop_words(t, v)
        yield (
            "gopher_bullet_line_ratio",
            {"variant": v},
            lambda t, v=v: reference.bullet_ratio(t, v),
        )
        yield (
            "gopher_ellipsis_line_ratio", {"variant": v},
            lambda t, v=v: reference.ellipsis_ratio(t, v),
        )  # fmt: skip
        for kind in ("line", "paragraph") if v != "dolma" else ("line",):
            for k, name in enumerate((f"duplicate_{kind}", f"duplicate_{kind}_char")):
                yield (
                    f"gopher_{name}_ratio", {"variant": v},
                    lambda t, v=v, kind=kind, k=k: reference.repeated(t, v, kind)[k],
                )  # fmt: skip
        for basis in ("whitespace", "core"):
            for n in (2, 3, 5, 10, 12):
                how = {"variant": v, "basis": basis, "n": n}
                yield (
                    "gopher_top_ngram_ratio", how,
                    lambda t, v=v, b=basis, n=n: reference.top_ngram(t, v, n, b),
                )  # fmt: skip
                yield (
                    "gopher_duplicate_ngram_ratio", how,
                    lambda t, v=v, b=basis, n=n: reference.duplicate_ngrams(t, v, n, b),
                )  # fmt: skip
    yield "gopher_alphabetic_word_ratio", {}, reference.alphabetic
    for terminal in (True, False):
        how = {"terminal_punctuation": terminal}
        yield "c4_lorem_ipsum", how, lambda t, p=terminal: reference.c4(t, p)[1]
        yield "c4_curly_bracket", how, lambda t, p=terminal: reference.c4(t, p)[2]
    yield "sentence_count", {}, reference.sentences
    yield (
        "long_line_count", {"min_length": 20},
        lambda t: sum(len(line) >= 20 and not line.isspace() for line in t.split("\n")),
    )  # fmt: skip
    for strip in (True, False):
        yield (
            "fineweb_punctuated_line_ratio", {"strip": strip},
            lambda t, s=strip: reference.fineweb(t, s)[0],
        )  # fmt: skip
    names = ("short_line_ratio", "duplicate_line_char_ratio", "newline_ratio")
    for k, name in enumerate(names):
        yield f"fineweb_{name}", {}, lambda t, k=k: reference.fineweb(t)[k + 1]
    yield "refinedweb_removed_word_ratio", {}, reference.removed_words


CASES = list(cases())
EDITS = [
    ("c4_lines", {}, lambda t: reference.c4(t)[0]),
    ("c4_lines", {"terminal_punctuation": False}, lambda t: reference.c4(t, terminal=False)[0]),
    (
        "c4_lines", {"terminal_punctuation": False, "min_words": 0, "max_word_length": 7},
        lambda t: reference.c4(t, terminal=False, min_words=0, max_word_length=7)[0],
    ),
    (
        "c4_lines",
        {"terminal_punctuation": False, "citations": True, "javascript": True, "policy": True},
        lambda t: reference.c4(t, False, citations=True, javascript=True, policy=True)[0],
    ),
    ("refinedweb_lines", {}, reference.refinedweb),
]  # fmt: skip


def some_text(seed):
    """Pieces that the rules look for among words of every script."""
    rng = random.Random(seed)
    if seed % 3 == 0:
        return hard_texts.some_text(seed)
    pool = rng.sample(PIECES, rng.choice((1, 2, 4, 12, 40)))
    pool += [hard_texts.some_word(rng) for _ in range(rng.choice((0, 1, 3, 10)))]
    between = rng.choice(([" "], ["\n"], [" ", "\n"], hard_texts.SEPARATORS, [" ", "\n\n", "\r\n"]))
    pieces = []
    for _ in range(rng.choice((1, 2, 4, 8, 20, 80))):
        pieces += [rng.choice(pool), rng.choice(between)]
    return "".join(pieces[: -rng.choice((0, 1))] or pieces)


def check(texts):
    """Each measure and edit of each text equals the reference; blank texts measure null."""
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str")})
    views, on = Views(frame), {"text": "text"}
    for name, how, rule in [*CASES, *EDITS]:
        op = getattr(text, name)
        found = op.column(views, on, op.check(how)).astype(object)
        for value, one in zip(found, texts, strict=True):
            value = None if pd.isna(value) else value
            if one is None or (op.kind == "measure" and not one.strip()):
                assert value is None, (name, how, one)
            elif op.kind == "edit" or value is None:
                assert value == rule(one), (name, how, one)
            else:
                assert abs(float(value) - float(rule(one))) < 1e-9, (name, how, one)


def test_every_reading_on_many_texts():
    texts = [some_text(seed) for seed in range(400)]
    pairs = map("\n".join, itertools.pairwise(PIECES))
    check([*texts, None, "", " \n ", *PIECES, *pairs])


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(st.sampled_from([*PIECES, " ", "\n", ".", "a"]) | st.text(max_size=6), max_size=25)
        .map("".join)
        .map(lambda t: t.encode("utf-8", "replace").decode()),
        max_size=6,
    )
)
def test_every_reading_on_generated_texts(texts):
    check(texts)


def test_every_mark_that_ends_sentences_is_found():
    marks = [chr(code) for code in np.flatnonzero(letter_classes() & TERMINAL)]
    texts = [f"ab{mark} cd" for mark in marks]
    assert len(marks) > 150
    assert text.sentence_count(texts).tolist() == [reference.sentences(t) for t in texts]
    assert set(map(reference.sentences, texts)) == {2}


def test_loops_as_plain_python_give_the_same():
    code = "import test_variants as t; t.check([t.some_text(s)[:120] for s in range(25)])"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, check=True)
