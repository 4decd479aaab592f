"""How texts go to a card and sketches come back, with NumPy and numba's simulator for the card.

Whether a card gives the same is asked in `tests/gpu`, where there is one.
"""

import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import FuzzyDedup, array_device, datasets
from tamis.dedup import on_card
from tamis.dedup.families import FAMILIES, Sketched
from tamis.frame import text_buffers
from tamis.kernels import cuda
from tamis.kernels.cuda_minhash import Signed
from tamis.resources import resource

pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)
TEXTS = ["", None, "ab", "日本", "a" * 23 + "é", "One two THREE " * 4, "!?", "İx", "y" * 24] * 2


@pytest.fixture
def card(monkeypatch):
    """A device, and no text too short for it; gives the rows of all batches."""
    seen = []
    signed = on_card.Signing._signed

    def noting(self, lane, rows):
        seen.append(rows)
        return signed(self, lane, rows)

    monkeypatch.setattr(array_device, "_USED", [array_device.Device()])
    monkeypatch.setattr(array_device, "_LOST", [])
    monkeypatch.setattr(on_card, "WORTH", 0)
    monkeypatch.setattr(on_card, "LANES", 1)  # the simulator runs one kernel at a time
    monkeypatch.setattr(on_card.Signing, "_signed", noting)
    return seen


def sketched(family, texts, rows, bands, low, worth):
    """All that a sketch holds, by the card or by the processor."""
    on_card.WORTH = worth
    into = Sketched.empty(len(texts), bands, family.hashes if low else 0)
    family.sign(text_buffers(pa.array(texts, pa.large_string())), rows, into)
    return into.keys, into.content, into.shingles, into.blank, into.signatures


CASES = [
    ("curator", {}),
    ("curator", {"ngram": 3}),
    ("curator-64", {"ngram": 3}),
    ("curator-documented", {"ngram": 3}),
    ("tamis", {}),
    ("tamis", {"ngram": 2}),
]
NORMALS = [{"digits": "zero", "punctuation": "keep"}, {"form": "NFKC"}]


@pytest.mark.parametrize("name, given", CASES)
@pytest.mark.parametrize("low", [False, True])
def test_the_same_on_both(card, monkeypatch, name, given, low):
    monkeypatch.setattr(on_card, "BYTES", 60)
    family = FAMILIES[name].settle(None, given.get("ngram"), 20, 7)
    there, here = (sketched(family, TEXTS, 3, 6, low, worth) for worth in (0, 1 << 60))
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(card) > 3 and card[-1].stop == len(TEXTS)


@pytest.mark.parametrize("normal", NORMALS)
@pytest.mark.parametrize("unit", ["words", "characters"])
def test_normalised_texts(card, normal, unit):
    step = FuzzyDedup(unit=unit, ngram=2, hashes=20, bands=4, rows=5, **normal)
    there, here = (sketched(step.scheme, TEXTS, 5, 4, True, worth) for worth in (0, 1 << 60))
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)
    as_words = "form" in normal and unit == "characters"  # of words in lower case: not there
    assert bool(card) != as_words
    assert on_card.able(step.scheme) == bool(card)


@pytest.mark.parametrize("name", ["curator", "curator-64", "curator-documented"])
def test_whole_signatures(card, name):
    family = FAMILIES[name].settle(None, None, 20, 7)
    texts = text_buffers(pa.array(TEXTS, pa.large_string()))
    made = []
    for worth in (0, 1 << 60):
        on_card.WORTH = worth
        counts = np.full(len(TEXTS), -1, np.int64)
        made.append((family.signatures(texts, counts), counts))
    assert card and made[0][0].dtype == made[1][0].dtype
    np.testing.assert_array_equal(made[0][0], made[1][0])
    np.testing.assert_array_equal(made[0][1], made[1][1])


def test_a_slice_of_a_column(card):
    texts = pa.array(["left out", *TEXTS, "left out"], pa.large_string()).slice(1, len(TEXTS))
    family = FAMILIES["tamis"].settle(None, 1, 9, 7)
    there, here = (sketched(family, texts, 3, 3, True, worth) for worth in (0, 1 << 60))
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)
    assert card


def test_too_little_text_stays_here(card):
    family = FAMILIES["curator"].settle(None, None, 4, 7)
    sketched(family, ["one two three"], 2, 2, False, 14)
    sketched(family, [None, ""], 2, 2, False, 0)
    sketched(family, [], 2, 2, False, 0)
    assert not card


