"""Scripts against the `regex` package's property, character by character."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.errors import SettingError
from tamis.kernels.scripts import CODES, NO_SCRIPT, scripts

CHARACTERS = "aÉ9 .中の丘ア한ЖжאبकกเΩ\u0301🙂々ー"
PATTERNS = {code: regex.compile(rf"\p{{Script={code}}}") for code in CODES}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | st.text(alphabet=CHARACTERS, max_size=20), max_size=5))
def test_against_the_property(texts):
    column = pd.Series(texts, dtype="str")
    found, ratios = text.script(column), text.script_ratio(column)
    han = text.script_ratio(column, script="Hani")
    for value, script, ratio, part in zip(texts, found, ratios, han, strict=True):
        tally = Counter(c for x in value or "" for c in CODES if PATTERNS[c].match(x))
        if not tally:
            assert pd.isna(script) and pd.isna(ratio) and pd.isna(part)
            continue
        most = max(tally.values())
        assert script == next(c for c in CODES if tally[c] == most)
        assert ratio == most / tally.total() and part == tally["Hani"] / tally.total()


def test_every_script_is_known():
    table = scripts()
    assert len(CODES) > 160 and len(set(CODES)) == len(CODES)
    assert set(np.unique(table)) == {*range(len(CODES)), NO_SCRIPT}
    for code in CODES:
        first = int(np.flatnonzero(table == CODES.index(code))[0])
        assert text.script(chr(first) * 2 + "1.") == code


def test_unknown_script():
    with pytest.raises(SettingError, match="no script 'Latin'"):
        text.script_ratio("a", script="Latin")
