"""Recipes are read by the core schema of YAML 1.2 (yaml.org/spec/1.2.2, section 10.3.2)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.notation import dump, load
from tamis.recipe import load as load_recipe


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("no", "no"), ("y", "y"), ("off", "off"), ("yes", "yes"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("0", 0), ("-19", -19), ("+12", 12), ("010", 10), ("12:30", "12:30"), ("1_000", "1_000"),
        ("0.", 0.0), ("-.5", -0.5), ("12e03", 12000.0), ("-2E+05", -200000.0), (".inf", math.inf),
        ("-.INF", -math.inf), ("2020-01-01", "2020-01-01"), ("1.2.3", "1.2.3"), ("'5'", "5"),
    ],
)  # fmt: skip
def test_what_a_word_is(text: str, value: object) -> None:
    found = load(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=10,
)


@given(plain)
def test_what_is_written_reads_back(data: object) -> None:
    assert load(dump(data)) == data


def test_the_key_on_and_the_language_no() -> None:
    text = (
        "steps:\n- filter: text.word_count\n  on: body\n  max: 1e5\n- filter: lang\n  isin: [no]\n"
    )
    first, second = load_recipe(text)
    assert first.to_dict() == {"filter": "text.word_count", "on": "body", "max": 1e5}
    assert second.to_dict() == {"filter": "lang", "isin": ["no"]}
