"""MinHash by the kernels of a card, which numba's simulator runs, beside the processor's."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.frame import text_buffers
from tamis.kernels import cuda, cuda_curator, cuda_minhash, cuda_shingles, curator, minhash
from tamis.kernels.letters import LETTER, letters

pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)
TEXTS = st.lists(st.text(max_size=40) | st.text("abé日😀 ", max_size=200), min_size=1, max_size=4)
FAMILIES = [(32, False), (64, False), (32, True)]


def laid(texts):
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    return buffers.data, np.array(buffers.offsets)


def signed(data, offsets, width, factors, terms, documented=False):
    """By the processor."""
    counts = np.zeros(offsets.size - 1, np.int64)
    found = np.zeros((counts.size, factors.size), factors.dtype)
    given = (data, offsets, width, factors[0], factors, terms)
    if factors.dtype == np.uint64:
        curator.sign64(*given, counts, found)
    else:
        curator.sign32(*given, documented, counts, found)
    return found, counts


@pytest.mark.parametrize("bits, documented", FAMILIES)
@given(TEXTS, st.integers(2, 30), st.integers(1, 30), st.integers(3, 200), st.integers(0, 99))
@example(["a" * 70, "", "b"], 24, 14, 9, 1)
@settings(max_examples=8)
def test_as_the_processor_signs(bits, documented, texts, width, hashes, stretch, seed):
    data, offsets = laid(texts)
    factors, terms = curator.permutations(hashes, seed, bits)
    wanted, counts = signed(data, offsets, width, factors, terms, documented)
    given = (width, factors[0], factors, terms)
    made = cuda_curator.sign(np, data, offsets, *given, documented, stretch)
    assert (made.minima.reshape(len(texts), -1) == wanted).all()
    assert (made.counts == counts).all()
    bands = max(1, hashes // 3)
    keys = np.zeros((bands, len(texts)), np.uint64)
    curator.band_keys(wanted, hashes // bands, keys)
    assert (cuda_minhash.band_keys(np, made.minima, hashes, hashes // bands, bands) == keys).all()


WORDY = st.lists(
    st.text(max_size=30)
    | st.text("aZ09 .é\u0301İKẞΣ日ー中ไทย\0😀", max_size=120)
    | st.lists(st.text("abcÉß日", min_size=1, max_size=40), max_size=9).map(" ".join),
    min_size=1,
    max_size=4,
)


def sketched(data, offsets, unit, ngram, factors, terms, rows, bands, hashes):
    """Keys, content, counts and minima's low bytes by the processor."""
    texts = offsets.size - 1
    keys, content = np.zeros((bands, texts), np.uint64), np.zeros((2, texts), np.uint64)
    counts, low = np.zeros(texts, np.int64), np.zeros((texts, hashes), np.uint8)
    minhash.sign_texts(
        data, offsets, unit, ngram, *letters(), factors, terms, rows, keys, *content, counts, low
    )
    return keys, content, counts, low


@pytest.mark.parametrize("unit", cuda_shingles.UNITS)
@given(WORDY, st.integers(1, 7), st.integers(1, 20), st.integers(1, 100), st.integers(0, 99))
@example(["one two three four " * 9, "", "İstanbul K", "x" * 70], 2, 14, 9, 1)
@settings(max_examples=8)
def test_as_the_processor_sketches(unit, texts, ngram, hashes, stretch, seed):
    data, offsets = laid(texts)
    factors, terms = minhash.permutations(hashes, seed)
    bands = max(1, hashes // 3)
    rows = hashes // bands
    wanted = sketched(data, offsets, unit, ngram, factors, terms, rows, bands, hashes)
    own = factors[:hashes], terms[:hashes]
    made = cuda_shingles.sign(np, data, offsets, unit, ngram, letters(), *own, stretch)
    keys = cuda_minhash.band_keys(np, made.minima, hashes, rows, bands)
    low = (made.minima & 0xFF).astype(np.uint8).reshape(len(texts), -1)
    for there, here in zip((keys, made.content, made.counts, low), wanted, strict=True):
        assert (there == here).all()


def test_a_lower_case_of_another_size_is_of_letters_in_lower_case():
    """So a text need not be looked at anew when they stand in it."""
    pages, entries, longer = letters()
    for code, first, second in longer.tolist():
        kinds = [int(entries[(int(pages[c >> 8]) << 8) + (c & 0xFF)]) for c in (first, second) if c]
        assert all(kind & 7 == LETTER for kind in kinds)
        own = [c << 3 | LETTER for c in (first, second) if c]
        assert kinds == own and chr(code).lower() == "".join(
            map(chr, filter(None, [first, second]))
        )


PANGRAM = "The quick brown fox jumpéd over the lazy brown dog."
PUBLISHED = [
    ("this is my", 5, [1, 2, 3], [4, 5, 6], np.uint32, [1305480171, 462824409, 74608232]),
    ("d", 4, [10, 11, 12], [10, 11, 12], np.uint32, [2264583304, 2920538364, 3576493424]),
    (PANGRAM, 4, [10, 11, 12], [10, 11, 12], np.uint32, [253327882, 41747273, 302030804]),
    (PANGRAM, 4, [10, 11, 12], [10, 11, 12], np.uint64,
     [65816830624808020, 43323600380520789, 63511816333816345]),
    ("this is my", 5, [2, 3], [5, 6], np.uint64, [172452388517576012, 316595762085180527]),
]  # fmt: skip
"""Of cuDF's documentation and tests, with the seed 0."""


@pytest.mark.parametrize("text, width, factors, terms, kind, wanted", PUBLISHED)
def test_published_vectors(text, width, factors, terms, kind, wanted):
    data, offsets = laid([text])
    given = (np.array(factors, kind), np.array(terms, kind))
    made = cuda_curator.sign(np, data, offsets, width, kind(0), *given)
    assert made.minima.tolist() == wanted
    assert made.counts.tolist() == [max(1, len(text) - width + 1)]


def test_values_that_pass_the_prime():
    """A folded value may be as large as the prime: no hash of a text comes to that in a test."""
    p = 2**61 - 1
    values = [p - 1, p, p + 1, 2**61 + 5, 2**64 - 1, 7 * p, 8 * p + 3, 8 * p + 7]
    for some in ([p], [p - 1, 8 * p + 7], [p - 1], values):
        found = np.array(some, np.uint64)
        pieces, _ = cuda_minhash.pieces_of(np, np.array([found.size]))
        one, none = np.ones(1, np.uint64), np.zeros(1, np.uint64)
        made = cuda_minhash.lowered(np, found, pieces, 1, one, none)
        assert made.tolist() == [min(value % p for value in some)]
        cut = found.astype(np.uint32)
        documented = cuda_minhash.lowered(
            np, cut, pieces, 1, np.full(1, p % 2**32, np.uint32), np.zeros(1, np.uint32), True
        )
        wanted = min(int(value) * (p % 2**32) % p % 2**32 for value in cut)
        assert documented.tolist() == [wanted]
