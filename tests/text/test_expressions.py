"""Regular expressions of RE2 against Python's, where both mean the same."""

import re
import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.errors import SettingError

pytest.importorskip("re2", reason="pip install 'tamis[regex]'")
PATTERNS = [r"\d+", "a|é", "a*", r"(?i)ÄB", "x(a)?b", r"\bab\b", "^a", "b$", r"(?m)^a", r"[^a]", ""]
TEXTS = st.lists(st.none() | st.text(alphabet="abxéÄä1 \n中", max_size=12), max_size=6)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(PATTERNS))
def test_like_python(texts, pattern):
    column = pd.Series(texts, dtype="str")
    known = re.compile(pattern.replace("b$", r"b\Z"), 0 if "i)" in pattern else re.ASCII)
    found = text.matches(column, pattern=pattern)
    counts = text.match_count(column, pattern=pattern)
    replaced = text.replace_matches(column, pattern=pattern, by="<>")
    for value, match, count, new in zip(texts, found, counts, replaced, strict=True):
        if value is None or not value.strip():
            assert pd.isna(match) and pd.isna(count)
            continue
        assert match == (known.search(value) is not None)
        if pattern not in ("a*", ""):  # where nothing is found, between matches, the two differ
            assert count == len(known.findall(value))
            assert new == known.sub("<>", value)


def test_groups():
    how = {"pattern": r"(\w+)@(\w+)"}
    assert text.replace_matches("me@home", by=r"\2 \\ \1\0", **how) == r"home \ meme@home"
    for by in (r"\3", "\\", r"\\\x"):
        with pytest.raises(SettingError, match="does not fit pattern="):
            text.replace_matches("me@home", by=by, **how)


@pytest.mark.parametrize("pattern", [r"(?=a)", r"(a)\1", "(", "[", "a{2000}", "(?<!x)y"])
def test_what_is_no_expression(pattern):
    with pytest.raises(SettingError) as error:
        text.matches("a", pattern=pattern)
    assert "\n" not in str(error.value) and "linear time" in str(error.value)


def test_no_text_makes_one_hang():
    start = time.process_time()
    assert text.matches("a" * 5000, pattern="(a*)*(a*)*(a*)*b") is False
    assert text.match_count("a" * 20_000 + "!", pattern="(a|aa)+$") == 0
    assert time.process_time() - start < 5
