"""Normalisation against the `regex` package and `unicodedata`, on texts of all scripts."""

import itertools
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
import regex
from corpora import corpus, frame, greedy, jaccard, similar_pairs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis import FuzzyDedup
from tamis.dedup.bands import jaccard_of, probability
from tamis.dedup.families import FAMILIES, Sketched
from tamis.dedup.normalisation import AS_IT_IS, CHOICES, LOWER_WORDS, Normal, simplified
from tamis.errors import SettingError
from tamis.frame import text_buffers

UNSPACED = (
    r"[\p{Block=Thai}\p{Block=Lao}\p{Block=Myanmar}\p{Block=Khmer}\p{Block=Hiragana}"
    r"\p{Block=Katakana}\p{Block=Katakana Phonetic Extensions}\p{Block=CJK Unified Ideographs}"
    r"\p{Block=CJK Unified Ideographs Extension A}\p{Block=CJK Unified Ideographs Extension B}"
    r"\p{Block=CJK Compatibility Ideographs}\p{Block=CJK Symbols and Punctuation}"
    r"\uFF66-\uFF9F\U0001AFF0-\U0001B16F\U00020000-\U0003FFFF]"
)
UNIT = regex.compile(
    rf"(?V1)[{UNSPACED}&&[\p{{L}}\p{{M}}]]|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}&&[\p{{L}}\p{{M}}]]]+"
    r"|[^\p{L}\p{M}\p{N}\s]"
)
SPACES = regex.compile(r"[\s\x00\x1c-\x1f]+")
MARKS = regex.compile(r"[^\p{L}\p{M}\p{N}\s\x00\x1c-\x1f]")


def normalised(text, normal):
    """The definition, one substitution after another."""
    if normal.form != "none":
        text = unicodedata.normalize(normal.form, text)
    if normal.digits != "keep":
        text = regex.sub(r"\p{Nd}", "0" if normal.digits == "zero" else "", text)
    if normal.punctuation != "keep":
        text = MARKS.sub(" " if normal.punctuation == "separate" else "", text)
    text = "".join(
        {"lower": str.lower, "fold": str.casefold, "keep": str}[normal.case](c) for c in text
    )
    if normal.whitespace == "collapse":
        return SPACES.sub(" ", text).strip(" ")
    return SPACES.sub("", text) if normal.whitespace == "drop" else text


def units(text, normal, unit):
    text = normalised(text, normal)
    return UNIT.findall(text.replace("\0", " ")) if unit == "words" else list(text)


def grams(text, normal, unit, ngram):
    found = units(text, normal, unit)
    return (
        {tuple(found[k : k + ngram]) for k in range(max(1, len(found) - ngram + 1))}
        if found
        else set()
    )