def test_where_memory_is_short_batches_are_halved(card, monkeypatch, caplog):
    signed = on_card.Signing._signed

    def small(self, lane, rows):
        made = signed(self, lane, rows)
        if rows.stop - rows.start > 5:
            raise MemoryError("out of memory allocating 7 bytes")
        return made

    monkeypatch.setattr(on_card.Signing, "_signed", small)
    monkeypatch.setattr(on_card, "LEAST", 0)
    family = FAMILIES["tamis"].settle(None, 2, 9, 7)
    there, here = (sketched(family, TEXTS, 3, 3, True, worth) for worth in (0, 1 << 60))
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)
    sizes = [rows.stop - rows.start for rows in card]
    assert sizes[0] == 18 and sum(size for size in sizes if size <= 5) == 18
    assert not caplog.records


@pytest.mark.parametrize("name", ["curator", "tamis"])
@pytest.mark.parametrize("error, again", [(MemoryError("full"), True), (OSError("gone"), False)])
def test_where_a_card_fails_the_processor_takes_over(card, monkeypatch, caplog, name, error, again):
    def failing(self, lane, rows):
        card.append(rows)
        raise error

    monkeypatch.setattr(on_card.Signing, "_signed", failing)
    family = FAMILIES[name].settle(None, None, 9, 7)
    there, here = (sketched(family, TEXTS, 3, 3, True, worth) for worth in (0, 1 << 60))
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1 and "signed on the processor" in told[0]
    assert f"{type(error).__name__}: {error}" in told[0]
    before = len(card)
    sketched(family, TEXTS, 3, 3, True, 0)
    assert (len(card) > before) == again  # a device that is broken is not asked again


def test_one_batch_is_copied_while_another_is_signed(card, monkeypatch):
    together, lanes = threading.Barrier(2, timeout=30), set()

    def waiting(self, lane, rows):
        together.wait()  # passed by nobody who is alone
        lanes.add(id(lane))
        count = rows.stop - rows.start
        return Signed(np.full(count * 9, rows.start, np.uint32), np.ones(count, np.int64))

    def keyed(xp, minima, hashes, rows, bands):  # no kernel: the simulator runs one at a time
        return np.tile(minima[::hashes].astype(np.uint64), (bands, 1))

    monkeypatch.setattr(on_card.cuda_minhash, "band_keys", keyed)
    monkeypatch.setattr(on_card, "LANES", 2)
    monkeypatch.setattr(on_card, "BYTES", 1)
    monkeypatch.setattr(on_card, "_lanes", resource(on_card._lanes.__wrapped__))
    monkeypatch.setattr(on_card.Signing, "_signed", waiting)
    family = FAMILIES["tamis"].settle(None, None, 9, 7)
    keys, _, counts, _, low = sketched(family, ["a", "b", "c", "d"], 3, 3, True, 0)
    assert len(lanes) == 2 and counts.tolist() == [1] * 4
    assert low[:, 0].tolist() == [0, 1, 2, 3] and len(set(keys[0].tolist())) == 4


def test_a_deduplication_keeps_the_same(card):
    rows = datasets.demo().compute().head(6)[["id", "text"]]
    rows = rows.assign(text=rows["text"].str.slice(0, 120))
    for step in (
        FuzzyDedup(family="curator", hashes=20, bands=5, threshold=0.5),
        FuzzyDedup(hashes=20, bands=5, threshold=0.5, verify=False),
    ):
        on_card.WORTH = 0
        before = len(card)
        there = step.sketch(rows)
        assert len(card) > before
        on_card.WORTH = 1 << 60
        assert step.sketch(rows).equals(there)


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 40), st.integers(1, 7))
def test_batches_hold_all_rows_once(sizes, most_bytes, most_rows):
    found = on_card.batches(np.array(sizes, np.int64), 3, most_bytes, most_rows * 3)
    assert [k for rows in found for k in range(rows.start, rows.stop)] == list(range(len(sizes)))
    for rows in found:
        size = sum(sizes[rows])
        assert rows.stop - rows.start <= most_rows
        assert size <= most_bytes or rows.stop - rows.start == 1 or max(sizes[rows]) > most_bytes


def test_no_device_no_arrays():
    from tamis.accelerator import accelerators

    if not accelerators().devices:
        assert on_card.arrays() is None
