"""Sketches by a card beside the processor's: all families, many tiny texts, texts of megabytes."""

import logging

import numpy as np
import pyarrow as pa
import pytest

from tamis import array_device, datasets
from tamis.dedup import on_card
from tamis.dedup.families import FAMILIES, Sketched
from tamis.frame import text_buffers

pytestmark = pytest.mark.gpu
ASCII = np.frombuffer(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789      .,\n", np.uint8)
LETTERS = np.array(
    [*"abcdefghij KLM .,0", "é", "É", "İ", "ẞ", "K", "日", "ー", "ไ", "ท", "\0", "😀"]
)
NAMES = ["curator", "curator-64", "curator-documented", "tamis"]


def corpora():
    generator = np.random.default_rng(5)

    def text(size):
        return generator.choice(ASCII, size).tobytes().decode()

    def wide(size):
        return "".join(generator.choice(LETTERS, size))

    pages = datasets.demo().compute()["text"].tolist()  # with nulls
    tiny = [wide(n) for n in generator.integers(0, 12, 50_000)]
    middle = [text(n) for n in generator.integers(0, 9000, 1500)]
    edges = [text(n) for n in range(2040, 2080)] + [wide(n) for n in range(2040, 2080)]
    long = [text(10_000_000), "", wide(400_000), "word " * 200_000, "x" * 300_000, None]
    return {"pages": pages, "tiny": tiny, "middle": middle, "edges": edges, "long": long}


@pytest.fixture(scope="module")
def texts():
    found = corpora()
    return {name: text_buffers(pa.array(some, pa.large_string())) for name, some in found.items()}


@pytest.fixture(autouse=True)
def all_of_it(monkeypatch):
    """No text is too short; a device that broke would leave all that follows to the processor."""
    monkeypatch.setattr(on_card, "WORTH", 0)
    yield
    assert not array_device._LOST


def sketched(family, buffers, rows, bands, here=False):
    into = Sketched.empty(buffers.valid.size, bands, family.hashes)
    worth, on_card.WORTH = on_card.WORTH, 1 << 60 if here else 0
    family.sign(buffers, rows, into)
    on_card.WORTH = worth
    return into


@pytest.mark.parametrize("size", [1 << 25, 1 << 20])
@pytest.mark.parametrize("name", NAMES)
def test_sketches_are_equal(texts, name, size, monkeypatch, caplog):
    monkeypatch.setattr(on_card, "BYTES", size)
    family = FAMILIES[name].settle(None, None, None, 42)
    assert on_card.able(family)
    some = ["tiny", "edges"] if size < 1 << 25 else list(texts)
    if name in ("curator-64", "curator-documented") and "long" in some:
        some.remove("long")  # a minute on the processor
    with caplog.at_level(logging.WARNING):
        for corpus in some:
            there = sketched(family, texts[corpus], 13, family.hashes // 13)
            here = sketched(family, texts[corpus], 13, family.hashes // 13, here=True)
            for part in ("keys", "content", "shingles", "blank", "signatures"):
                np.testing.assert_array_equal(
                    getattr(there, part), getattr(here, part), f"{corpus}: {part}"
                )
    assert not caplog.records  # nothing was left to the processor


@pytest.mark.parametrize("given", [
    {"ngram": 1}, {"ngram": 40}, {"hashes": 33}, {"hashes": 2000}, {"unit": "characters"},
    {"normal": {"digits": "zero", "punctuation": "keep"}},
    {"unit": "characters", "normal": {"punctuation": "drop", "whitespace": "drop"}},
])  # fmt: skip
def test_settings_of_the_own_family(texts, given):
    base = FAMILIES["tamis"]
    normal = base.normal._replace(**given.get("normal", {}))
    family = base.settle(
        given.get("unit"), given.get("ngram"), given.get("hashes"), 3, None, normal
    )
    there = sketched(family, texts["edges"], 3, 11)
    here = sketched(family, texts["edges"], 3, 11, here=True)
    for part in ("keys", "content", "shingles", "blank", "signatures"):
        np.testing.assert_array_equal(getattr(there, part), getattr(here, part), part)


@pytest.mark.parametrize("ngram", [2, 5, 300])
@pytest.mark.parametrize("name", ["curator", "curator-64", "curator-documented"])
def test_widths_of_windows(texts, name, ngram):
    family = FAMILIES[name].settle(None, ngram, 30, 9)
    there = sketched(family, texts["edges"], 3, 10)
    here = sketched(family, texts["edges"], 3, 10, here=True)
    np.testing.assert_array_equal(there.keys, here.keys)
    np.testing.assert_array_equal(there.signatures, here.signatures)


def test_memory_that_is_short(texts, monkeypatch, caplog):
    import cupy

    family = FAMILIES["tamis"].settle(None, None, None, 42)
    wanted = sketched(family, texts["middle"], 8, 32)
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.get_limit()
    pool.set_limit(size=64 << 20)
    try:
        with caplog.at_level(logging.WARNING):
            found = sketched(family, texts["middle"], 8, 32)
    finally:
        pool.set_limit(size=before)
    np.testing.assert_array_equal(found.keys, wanted.keys)
    assert not caplog.records


def test_threads_of_a_process(texts):
    from concurrent.futures import ThreadPoolExecutor

    families = [FAMILIES[name].settle(None, None, None, 42) for name in ("curator", "tamis")] * 4
    wanted = [sketched(family, texts["middle"], 8, 32) for family in families[:2]]
    with ThreadPoolExecutor(8) as pool:  # WORTH stays 0 throughout
        found = list(pool.map(lambda family: _signed(family, texts["middle"]), families))
    for k, into in enumerate(found):
        np.testing.assert_array_equal(into.keys, wanted[k % 2].keys)
        np.testing.assert_array_equal(into.shingles, wanted[k % 2].shingles)


def _signed(family, buffers):
    into = Sketched.empty(buffers.valid.size, 32, family.hashes)
    family.sign(buffers, 8, into)
    return into
