"""Counts by array code, as a device makes them, beside the compiled loops; on NumPy."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import datasets
from tamis.frame import text_buffers
from tamis.kernels.unicode import SPACES
from tamis.kernels.words import COMMON_WORDS, ELLIPSES
from tamis.text import code, views
from tamis.text.array_counts import TextArrays

LETTERS = "aZeb zß É'\"+.,!?#-•‣⦿…()[]{}⟨⟩0١<>\b\n\n\t\r中文かな한🙂\u0301"
LETTERS += "".join(map(chr, SPACES))
WORDS = [*ELLIPSES, *COMMON_WORDS, "The", "#a", "##", "a#", "#b#", "a#b#", "thee", "havewith", "#é"]
TEXTS = st.lists(
    st.none()
    | st.text(alphabet=LETTERS, max_size=30)
    | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
    | st.text(max_size=9).map(lambda t: t.encode("utf-8", "replace").decode()),
    max_size=8,
)


def both(texts):
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    low, high = int(buffers.offsets[0]), int(buffers.offsets[-1])
    offsets = (buffers.offsets - low).astype(np.int64)
    return buffers, TextArrays(np, buffers.data[low:high], offsets, buffers.valid)


def compare(texts):
    buffers, made = both(texts)
    np.testing.assert_array_equal(made.blank, views.blank(buffers) | ~buffers.valid)
    pairs = [*zip(made.characters, views.characters(buffers), strict=True),
             *zip(made.code_lines, code.code_lines(buffers), strict=True)]  # fmt: skip
    words, lines = views.words(buffers), views.lines(buffers, views.breaks(buffers))
    pairs += [(made.words.counts, words.counts), (made.words.tallies, words.tallies),
              (made.lines.counts, lines.counts),
              (made.lines.tallies[:, 3:5], lines.tallies[:, 3:5])]  # fmt: skip
    for found, wanted in pairs:
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == np.int64


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_equal_to_the_compiled_loops(texts):
    compare(texts)


@pytest.mark.parametrize("texts", [[], [None], [""], ["", "", "a"], ["a", "", None, " "], ["\n"]])
def test_next_to_nothing(texts):
    compare(texts)


def test_equal_on_real_pages():
    compare(datasets.demo().compute()["text"].dropna().head(200).tolist())


def test_text_that_begins_within_its_buffer():
    whole = pa.array(["not this one", "a b", "c\nd ⟩"], pa.large_string())
    buffers = text_buffers(whole.slice(1))
    assert buffers.offsets[0] > 0
    compare(whole.slice(1).to_pylist())
