"""Every text measure against the published rule in slow Python, on texts of every script."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import hard_texts
import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.viewing import Views

CASES = [
    *((name, {}) for name in text.__all__ if hasattr(reference, name) and "ngram" not in name
      and name != "contains"),
    *(("top_ngram_ratio", {"n": n}) for n in (1, 2, 3, 4, 7, 12)),
    *(("duplicate_ngram_ratio", {"n": n}) for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 13)),
    ("url_ratio", {"pattern": "curator"}),
    ("pornographic_url", {"pattern": "url"}),
]  # fmt: skip


def score(frame, cases):
    views = Views(frame)
    for name, given_settings in cases:
        op = getattr(text, name)
        yield name, given_settings, op.column(views, {"text": "text"}, op.check(given_settings))


def check(texts, cases=CASES):
    """Each measure of each text equals the reference; blank texts are null."""
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str")})
    for name, given_settings, found in score(frame, cases):
        rule = getattr(reference, name)
        for value, given_text in zip(found, texts, strict=True):
            if given_text is None or not given_text.strip():
                assert pd.isna(value), (name, given_text)
            else:
                wanted = rule(given_text, **given_settings)
                assert value == pytest.approx(wanted, abs=1e-9), (name, given_settings, given_text)


def test_every_published_measure_has_a_reference():
    missing = set(text.__all__) - {name for name, _ in inspect.getmembers(reference)}
    known = {"gopher", "c4", "fineweb"}  # families with tests of their own
    assert {
        m for m in missing if getattr(text, m).__module__ in MODULES and m not in known
    } == set()


MODULES = [f"tamis.text.{m}" for m in ("characters", "words", "lines", "repetition", "substrings")]


def test_hard_cases():
    check([*hard_texts.fixed_texts(), None])


@pytest.mark.parametrize("block", range(4))
def test_generated_texts(block):
    check([hard_texts.some_text(seed) for seed in range(block * 1000, block * 1000 + 500)])


CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from([*hard_texts.SPACES, *"#.…?!•-»[]()http:/%~porn\u212a⟨⟩"]),
)
TEXTS = st.lists(
    st.one_of(
        st.text(CHARACTERS, max_size=20),
        st.sampled_from(hard_texts.SNIPPETS),
        st.sampled_from(hard_texts.SEPARATORS),
    ),
    max_size=40,
).map("".join)


@given(st.lists(TEXTS, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text(texts):
    check(texts)


@pytest.mark.parametrize("position", ["any", "prefix", "suffix"])
@pytest.mark.parametrize("substring", ["a", "é", "aa", "read more", "日本", "", "\x00", "a" * 70])
def test_contains(substring, position):
    texts = [t for t in hard_texts.fixed_texts() if t.strip()]
    found = text.contains(texts, substring=substring, position=position)
    assert found.tolist() == [reference.contains(t, substring, position) for t in texts]


def test_url_ratio_of_a_regular_expression():
    found = text.url_ratio(
        ["see www.a.org and (www.b.org)", None, "none"], pattern=r"www\.\w+\.org"
    )
    assert found[0] == pytest.approx(18 / 29)
    assert np.isnan(found[1])
    assert found[2] == 0


def test_many_megabytes_without_a_quadratic_step():
    words = " ".join(f"w{k % 50021}x{k % 17}" for k in range(100_000))
    repeated = "over and over\n" * 50_000
    check([words, repeated], [c for c in CASES if c[1].get("n", 2) in (2, 5)])


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_words_of_languages_without_spaces(language):
    pytest.importorskip({"zh": "jieba", "ja": "fugashi"}[language])
    texts = [
        "我们今天去公园散步。我们今天去公园吃饭,我们今天去公园。",
        "  中文 mixed with English words\n第二行。第二行。\n\n第三段 ",
        "私は東京に住んでいます。私は東京に住んでいました。\n私は東京が好きです。",
        "数据" * 40,
        "👍🏽 emoji 测试 #タグ ...",
    ]
    names = {name for name in text.__all__ if "language" in getattr(text, name).settings}
    cases = [(name, s | {"language": language}) for name, s in CASES if name in names]
    if language == "zh":  # jieba gives white space as words; the rule is not defined for them
        cases = [c for c in cases if c[0] != "symbol_to_word_ratio"]
        assert text.symbol_to_word_ratio("一 二 …", language="zh") == pytest.approx(1 / 5)
    check(texts, cases)


def test_slices_and_nulls():
    texts = hard_texts.fixed_texts()[:120]
    whole = pd.DataFrame({"text": pd.Series([None, *texts, None], dtype="str")})
    for (name, _, all_rows), (_, _, some) in zip(
        score(whole, CASES), score(whole.iloc[7:90], CASES), strict=True
    ):
        pd.testing.assert_series_equal(all_rows.iloc[7:90], some, obj=name)


def compare_small_sample():
    check([*hard_texts.fixed_texts()[::9], *map(hard_texts.some_text, range(12))])


@pytest.mark.slow
def test_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_text_measures as t; t.compare_small_sample()"],
        cwd=Path(__file__).parent,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
