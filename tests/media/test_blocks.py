"""Blocks of remote media: the bytes are right whoever reads where, and fetched once."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.codes import BadRecord
from tamis.media import sandbox
from tamis.media.blocks import AHEAD, BLOCK, Blocks
from tamis.media.pieces import Pieces
from tamis.media.served import asking, served, waited

DATA = random.Random(0).randbytes(40 * BLOCK + 17)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DATA)), st.integers(0, 5 * BLOCK)), max_size=20),
       st.sampled_from([4, 9, 1000]))  # fmt: skip
def test_any_reads(asked, kept):
    blocks = Blocks(len(DATA), lambda a, b: DATA[a:b], kept * BLOCK)
    for start, size in asked:
        assert blocks.read(start, start + size) == DATA[start : start + size]


def test_who_reads_on_gets_larger_ranges():
    asked = []
    blocks = Blocks(len(DATA), lambda a, b: asked.append((a, b)) or DATA[a:b])
    for start in range(0, 20 * BLOCK, 1000):
        assert blocks.read(start, start + 1000) == DATA[start : start + 1000]
    time.sleep(0.2)
    asked.sort()
    assert [a for a, _ in asked[1:]] == [b for _, b in asked[:-1]]  # each byte once
    assert len(asked) <= 6 and max(b - a for a, b in asked) <= AHEAD


def test_who_goes_from_place_to_place_gets_small_ones():
    asked = []
    blocks = Blocks(len(DATA), lambda a, b: asked.append(b - a) or DATA[a:b])
    for k in (30, 4, 17, 30, 4):
        assert blocks.read(k * BLOCK + 5, k * BLOCK + 9) == DATA[k * BLOCK + 5 : k * BLOCK + 9]
    assert asked == [BLOCK] * 3


def test_threads_share_what_is_fetched():
    asked = []

    def fetch(start, stop):
        time.sleep(0.01)
        asked.extend(range(start // BLOCK, -(-stop // BLOCK)))
        return DATA[start:stop]

    blocks, wrong = Blocks(len(DATA), fetch), []

    def work(seed):
        for _ in range(100):
            start = random.Random(seed).randrange(len(DATA))
            seed += 1
            if blocks.read(start, start + 3000) != DATA[start : start + 3000]:
                wrong.append(start)

    threads = [threading.Thread(target=work, args=(7 * k,)) for k in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong and len(asked) == len(set(asked))


def test_what_failed_is_asked_for_again():
    failing = [True]

    def fetch(start, stop):
        if failing:
            raise BadRecord("media.unreadable", "not now")
        return DATA[start:stop]

    blocks = Blocks(len(DATA), fetch)
    with pytest.raises(BadRecord, match="not now"):
        blocks.read(0, 10)
    failing.clear()
    assert blocks.read(0, 10) == DATA[:10]


def test_served_to_another_process():
    def read(start, stop):
        if start > 20 * BLOCK:
            raise BadRecord("media.unreadable", "it broke off")
        return DATA[start:stop]

    with served(Pieces(len(DATA), read)) as place:
        file = asking(**place)
        assert file.exactly(7, 15 * BLOCK) == DATA[7 : 15 * BLOCK]
        with pytest.raises(BadRecord, match="it broke off"):
            file.exactly(30 * BLOCK, 30 * BLOCK + 5)
        other = asking(**{**place, "word": "0" * 32})
        with pytest.raises(BadRecord, match="not read any longer"):
            other.exactly(0, 5)
    with pytest.raises(BadRecord, match="not read any longer"):
        file.exactly(0, 5)


def slow(data, *, place):
    return len(asking(**place).exactly(0, 5))


@pytest.mark.slow
def test_waiting_for_bytes_is_no_fault_of_the_decoder():
    """Two seconds for five bytes, where a decoder has one; and one that hangs is still found."""
    sandbox.allow("test_blocks:slow")
    sandbox.allow("test_blocks:hangs")

    def read(start, stop):
        time.sleep(2)
        return DATA[start:stop]

    with served(Pieces(len(DATA), read)) as place:
        word = place["word"]
        ask = {"timeout": 1.0, "excused": lambda: waited(word)}
        assert list(sandbox.isolated("test_blocks:slow", [(b"", {"place": place})], **ask)) == [5]
        (bad,) = sandbox.isolated("test_blocks:hangs", [(b"", {"place": place})], **ask)
    assert bad.code == "sandbox.timeout"


def hangs(data, *, place):
    slow(data, place=place)
    time.sleep(60)
