"""What is a citation or a list of references, and what only looks like one."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Paris[1] is a city.[2][3]", "Paris is a city."),
        ("As shown [4, 7–9]; again [10;11].", "As shown; again."),
        ("Known.[note 3] Really?[citation needed]", "Known. Really?"),
        ("It holds (Smith, 2020).", "It holds."),
        ("It holds (see Smith et al., 2020; Doe & Roe 2019a, p. 12).", "It holds."),
        ("It holds (cf. van der Berg and Öztürk 1999, 2001).", "It holds."),
        ("So (Müller 2015: 33–35) it is", "So it is"),
        ("So (Lee, n.d.) it is", "So it is"),
    ],
)
def test_citations(before, after):
    assert text.remove_citations(before) == after


@pytest.mark.parametrize(
    "value",
    [
        "a [link](https://a.org), [1](https://a.org/1), [[1]] and [ ] and [x]",
        "He went (in May 2020) home (since 1999).",
        "The film (2020) and the army (about 3000 men)",
        "Founded (United Kingdom, founded 1999) and (12, 13) and (a 2020)",
        "f(x) = (x + 1)", "[12345] stays, a number of five digits", "",
    ],
)  # fmt: skip
def test_no_citations(value):
    assert text.remove_citations(value) == value


def test_kinds():
    value = "A [1] and B (Smith, 2020)."
    assert text.remove_citations(value, kinds=("number",)) == "A and B (Smith, 2020)."
    assert text.remove_citations(value, kinds=("author",)) == "A [1] and B."


ENTRIES = "[1] A. Smith. On it. Journal, 12:3, 2019.\n[2] B. Doe.\n    Of that. 2001."


@pytest.mark.parametrize(
    "heading",
    ["References", "REFERENCES:", "## References", "== References ==", "7. Bibliography",
     "**References**", "Literaturverzeichnis", "参考文献", "Список литературы"],
)  # fmt: skip
def test_references_at_the_end(heading):
    assert text.remove_references(f"Text.\n\n{heading}\n{ENTRIES}\n") == "Text."
    assert text.remove_references(f"Text.\r\n{heading}\r\n\r\n{ENTRIES}") == "Text.\r"


def test_references_before_an_appendix():
    value = f"Text.\n\nReferences\n{ENTRIES}\n\nAppendix A\nMore text."
    assert text.remove_references(value) == "Text.\n\nAppendix A\nMore text."


@pytest.mark.parametrize(
    "value",
    [
        "Contents\nIntroduction\nReferences\nAppendix\n\nText that goes on.",
        "References\nThis chapter speaks of pointers\nand of what they point to.",
        f"References to it\n{ENTRIES}",
        "Text.\n\nReferences",
    ],
)
def test_no_references(value):
    assert text.remove_references(value) == value


def test_both_are_done_soon_on_hard_input():
    hard = ["(" * 50_000, "[1," * 50_000, "(" + "Aa, " * 90 + ")", "(" + "see and also " * 30 + ")",
            "(Aa" + "a " * 190 + "2020x)", "#" * 50_000, "[" + "1, " * 60_000]  # fmt: skip
    column = pd.Series(hard, dtype="str")
    text.remove_citations(column)
    text.remove_references(column)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="[](1, 2020;Smith et al.pR\n", max_size=80))
def test_only_characters_are_taken_out(value):
    left = iter(value)
    assert all(character in left for character in text.remove_citations(value))
    again = text.remove_references(value)
    assert len(again) <= len(value)
