"""How texts go to a card and signatures come back, with a stand-in that signs as cuDF documents.

Whether cuDF itself gives the same is asked in `tests/gpu`, where there is one.
"""

import mmh3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import FuzzyDedup, datasets
from tamis.dedup import on_card
from tamis.dedup.families import FAMILIES
from tamis.frame import text_buffers
from tamis.kernels.murmur import murmur64
from tamis.media.memory import Room

P61 = 2**61 - 1


class Series:
    """As much of `cudf.Series` as is called, on the host."""

    def __init__(self, values):
        self.values = values if isinstance(values, pa.Array) else pa.array(values)
        self.str = self
        Series.sizes.append(len(values))

    def minhash(self, seed, a, b, width):
        return self._signed(seed, a, b, width, lambda w: mmh3.hash(w, seed, signed=False), 32)

    def minhash64(self, seed, a, b, width):
        def hashed(window):  # mmh3 takes seeds of 32 bits only
            data = np.frombuffer(window.encode(), np.uint8)
            return int(murmur64(data, 0, data.size, np.uint64(seed)))

        return self._signed(seed, a, b, width, hashed, 64)

    def _signed(self, seed, a, b, width, hashed, bits):
        rows = []
        pairs = list(zip(a.values.to_pylist(), b.values.to_pylist(), strict=True))
        for text in self.values.to_pylist():
            windows = [text[k : k + width] for k in range(max(1, len(text) - width + 1))]
            hashes = [hashed(window) or 1 for window in windows]
            made = [[(h * x + y) % 2**bits for h in hashes] for x, y in pairs]
            made = made if bits == 32 else [[v % P61 for v in row] for row in made]
            rows.append([min(row) for row in made] if text else [0] * len(pairs))
        return Series(pa.array(rows, pa.list_(pa.uint32() if bits == 32 else pa.uint64())))

    def len(self):
        return Series(pa.array([len(text) for text in self.values.to_pylist()], pa.int32()))

    def to_arrow(self):
        return self.values

    def __len__(self):
        return len(self.values)


@pytest.fixture
def card(monkeypatch):
    """A device, and no text too short for it."""
    Series.sizes = []
    monkeypatch.setattr(on_card, "cudf_package", lambda: type("cudf", (), {"Series": Series}))
    monkeypatch.setattr(on_card, "WORTH", 0)
    return Series.sizes


def both(family, texts):
    """Signatures and counts by the stand-in, and by the processor."""
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    found = []
    for worth in (0, 1 << 60):
        counts = np.full(len(texts), -1, np.int64)
        on_card.WORTH = worth
        found.append((family.signatures(buffers, counts), counts))
    return found


@pytest.mark.parametrize("name", ["curator", "curator-64"])
@pytest.mark.parametrize("ngram", [3, 24])
def test_the_same_on_both(card, monkeypatch, name, ngram):
    monkeypatch.setattr(on_card, "BYTES", 50)
    family = FAMILIES[name].settle(None, ngram, 20, 7)
    texts = ["", None, "ab", "日本", "a" * 23 + "é", "one two three " * 9, "x", "", "y" * 24] * 2
    (there, windows), (here, counted) = both(family, texts)
    np.testing.assert_array_equal(there, here)
    np.testing.assert_array_equal(windows, counted)
    assert there.dtype == here.dtype and there.shape == (18, 20)
    assert len(card) > 8  # several batches


def test_what_is_not_signed_there(card):
    texts = text_buffers(pa.array(["one two three"], pa.large_string()))
    counts = np.zeros(1, np.int64)
    for name in ("curator-documented", "tamis"):
        assert not on_card.able(FAMILIES[name])
    FAMILIES["curator-documented"].signatures(texts, counts)
    on_card.WORTH = 14
    FAMILIES["curator"].signatures(texts, counts)
    assert card == []


def test_a_card_that_is_full_is_passed_by(card, monkeypatch, caplog):
    def full(self, *given, **named):
        raise MemoryError("std::bad_alloc: out_of_memory")

    monkeypatch.setattr(on_card, "_ROOM", Room(least=1024))
    monkeypatch.setattr(Series, "minhash", full)
    (there, _), (here, _) = both(FAMILIES["curator"].settle(None, None, None, 42), ["one", "two"])
    np.testing.assert_array_equal(there, here)
    assert "processor: a batch of texts is too much for the memory of the device" in caplog.text
    assert "std::bad_alloc" in caplog.text


def test_a_card_with_room_for_less_is_given_less(card, monkeypatch):
    sizes, signed = [], Series.minhash

    def little(self, *given, **named):
        sizes.append(len(self))
        if len(self) > 6:
            raise RuntimeError("CUDA error at: x.hpp:1: cudaErrorMemoryAllocation out of memory")
        return signed(self, *given, **named)

    monkeypatch.setattr(on_card, "_ROOM", Room(least=2))
    monkeypatch.setattr(Series, "minhash", little)
    texts = [f"text number {k}" for k in range(20)]
    for _ in range(2):
        (there, windows), (here, counted) = both(FAMILIES["curator"].settle(None, 3, 4, 1), texts)
        np.testing.assert_array_equal(there, here)
        np.testing.assert_array_equal(windows, counted)
    assert sizes == [20, 10, 5, 5, 5, 5, 5, 5, 5, 5]  # learned once


def test_a_card_that_failed_is_no_reason_to_go_on(card, monkeypatch):
    def lost(self, *given, **named):
        raise RuntimeError("CUDA error encountered at: x.cu:1: 700 cudaErrorIllegalAddress an …")

    monkeypatch.setattr(Series, "minhash", lost)
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress"):
        both(FAMILIES["curator"].settle(None, None, None, 42), ["one", "two"])


def test_a_deduplication_keeps_the_same(card):
    rows = datasets.demo().compute().head(25)[["id", "text"]]
    rows = rows.assign(text=rows["text"].str.slice(0, 300))
    step = FuzzyDedup(family="curator", hashes=40, bands=10, threshold=0.5)
    there = step.sketch(rows)
    assert card
    on_card.WORTH = 1 << 60
    assert step.sketch(rows).equals(there)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 40), st.integers(1, 7))
def test_batches_hold_all_rows_once(sizes, most_bytes, most_rows):
    before = on_card.BYTES, on_card.VALUES
    on_card.BYTES, on_card.VALUES = most_bytes, most_rows * 3
    try:
        found = on_card.batches(np.array(sizes, np.int64), 3)
    finally:
        on_card.BYTES, on_card.VALUES = before
    assert [k for rows in found for k in range(rows.start, rows.stop)] == list(range(len(sizes)))
    for rows in found:
        size = sum(sizes[rows])
        assert rows.stop - rows.start <= most_rows
        assert size <= most_bytes or rows.stop - rows.start == 1 or max(sizes[rows]) > most_bytes


def test_no_device_no_cudf():
    from tamis.accelerator import accelerators

    if not accelerators().devices:
        assert on_card.cudf_package() is None