def known(text):
    """Whether the running Python's Unicode has the characters."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cn", "Cs"))


NORMALS = st.builds(
    Normal,
    form=st.sampled_from(CHOICES["form"]),
    case=st.sampled_from(CHOICES["case"]),
    digits=st.sampled_from(CHOICES["digits"]),
    punctuation=st.sampled_from(CHOICES["punctuation"]),
    whitespace=st.sampled_from(CHOICES["whitespace"]),
)
PIECES = st.sampled_from(
    ["One", "two2", " ", "\n\t", "\u3000", "don't", "...", "日本語", "ﬁ", "İß", "ＡＢ", "é",
     "e\u0301", "ΐ", "Σ", "٣", "Ⅷ", "½", "ภาษา", "\0", "\ue000", "—", "😀", "\x1c", "x" * 70]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=60).map(known), st.lists(PIECES, max_size=40).map("".join))


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5), NORMALS, st.sampled_from(["words", "characters"]),
       st.integers(1, 4), st.sampled_from(["tamis", "curator"]))  # fmt: skip
@example(["İstanbul ΐ ΐ", "ISTANBUL"], Normal(case="fold"), "words", 2, "tamis")
@example(["a, b", "a,b"], Normal(punctuation="keep"), "words", 1, "tamis")
@example(["a, b", "a,b "], Normal(whitespace="keep"), "characters", 2, "tamis")
def test_sets(texts, normal, unit, ngram, family):
    if unit == "words":
        normal = normal._replace(whitespace="collapse")
    if family == "curator":
        unit, ngram = "characters", ngram + 1
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    made = FAMILIES[family].settle(unit, ngram, None, 42, None, normal)
    ends = np.zeros(len(texts) + 1, np.int64)
    values = made.sets(buffers, np.arange(len(texts)), ends)
    found = [values[a:b] for a, b in itertools.pairwise(ends)]
    wanted = [grams(text, normal, unit, ngram) for text in texts]
    assert list(map(len, found)) == list(map(len, wanted))
    for (h, s), (g, t) in itertools.combinations(list(zip(found, wanted, strict=True)), 2):
        assert len(np.intersect1d(h, g)) == len(s & t)


@pytest.mark.parametrize("case", CHOICES["case"])
@pytest.mark.parametrize("punctuation", CHOICES["punctuation"])
def test_every_character(case, punctuation):
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    text = "x".join(known("".join(map(chr, codes))))
    normal = Normal(case=case, punctuation=punctuation)
    buffers = text_buffers(pa.array([text], pa.large_string()))
    told = simplified(buffers, np.arange(1), normal, words=False)
    assert told.data.tobytes().decode() == normalised(text, normal)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5), st.sampled_from(["words", "characters"]))
def test_simplified_by_the_default_rules_is_the_fast_path(texts, unit):
    """The same shingles come of it, whichever way they are made."""
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    rows, made = np.arange(len(texts)), FAMILIES["tamis"].settle(unit, 3, 64, 1)
    again = made.settle(unit, 3, 64, 1)
    ends, other = np.zeros((2, len(texts) + 1), np.int64)
    fast = made.sets(buffers, rows, ends)
    told = simplified(buffers, rows, LOWER_WORDS, unit == "words")
    raw = again.settle(unit, 3, 64, 1, None, AS_IT_IS._replace(case="lower"))
    if unit == "characters":
        assert (raw.sets(told, rows, other) == fast).all() and (ends == other).all()
    plain = Normal(case="lower")
    assert (made.settle(unit, 3, 64, 1, None, plain).sets(told, rows, other) == fast).all()


@pytest.mark.parametrize("given", [
    {"case": "keep"}, {"digits": "zero", "form": "NFKC"}, {"punctuation": "keep", "ngram": 4},
    {"unit": "characters", "whitespace": "drop", "ngram": 9},
    {"family": "curator", "case": "lower", "whitespace": "collapse", "bands": 65, "rows": 4},
])  # fmt: skip
def test_brute_force(given):
    docs = corpus(21, bases=60, sizes=(8, 40, 100))
    docs["text"] = [
        text.upper() + "!" if k % 7 == 0 else text.replace(" ", ", ", k % 3)
        for k, text in enumerate(docs.text)
    ]
    step = FuzzyDedup(**given)
    unit, ngram = step.scheme.unit, step.scheme.ngram
    sets = [frozenset(grams(text, step.scheme.normal, unit, ngram)) for text in docs.text]
    pairs = similar_pairs(sets, 0.8)
    found = step.find(docs)
    gone = found[~found.keep]
    assert len(gone) > 20
    for row in gone.itertuples():
        left, right = (int(name[4:]) for name in (row.id, row.duplicate_of))
        assert row.similarity == jaccard(sets[left], sets[right])
    oracle = greedy(range(len(docs)), pairs)
    missed = len(docs) - len(gone) - len(oracle)
    assert 0 <= missed <= 0.02 * (len(docs) - len(oracle))


def test_case_counts_where_it_is_kept():
    """The curator family takes a text as it is, in its evidence too."""
    text = "The Quick Brown Fox Jumps Over The Lazy Dog And Runs Away From All Of It Today "
    docs = frame([text + "one", text.lower() + "one"])
    sets = FuzzyDedup(family="curator").evidence(docs, np.arange(2))["shingles"].to_pylist()
    assert len(set(sets[0]) & set(sets[1])) == 0
    assert len(FuzzyDedup(family="curator", case="lower")(docs)) == 1
    assert len(FuzzyDedup(case="keep")(docs)) == 2


def test_nothing_left_of_a_text():
    """Texts without a shingle are told apart by their bytes, whatever is dropped."""
    docs = frame(["123", "456", "123", "!!!", "..."])
    for chosen in (
        {"digits": "drop"},
        {"digits": "drop", "family": "curator", "punctuation": "drop"},
    ):
        assert FuzzyDedup(**chosen)(docs).id.tolist() == ["doc-0", "doc-1", "doc-3", "doc-4"]


def contained(seed, ratios, count=60):
    """Texts, and for each a longer one that has it (all, or 95 %) within."""
    rng = np.random.default_rng(seed)
    texts, pairs = [], []
    for k in range(count):
        words = [f"w{n}" for n in rng.integers(0, 10**6, 200)]
        ratio = ratios[k % len(ratios)]
        around = [f"w{n}" for n in rng.integers(0, 10**6, round(200 / ratio) - 200)]
        inner = list(words)
        for at in rng.choice(200, k % 3, replace=False):
            inner[at] = f"new{at}"
        at = len(around) // 3
        texts += [" ".join(around[:at] + inner + around[at:]), " ".join(words)]
        pairs.append((2 * k, 2 * k + 1))
    return frame(texts), pairs


def test_containment():
    """Exact values, the longer one kept, and as many found as banding promises."""
    docs, pairs = contained(1, [0.5, 0.7, 0.9])
    sets = [grams(text, LOWER_WORDS, "words", 5) for text in docs.text]
    step = FuzzyDedup(measure="containment", threshold=0.8, keep="longest")
    found = step.find(docs)
    gone = found[~found.keep]
    for row in gone.itertuples():
        left, right = (int(name[4:]) for name in (row.id, row.duplicate_of))
        shared = len(sets[left] & sets[right]) / min(len(sets[left]), len(sets[right]))
        assert row.similarity == shared >= 0.8
        assert len(sets[left]) <= len(sets[right])
    true = {b for a, b in pairs if len(sets[a] & sets[b]) / len(sets[b]) >= 0.8}
    dropped = {int(name[4:]) for name in gone.id}
    assert dropped <= true and len(dropped) >= 0.97 * len(true)
    reason = step.explain(docs).dropped_why.dropna().iloc[0]
    assert reason.startswith("dedup.fuzzy: containment ")
    assert len(FuzzyDedup(threshold=0.8)(docs)) > len(step(docs))


@pytest.mark.parametrize("ratio", [0.1, 0.2, 0.35])
def test_contained_in_much_longer_texts(ratio):
    """How many are found is what the S-curve says of their Jaccard similarity."""
    docs, pairs = contained(2, [ratio], count=120)
    sets = [grams(text, LOWER_WORDS, "words", 5) for text in docs.text]
    step = FuzzyDedup(measure="containment", threshold=0.8, keep="longest")
    dropped = {int(name[4:]) for name in (lambda f: f[~f.keep])(step.find(docs)).id}
    true = [(a, b) for a, b in pairs if len(sets[a] & sets[b]) / len(sets[b]) >= 0.8]
    expected = np.mean([probability(jaccard(sets[a], sets[b]), *step.cut) for a, b in true])
    measured = np.mean([b in dropped for _, b in true])
    assert measured == pytest.approx(expected, abs=0.12)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200))
def test_jaccard_of(shared, left, right):
    left, right = sorted([left + shared, right + shared])
    assert jaccard_of(shared / left, left / right) == pytest.approx(
        shared / (left + right - shared)
    )


@pytest.mark.parametrize(("given", "says"), [
    ({"case": "upper"}, "case='upper' is unknown"), ({"form": "nfc"}, "known: none, NFC"),
    ({"whitespace": "drop"}, "for unit='characters'"), ({"digits": 0}, "digits=0"),
    ({"measure": "cosine"}, "measure='cosine'"),
    ({"measure": "containment", "verify": False}, "needs verify"),
    ({"bits": 64}, "curator families"), ({"bits": 48, "family": "curator"}, "32 or 64"),
    ({"bits": 32, "family": "curator-64"}, "has 64 bits"), ({"missed": 0}, "missed=0"),
    ({"missed": 1}, "below 1"), ({"verify": 1}, "True or False"), ({"threshold": 0}, "at most 1"),
])  # fmt: skip
def test_wrong_settings(given, says):
    with pytest.raises(SettingError, match=says):
        FuzzyDedup(**given)


def test_settings_of_the_sketch():
    assert FuzzyDedup(family="curator", bits=64).scheme == FuzzyDedup(family="curator-64").scheme
    assert FuzzyDedup(missed=0.001).cut[1] < FuzzyDedup().cut[1] <= FuzzyDedup(missed=0.1).cut[1]
    bands, rows = FuzzyDedup(missed=0.001).cut
    assert 1 - probability(0.8, bands, rows) <= 0.001
    assert FuzzyDedup(family="curator", missed=0.01).cut != (20, 13)
    with pytest.raises(TypeError):
        FuzzyDedup("text")


def test_signatures_of_a_text_already_normal():
    """Simplified texts are signed as the texts themselves would be."""
    texts = text_buffers(pa.array(["one two three four five six", "ein zwei"], pa.large_string()))
    plain, simple = (Sketched.empty(2, 8, 64) for _ in range(2))
    family = FAMILIES["tamis"].settle(None, None, 64, 42)
    family.sign(texts, 8, plain)
    family.settle(None, None, 64, 42, None, Normal(digits="zero")).sign(texts, 8, simple)
    for name in ("keys", "content", "shingles", "signatures"):
        assert (getattr(plain, name) == getattr(simple, name)).all()
