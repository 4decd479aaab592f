"""What is tried where: nothing that would match is left out, and long texts are not tried over."""

import re
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.frame import text_buffers
from tamis.kernels import candidates
from tamis.kernels import personal as kernel
from tamis.text.personal import matching, phones
from tamis.text.personal.finders import REGIONS
from tamis.text.personal.matching import find
from tamis.text.personal.pattern import context
from tamis.text.personal.plans import ENTITIES, PATTERNS, Wanted, plan

ALL = Wanted(ENTITIES, 0.5, REGIONS)
SIZED = [
    p for p in PATTERNS
    if (p.sizes or p.lettered or p.begins) and p.entity not in ("IBAN_CODE", "API_KEY")
]  # fmt: skip
WORDS = sorted({word for p in PATTERNS for word in p.context.split("|") if word})


def tried(text, wanted):
    """The patterns that are tried somewhere in a text."""
    data, offsets = text_buffers(pa.array([text], pa.large_string()))[:2]
    planned = plan(wanted)
    windows = kernel.found(data, offsets, planned.rows, planned.words).tolist()
    return [p for *_, some, others in windows for p in planned.tried(some, others)]


@pytest.mark.parametrize("pattern", SIZED, ids=[f"{k}-{p.entity}" for k, p in enumerate(SIZED)])
def test_what_an_expression_matches_is_tried(pattern):
    """Values made from the expression itself have the sizes and words that are told of it."""
    flags = re.ASCII | (re.IGNORECASE if pattern.ignore_case else 0)
    alone = Wanted((pattern.entity,), 0.0, REGIONS)

    @settings(max_examples=5, deadline=None, derandomize=True, database=None)
    @given(st.from_regex(re.compile(pattern.expression, flags), fullmatch=True))
    def check(value):
        enough = sum(c in string.digits for c in value) >= max(pattern.digits, 1)
        if enough and (pattern.sizes or not value.isdigit()):
            assert pattern in tried(f"so {value}, x", alone), value

    check()


VALUES = (
    "219 09 9998|219099998|943-476-5919|123456782|A1234567|12345678Z|390.533.447-05|021000021|"
    "4155552671|39053344705|1EG4-TE5-MK73|é|x|.|ſ|K|ı"
)
PIECES = st.sampled_from([*WORDS, *VALUES.split("|")])


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES | st.sampled_from(" \n,"), max_size=10).map(" ".join))
def test_words_near_are_seen(text):
    """Put to the whole text, no pattern finds more than where sizes and words let it be tried."""
    spans = find(text_buffers(pa.array([text], pa.large_string())), ALL)[0]
    covered = {at for span in spans for at in range(span.start, span.end)}
    for pattern in PATTERNS:
        if pattern.entity not in ("URL", "EMAIL_ADDRESS"):
            for a, b, _ in matching._matches(pattern, text, 0, len(text), ALL):
                assert set(range(a, b)) <= covered, (pattern.entity, text[a:b])


def test_the_tree_knows_every_case():
    """As `re` ignores it, for each character of the basic plane and each of the words."""
    plane = "".join(chr(c) for c in range(1, 0x10000) if not 0xD800 <= c < 0xE000)
    for character in sorted({c for word in WORDS for c in word}):
        made = candidates.tree([(character, 1)])
        for other in re.findall(re.escape(character), plane, re.IGNORECASE):
            node = 0
            for byte in other.encode():
                node = made.steps[node, byte]
            assert made.bits[node] == 1, (character, other)


TREES = [
    (context(p), candidates.tree((word, 1) for word in p.context.split("|")))
    for p in PATTERNS if p.context
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.sampled_from([*" -.#éſıKx1"]), max_size=8).map("".join))
def test_the_tree_beside_re(text):
    text = text.upper()
    raw = text.encode()
    data = np.frombuffer(raw + bytes(128), np.uint8)
    for found, made in TREES:
        near, _ = candidates.words(data, 0, len(raw), len(raw), len(raw), *made)
        if found.search(text, max(0, len(text) - 60)):
            assert near, found.pattern


def _runs(text, kinds):
    """The sizes of numbers by brute force: runs that stand one character apart."""
    found = set()
    for first in re.finditer(r"(?<![0-9A-Za-z])[0-9A-Za-z]+", text):
        at, size, letters = first.end(), len(first.group()), not first.group().isdigit()
        while True:
            if letters == kinds:
                found.add(size)
            more = re.compile(r"[ (+\-./\u0080-\uffff][0-9A-Za-z]+").match(text, at)
            if not more:
                break
            at, size = more.end(), size + len(more.group()) - 1
            letters = letters or not more.group()[1:].isdigit()
    return found


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("12aZ -.:,/é\u2009"), max_size=40))
def test_sizes_by_brute_force(text):
    raw = text.encode()
    told = candidates.measured(np.frombuffer(raw + b"x", np.uint8), 0, len(raw))
    for bits, kinds in zip(told, (False, True), strict=True):
        assert {k for k in range(63) if int(bits) >> k & 1} == _runs(text, kinds)


@pytest.mark.parametrize(
    "line",
    ["7" * 4000, "0f3a" * 1000, " ".join(["4823950174"] * 300), "12," * 1000, "48.25 " * 500],
)
def test_numbers_that_are_nobodys_are_hardly_tried(line, monkeypatch):
    """Twice the text is at most twice the work, and long runs are not looked at at all."""
    calls = []

    def counted(pattern, *others):
        calls.append(pattern.entity)
        return matches(pattern, *others)

    matches = matching._matches
    monkeypatch.setattr(matching, "_matches", counted)
    work = []
    for text in (line, line + "\n" + line):
        calls.clear()
        find(text_buffers(pa.array([text], pa.large_string())), ALL)
        work.append(len(calls))
    assert work[1] <= 2 * work[0] and work[0] <= len(line) // 40
    if " " not in line:
        assert not work[0]


def test_digits_make_groups_in_one_way_only():
    """Else the time for a run of digits would grow with the number of ways to cut it."""
    two = re.compile(f"(?:{phones._MORE}){{2}}")
    assert not any(two.fullmatch(" " + "1" * size) for size in range(1, 30))
    assert two.fullmatch(" 12 34") and two.fullmatch("(12)34")
