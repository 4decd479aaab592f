"""How a text column lies in memory changes nothing."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import (
    ExactDedup,
    FuzzyDedup,
    LineDedup,
    ParagraphDedup,
    SentenceDedup,
    SubstringDedup,
)
from tamis.dedup import chunks
from tamis.frame import STRING, masked

STEPS = [ExactDedup(), FuzzyDedup(ngram=2, threshold=0.5), FuzzyDedup(ngram=2, verify=False)]


def chunked(texts, cuts):
    ends = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [pa.array(texts[a:b], pa.large_string()) for a, b in itertools.pairwise(ends)]
    column = pd.array(pa.chunked_array(parts, pa.large_string()), dtype=STRING)
    return pd.DataFrame({"id": [str(k) for k in range(len(texts))], "text": column})


@pytest.mark.parametrize("step", STEPS, ids=["exact", "fuzzy", "trusting"])
@given(
    texts=st.lists(st.one_of(st.none(), st.text("ab ", max_size=12)), max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    data=st.data(),
)
def test_chunks_give_the_table_of_one_array(step, texts, cuts, data):
    whole, parts = chunked(texts, []), chunked(texts, cuts)
    assert chunks.sketch(step, parts).combine_chunks().equals(step.sketch(whole).combine_chunks())
    rows = data.draw(st.lists(st.integers(0, max(0, len(texts) - 1)), unique=True).map(sorted))
    rows = pd.array(rows if texts else [], dtype="int64").to_numpy()
    found = chunks.evidence(step, parts, rows).combine_chunks()
    assert found.to_pydict() == step.evidence(whole, rows).to_pydict()


@given(
    texts=st.lists(st.one_of(st.none(), st.text("ab ", max_size=3)), max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    data=st.data(),
)
def test_masked_is_what_pandas_gives(texts, cuts, data):
    rows = chunked(texts, cuts).assign(n=range(len(texts))).set_index("n", drop=False)
    rows.columns = ["id", "text", "text"]  # a frame may have a column twice
    mask = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    mask = np.array(mask, bool)
    pd.testing.assert_frame_equal(masked(rows, mask), rows[mask])


PARTS = [
    LineDedup(min_length=1),
    ParagraphDedup(min_length=1),
    SentenceDedup(n=2, min_length=1),
    SubstringDedup(length=3),
    SubstringDedup(length=4, unit="characters"),
    ExactDedup(),
    FuzzyDedup(ngram=2, threshold=0.5),
]


@pytest.mark.parametrize("step", PARTS, ids=lambda step: step.name)
@given(
    texts=st.lists(
        st.one_of(
            st.none(),
            st.lists(st.sampled_from(["a b.", "c\n", "d e f\n\n", "g. "]), max_size=6).map("".join),
        ),
        min_size=1,
        max_size=10,
    ),
    cuts=st.lists(st.integers(0, 10), min_size=1, max_size=4),
)
def test_every_kind_decides_alike(step, texts, cuts):
    def verdicts(rows):
        proposal = step.propose([chunks.sketch(step, rows)])
        evidence = chunks.evidence(step, rows, step.wanted(proposal)[0])
        return step.decide(proposal, [evidence]).to_pydict()

    assert verdicts(chunked(texts, cuts)) == verdicts(chunked(texts, []))


def test_a_sketch_of_chunks_with_sources_can_be_written(tmp_path):
    rows = chunked(["a b c", "d e f", "a b c"], [1, 2])
    rows["source"] = pd.array(["books", "web", "books"], dtype=STRING)
    table = chunks.sketch(FuzzyDedup(), rows)
    with pa.ipc.new_file(tmp_path / "sketch.arrow", table.schema) as writer:
        writer.write_table(table)
    read = pa.ipc.open_file(tmp_path / "sketch.arrow").read_all()
    assert read["source"].to_pylist() == ["books", "web", "books"]
