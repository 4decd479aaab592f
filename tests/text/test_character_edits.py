"""Edits of white space, normal forms and marks, against plain Python that does the same."""

import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.errors import SettingError
from tamis.kernels.categories import INVISIBLE, categories

ODD = " \t\n\r\v\f\x1c\x1f\x85\u00a0\u2028\u2029\u3000\u200b\u00ad\u200d\ufeff\ufffe\x00\x07"
ODD += "a\u0301é!?…-"
TEXTS = st.lists(st.none() | st.text(alphabet=ODD, max_size=30) | st.text(max_size=20), max_size=6)
CHECK = settings(max_examples=120, deadline=None)


def edited(op, texts, **how):
    texts = [t if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    found = op(pd.Series(texts, dtype="str"), **how)
    return texts, [None if pd.isna(t) else t for t in found]


def spaced(value, blank_lines, indent):
    lines = []
    for line in value.splitlines():
        words = " ".join(line.split())
        lead = line[: len(line) - len(line.lstrip())] if indent and words else ""
        lines.append(lead + words)
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    kept, blank = [], 0
    for line in lines:
        blank = 0 if line else blank + 1
        if blank <= blank_lines:
            kept.append(line)
    return "\n".join(kept)


@CHECK
@given(TEXTS, st.integers(0, 3), st.booleans())
def test_white_space(texts, blank_lines, indent):
    how = {"max_blank_lines": blank_lines, "indent": indent}
    texts, found = edited(text.normalize_whitespace, texts, **how)
    assert found == [t if t is None else spaced(t, blank_lines, indent) for t in texts]


@CHECK
@given(TEXTS)
def test_control_characters(texts):
    texts, found = edited(text.remove_control_characters, texts, invisible=False)

    def plain(value):
        gone = [c for c in value if unicodedata.category(c) == "Cc" and c not in "\t\n\v\f\r\x85"]
        gone += [c for c in value if ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) < 0xFDF0]
        return "".join(c for c in value if c not in gone)

    assert found == [t if t is None else plain(t) for t in texts]


def test_what_is_invisible_is_a_format_character():
    codes = np.flatnonzero(categories() & INVISIBLE)
    assert {unicodedata.category(chr(code)) for code in codes} <= {"Cf", "Cn"}
    assert not {0x200C, 0x200D} & set(codes.tolist())
    assert text.remove_control_characters("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


@CHECK
@given(TEXTS, st.integers(1, 4))
def test_repeated_marks(texts, most):
    texts, found = edited(text.shorten_repeats, texts, max_run=most)

    def short(match):
        run = match[0]
        return run[:most] if unicodedata.category(run[0])[0] in "PS" else run

    pattern = re.compile(r"(.)\1+", re.DOTALL)
    assert found == [t if t is None else pattern.sub(short, t) for t in texts]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_normal_forms_of_every_character(form):
    codes = [c for c in range(0x30000) if not 0xD800 <= c < 0xE000]
    texts = [f"x{chr(c)}\u0301{chr(c)}" for c in codes[::7]] + [chr(c) for c in codes[::3]]
    found = text.normalize_unicode(pd.Series(texts, dtype="str"), form=form)
    assert found.tolist() == [unicodedata.normalize(form, t) for t in texts]


def test_bounds_are_refused():
    with pytest.raises(SettingError, match="max_run=0"):
        text.shorten_repeats("a", max_run=0)
    with pytest.raises(SettingError, match="max_blank_lines=-1"):
        text.normalize_whitespace("a", max_blank_lines=-1)
