"""MinHash by the kernels of a card, which numba's simulator runs, beside the processor's."""

import mmh3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.frame import text_buffers
from tamis.kernels import cuda, cuda_curator, cuda_minhash, curator

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
@settings(max_examples=12)
def test_as_the_processor_signs(bits, documented, texts, width, hashes, stretch, seed):
    data, offsets = laid(texts)
    factors, terms = curator.permutations(hashes, seed, bits)
    wanted, counts = signed(data, offsets, width, factors, terms, documented)
    made = cuda_curator.sign(np, data, offsets, width, factors, terms, documented, stretch)
    assert (made.minima.reshape(len(texts), -1) == wanted).all()
    assert (made.counts == counts).all()
    bands = max(1, hashes // 3)
    keys = np.zeros((bands, len(texts)), np.uint64)
    curator.band_keys(wanted, hashes // bands, keys)
    assert (cuda_minhash.band_keys(np, made.minima, hashes, hashes // bands, bands) == keys).all()
