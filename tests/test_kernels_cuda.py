"""Loops of the processor as functions of a device, which numba's simulator runs as Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.kernels import content, cuda
from tamis.kernels.content import hash_span
from tamis.kernels.cuda import Threads as threads

WORDS = st.integers(0, 2**64 - 1).map(np.uint64)
pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)


@cuda.kernel("uint8[::1], int64[::1], uint64[::1], uint64[::1]")
def hash_each(data, offsets, low, high):
    i = threads.grid(1)
    if i < low.size:
        scratch = threads.local.array(128, np.uint8)
        low[i], high[i] = hash_span(data, offsets[i], offsets[i + 1], scratch)


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(max_examples=20)
def test_a_loop_gives_what_it_gives_on_the_processor(texts):
    data = np.frombuffer(b"".join(texts), np.uint8)
    offsets = np.cumsum([0, *map(len, texts)])
    wanted, found = np.zeros((2, 2, len(texts)), np.uint64)
    content.hash_texts(data, offsets, *wanted)
    cuda.per_item(hash_each, len(texts), data, offsets, *found)
    assert (found == wanted).all()


@given(WORDS, WORDS)
def test_what_stands_for_instructions(a, b):
    with np.errstate(over="ignore"):
        product = int(a) * int(b)
        assert cuda.multiply_fold(a, b) == (product >> 64) ^ (product & (2**64 - 1))
        assert cuda.popcount(a) == int(a).bit_count()
        lowest = (int(a) & -int(a)).bit_length() - 1 if a else 64
        assert cuda.trailing_zeros(a) == lowest
        data = np.array([a, b]).view(np.uint8)
        assert cuda.load64(data, 3) == int.from_bytes(data[3:11].tobytes(), "little")


@given(st.binary(min_size=1, max_size=63), st.integers(0, 70))
def test_a_tail_is_followed_by_zeros(text, more):
    scratch = np.full(128, 7, np.uint8)
    data = np.frombuffer(text + bytes([9]) * more, np.uint8)
    cuda.tail(data, 0, len(text), scratch)
    assert scratch[:64].tobytes() == text + bytes(64 - len(text))


def test_nothing_to_do_launches_nothing():
    cuda.per_item(hash_each, 0, None)
