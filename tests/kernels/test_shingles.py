"""Words and shingles against a regular expression and Python's sets."""

import itertools
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.frame import text_buffers
from tamis.kernels.letters import letters
from tamis.kernels.normal import normalise, room
from tamis.kernels.sets import containment, jaccard, shingle_sets
from tamis.kernels.shingle import CHARACTERS, RAW, WORDS
from tamis.kernels.utf8 import encode

UNSPACED = (
    r"[\p{Block=Thai}\p{Block=Lao}\p{Block=Myanmar}\p{Block=Khmer}\p{Block=Hiragana}"
    r"\p{Block=Katakana}\p{Block=Katakana Phonetic Extensions}\p{Block=CJK Unified Ideographs}"
    r"\p{Block=CJK Unified Ideographs Extension A}\p{Block=CJK Unified Ideographs Extension B}"
    r"\p{Block=CJK Compatibility Ideographs}\p{Block=CJK Symbols and Punctuation}"
    r"\uFF66-\uFF9F\U0001AFF0-\U0001B16F\U00020000-\U0003FFFF]"
)
WORD = regex.compile(
    rf"(?V1)[{UNSPACED}&&[\p{{L}}\p{{M}}]]|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}&&[\p{{L}}\p{{M}}]]]+"
)


def words_of(text):
    """What the definition says, from another library's tables."""
    lower = "".join(character.lower() for character in text)
    return WORD.findall(lower)


def words_found(text):
    """The words that the masks mark."""
    data = np.frombuffer(text.encode() or b"\0", np.uint8)
    size = len(text.encode())
    into = np.zeros(room(size), np.uint8)
    inside, breaks = np.zeros((2, room(size) // 64 + 2), np.uint64)
    got = normalise(data, 0, size, *letters(), into, inside, breaks)
    found, word = [], b""
    for at in range(got + 1):
        bit = np.uint64(at % 64)
        in_word = int(inside[at // 64] >> bit) & 1
        new = int(breaks[at // 64] >> bit) & 1
        if word and (new or not in_word):
            found.append(word.decode())
            word = b""
        if in_word:
            word += bytes(into[at : at + 1])
    return found


def known(text):
    """Whether the running Python's Unicode has the characters; private use aside."""
    return not any(unicodedata.category(c) in ("Cn", "Co") for c in text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=150))
@example("İstanbul DİYARBAKIR straẞe KelvinK ÅΩ")
@example("A" * 63 + "é" + "B" * 64 + "日本" * 40)
@example("ΟΔΟΣ Σ ϒ Ǆ ⅷ Ⅷ ②")
@example("ภาษาไทย กข ລາວ ខ្មែរ မြန်မာ ab漢c")
@example("\x00\x7f" + "x" * 62 + "語")
def test_words(text):
    text = "".join(c for c in text if known(c))
    assert words_found(text) == words_of(text)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["Ab", "é", "ÉÇ", "日", "ก", " ", "-", "'", "x" * 30]), max_size=200)
)
def test_words_across_blocks(parts):
    text = "".join(parts)
    assert words_found(text) == words_of(text)


def test_every_character():
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    characters = [chr(c) for c in codes if known(chr(c))]
    text = " ".join(characters)
    assert words_found(text) == words_of(text)


def grams(text, unit, ngram):
    if unit == WORDS:
        units = words_of(text)
    elif unit == CHARACTERS:
        units = spaced(text)
    else:
        units = list(text)
    if not units:
        return set()
    return {tuple(units[i : i + ngram]) for i in range(max(1, len(units) - ngram + 1))}


def spaced(text):
    """Words with one space for whatever lay between them."""
    lower, joined, end = "".join(c.lower() for c in text), "", 0
    for match in WORD.finditer(lower):
        joined += " " * (match.start() > end and joined != "") + match.group()
        end = match.end()
    return list(joined)


def sets_of(texts, unit, ngram):
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    ends = np.zeros(len(texts) + 1, np.int64)
    rows = np.arange(len(texts))
    values = shingle_sets(buffers.data, buffers.offsets, rows, unit, ngram, *letters(), ends)
    return [values[a:b] for a, b in itertools.pairwise(ends)]


def check_sets(texts, unit, ngram):
    found, wanted = sets_of(texts, unit, ngram), [grams(text, unit, ngram) for text in texts]
    for hashes, shingles in zip(found, wanted, strict=True):
        assert len(hashes) == len(shingles)
        assert (np.diff(hashes.astype(object)) > 0).all()
    for (h, s), (g, t) in itertools.combinations(list(zip(found, wanted, strict=True)), 2):
        assert len(np.intersect1d(h, g)) == len(s & t)


TEXT = st.lists(
    st.sampled_from(["one", "Two", "三", "ü", ".", ", ", " ", "four"]), max_size=60
).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TEXT, min_size=1, max_size=6),
    st.sampled_from([WORDS, CHARACTERS, RAW]),
    st.integers(1, 7),
)
def test_sets(texts, unit, ngram):
    check_sets(texts, unit, ngram)


@pytest.mark.parametrize("unit", [WORDS, CHARACTERS, RAW])
def test_sets_of_long_texts(unit):
    generator = np.random.default_rng(1)
    words = np.array([f"w{k}" for k in range(3000)] + ["é" * 9, "日本", "x" * 70, "Q-"])
    texts = [" ".join(generator.choice(words, n)) for n in (0, 1, 4, 5, 700, 5000, 20_000)]
    texts += ["a " * 6000, "x" * 20_000, "same same " * 4000, "日" * 5000]
    check_sets(texts, unit, 5)


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.integers(0, 300), min_size=1),
    st.sets(st.integers(0, 300), min_size=1),
    st.sampled_from([0.1, 0.5, 0.8, 1.0]),
)
def test_jaccard(left, right, threshold):
    arrays = [np.array(sorted(s), np.uint64) for s in (left, right)]
    true = len(left & right) / len(left | right)
    found = jaccard(*arrays, threshold)
    assert found == true or (found == -1.0 and true < threshold)


def test_jaccard_gives_up_only_below_the_threshold():
    generator = np.random.default_rng(2)
    base = generator.integers(0, 2**63, 1000).astype(np.uint64)
    for changed in range(0, 400, 7):
        other = base.copy()
        other[:changed] = generator.integers(0, 2**63, changed)
        left, right = np.unique(base), np.unique(other)
        true = len(np.intersect1d(left, right)) / len(np.union1d(left, right))
        found = jaccard(left, right, 0.7)
        assert found == true if true >= 0.7 else found in (true, -1.0)


@pytest.mark.parametrize("common", [55, 56, 57, 58, 7, 14, 28, 29])
def test_a_pair_exactly_at_the_threshold_reaches_it(common):
    # 0.55 * 100 is more than 55 in floats, 55 / 100 is 0.55
    left = np.arange(100 - common, dtype=np.uint64) * 2
    shared = np.arange(1000, 1000 + common, dtype=np.uint64)
    for at in range(len(left)):
        one = np.concatenate([left[:at], shared])
        other = np.concatenate([left[at:] + 1, shared])
        threshold = common / 100
        assert jaccard(one, other, threshold) == threshold
        least = min(len(one), len(other))
        assert containment(one, other, common / least) == common / least


def test_encode_all():
    into = np.zeros(8, np.uint8)
    for code in [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF]:
        count = encode(code, into, 2)
        assert bytes(into[2 : 2 + count]) == chr(code).encode()
