"""Full-width and other digits, invisible characters, glued words: found where they stand."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.text.personal.plain import plain

VALUES = {
    "4111-1111-1111-1111": "CREDIT_CARD",
    "4111111111111111": "CREDIT_CARD",
    "219-09-9998": "US_SSN",
    "390.533.447-05": "BR_CPF",
    "+14155552671": "PHONE_NUMBER",
    "jane@example.org": "EMAIL_ADDRESS",
    "DE89370400440532013000": "IBAN_CODE",
}
WIDE = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}
INVISIBLE = st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("zero", [0xFF10, 0x660, 0x966, 0x1D7CE])
def test_digits_of_any_script(value, zero):
    digits = {0x30 + k: zero + k for k in range(10)}
    if sum(c.isdigit() for c in value) < 4:
        digits = WIDE
    wide = value.translate(digits if zero != 0xFF10 else WIDE)
    assert text.redact(f"é {wide}, 🙂") == f"é <{VALUES[value]}>, 🙂"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(VALUES)), st.lists(st.tuples(st.integers(1, 10), INVISIBLE), max_size=4)
)
def test_invisible_characters_within(value, put):
    """All of the value goes, with what was put in, and nothing beside it."""
    made = value
    for at, character in put:
        made = made[:at] + character + made[at:]
    around = f"sö {made} und {value}"
    assert text.redact(around) == f"sö <{VALUES[value]}> und <{VALUES[value]}>"


@pytest.mark.parametrize("word", ["tel", "Phone", "SSN", "card", "CPF", "passport"])
def test_glued_words(word):
    for value in ("4111111111111111", "390.533.447-05"):
        made = text.redact(f"x {word}{value}, y")
        assert made == f"x {word}<{VALUES[value]}>, y"


GLUED = {
    "IBANDE89370400440532013000": "IBAN<IBAN_CODE>",
    "IbanDE89 3704 0044 0532 0130 00": "Iban<IBAN_CODE>",
    "refGB29NWBK60161331926819, paid": "ref<IBAN_CODE>, paid",
    "IBAN: DE89370400440532013000BIC: x": "IBAN: <IBAN_CODE>BIC: x",
    "an DE89370400440532013000EUR 5": "an <IBAN_CODE>EUR 5",
    "jane%40acme.org": "<EMAIL_ADDRESS>",
    "mailto:jane.d%40acme.org": "mailto:<EMAIL_ADDRESS>",
    "jane%2Bnews%40acme.org": "<EMAIL_ADDRESS>",
    "jane&#64;acme.org": "<EMAIL_ADDRESS>",
    "jane&#x40;acme.org, joe&commat;acme.org": "<EMAIL_ADDRESS>, <EMAIL_ADDRESS>",
}


@pytest.mark.parametrize("value", GLUED)
def test_glued_accounts_and_signs_written_for_links(value):
    assert text.redact(f"é {value} 🙂") == f"é {GLUED[value]} 🙂"


def test_what_only_looks_glued():
    line = (
        "IBANDE89370400440532013001 refDE12345678901234567890 100%40000 50%40off 4%40.5 "
        "sha256XY12ABCD3456EFGH7890 12345678EUR 123456789012EUR x%40y AT&T&#64; "
        "ibanAB12CDEF3456GHIJ7890KLMN"
    )
    assert text.redact(line) == line


@given(st.text(st.sampled_from("a1é٣４\u200b\ufeff ssn-."), max_size=30))
def test_each_character_is_the_one_that_stands_there(line):
    made, at = plain(line)
    assert len(made) == len(at) and list(at) == sorted(at)
    for character, place in zip(made, at, strict=True):
        same = unicodedata.normalize("NFKC", line[place]) == character
        assert same or str(unicodedata.digit(line[place], "")) == character or character == " "


def test_all_digits_are_known():
    for point in range(0x80, sys.maxunicode + 1):
        if unicodedata.category(chr(point)) == "Nd":
            assert plain(chr(point))[0] == str(unicodedata.digit(chr(point))), hex(point)


def test_what_is_as_it_was():
    line = "ＡＢＣ，全角（１２３）と 2024年 \u200d\ufeff call1 tel5 क\u094d\u200dष"
    assert text.redact(line) == line and text.personal_count(line) == 0


def test_equal_values_stay_equal(tmp_path):
    key = tmp_path / "key"
    key.write_text("a secret that nobody knows")
    ways = [
        "4111111111111111",
        "4111-1111-1111-1111",
        "４１１１１１１１１１１１１１１１",
        "4111\u200b111111111111",
    ]
    for action in ("hash", "surrogate"):
        made = [text.redact(way, action=action, key_file=str(key)) for way in ways]
        assert not {*made} & {*ways} and not any("1111" in one or "１１１１" in one for one in made)
        if action == "hash":
            assert len({*made}) == 1
