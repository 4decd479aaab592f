"""What is refused before it is looked at closely could not have been found."""

import re
from unittest import mock

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.text.personal import phones
from tamis.text.personal.needs import Needs, Seen, needs
from tamis.text.personal.pattern import Pattern, expression
from tamis.text.personal.plans import PATTERNS


def _needs(written, flags=False):
    return needs(Pattern("X", written, 0.5, ignore_case=flags))


def test_what_is_told_of_an_expression():
    assert _needs(r"\d{6}/\d{3,4}") == Needs(6, (frozenset("/"),))
    assert _needs(r"(?:\d\d-|\d{3}_)\d") == Needs(2, ())  # what all ways have
    assert _needs(r"(?:a-|b-)[1-9]\d{3}") == Needs(4, (frozenset("-"),))
    assert _needs(r"\d{3} ?\d{4}") == Needs(4, ())  # a blank may part them
    assert _needs(r"(?<!x)\d(?=y)") == Needs(1, ())  # what only stands around is not taken
    assert _needs(r"[^a]\Bz*w{2,}") == Needs(0, (frozenset("w"),))
    assert _needs("ab", True).sets == (frozenset("aA"), frozenset("bB"))
    assert _needs("(?i:w)x").sets == (frozenset("x"), frozenset("wW"))


LOOSE = ("URL", "EMAIL_ADDRESS")  # of which hypothesis takes a minute to make one


@pytest.mark.parametrize("text", ["http://a.bc/d", "WWW.Example.COM", "x.org/y", "a.b@example.org"])
def test_addresses_meet_them(text):
    found = [p for p in PATTERNS if p.entity in LOOSE and expression(p).search(text)]
    assert found
    for pattern in found:
        part = expression(pattern).search(text).group()
        assert needs(pattern).met(Seen(part)), (pattern, part)


@pytest.mark.parametrize(
    "pattern", [p for p in PATTERNS if p.entity not in LOOSE], ids=lambda p: p.entity
)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_all_that_matches_meets_them(pattern, data):
    """Values made of the expression itself."""
    text = data.draw(st.from_regex(expression(pattern)))
    for match in re.finditer(expression(pattern), text):
        part = match.group()
        assert needs(pattern).met(Seen(part)), part


REGIONS = st.sampled_from([*phones.library().SUPPORTED_REGIONS])


@st.composite
def _dialled(draw):
    """Digits in groups, most of them near a number of the region."""
    region = draw(REGIONS)
    example_of = phonenumbers.example_number(region)
    nsn = str(example_of.national_number) if example_of else "212555"
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region)
    before = draw(st.sampled_from(
        ["", "0", "00", "011", "1", str(plan.country_code), plan.national_prefix or "",
         f"{plan.country_code}{plan.national_prefix or ''}", "0", "15", "9"]))  # fmt: skip
    digits = before + nsn[: draw(st.integers(0, len(nsn)))] + draw(st.from_regex(r"\A[0-9]{0,9}\Z"))
    cut = draw(st.integers(1, max(1, len(digits) - 1)))
    return region, f"{digits[:cut]} {digits[cut:]}".strip() or "1"


@settings(max_examples=400, deadline=None)
@given(_dialled())
@example(("AR", "011 15 2345 6789"))
@example(("US", "011 44 20 7946 0018"))
@example(("GB", "44 20 7946 0018"))
@example(("IT", "06 698 12345"))
def test_numbers_that_are_refused_are_none(dialled):
    region, value = dialled
    told = phones.valid(value, region)
    with mock.patch.object(phones, "_maybe", lambda *_: True):
        assert told == phones.valid(value, region)


@settings(max_examples=400, deadline=None)
@given(REGIONS, st.from_regex(r"\A[0-9]{4,15}\Z"))
def test_any_digits(region, digits):
    told = phones.valid(digits, region)
    with mock.patch.object(phones, "_maybe", lambda *_: True):
        assert told == phones.valid(digits, region)


def test_few_are_asked_about(monkeypatch):
    """Groups of three digits are put to libphonenumber less than half as often as without."""
    asked = []
    parse = phones.library().parse
    monkeypatch.setattr(phones.library(), "parse", lambda *a: asked.append(a) or parse(*a))

    def ask():
        for k in range(100, 400):
            phones.first(f"{k} {1000 - k} {(k * 7) % 900 + 100}", ("US", "GB", "DE", "FR"))

    ask()
    some = len(asked)
    with mock.patch.object(phones, "_maybe", lambda *_: True):
        ask()
    assert 2 * some < len(asked) - some


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("call 212 555 2368", True), ("tel. 212 555 2368", True), ("her number is 212", True),
        ("Telefonnummer 030", True), ("phones: 030", True), ("contacted 030", True),
        ("电话030", True),
        ("I tell you 030", False), ("television 030", False), ("cellar 030", False),
        ("order number 030", False), ("smashed 030", False), ("mobility 030", False),
    ],
)  # fmt: skip
def test_words_of_telephones(text, near):
    assert bool(phones._WORDS.search(text)) == near
