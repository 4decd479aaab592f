"""Long substrings against every window of every text."""

import pickle
import random

import dask.dataframe as dd
import pandas as pd
import part_oracle as oracle
import pytest
from dask.base import tokenize
from hypothesis import given, settings
from hypothesis import strategies as st
from part_oracle import frame

from tamis import Pipeline, SubstringDedup
from tamis.errors import SettingError
from tamis.recipe import step_from

SPLIT = {"words": str.split, "characters": list}


def check(step, docs, parts):
    split = SPLIT[step.unit]
    texts = [t if isinstance(t, str) else None for t in docs.text]
    records = [None if t is None else split(t) for t in texts]
    order = range(len(docs))
    if step.keep == "longest":
        order = (
            docs.assign(n=-docs.text.str.len().fillna(0).astype(int)).sort_values(["n", "id"]).index
        )
    stay, shares = oracle.deduplicated(
        records, step.length, step, lambda unit: unit, order, repeat=False
    )
    explained = step.explain(docs)
    assert [by == step.name for by in explained.dropped_by.fillna("")] == [s is None for s in stay]
    assert explained[step.name].fillna(0).tolist() == pytest.approx(shares)
    for before, record, at, after in zip(texts, records, stay, explained.text, strict=True):
        if at is None or record is None or len(at) == len(record):
            assert before is None or after == before
        else:
            assert split(after) == [record[i] for i in at]
            assert len(after.encode()) <= len(before.encode())
    whole = oracle.in_pieces(step, docs, 1)
    assert oracle.in_pieces(step, docs, parts).equals(whole)
    return explained


SETTINGS = st.fixed_dictionaries(
    {
        "length": st.integers(2, 9),
        "unit": st.sampled_from(["words", "characters"]),
        "within": st.booleans(),
        "min_copies": st.sampled_from([2, 2, 3]),
        "action": st.sampled_from(["unit", "unit", "record", "score"]),
        "threshold": st.sampled_from([0.3, 1.0]),
        "min_left": st.sampled_from([1, 4]),
        "keep": st.sampled_from(["first", "first", "longest"]),
    }
)
WORDS = st.lists(st.sampled_from(["a ", "b ", "a\n", "bé ", "日", "a", "b"]), max_size=40)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.none() | WORDS.map("".join), max_size=8), SETTINGS, st.integers(2, 7))
def test_every_window(texts, given_, parts):
    check(SubstringDedup(**given_), frame(texts), parts)


@pytest.mark.parametrize(("length", "unit"), [(50, "words"), (13, "words"), (64, "characters")])
def test_planted_passages(length, unit):
    """Passages of just the length, one less and more, at other places of other texts."""
    rng = random.Random(length)
    words = [f"w{k}" for k in range(400)]
    join = " " if unit == "words" else ""
    pool = words if unit == "words" else list("abcdefghijkl mnopqrstuvwxyzäß日")
    passages = [
        [rng.choice(pool) for _ in range(size)]
        for size in (length - 1, length, length, length + 1, 3 * length)
    ]
    texts = []
    for _ in range(60):
        parts = [[rng.choice(pool) for _ in range(rng.randrange(length))]]
        for _ in range(rng.randrange(3)):
            passage = rng.choice(passages)
            start = rng.choice([0, 0, rng.randrange(len(passage))])
            parts += [passage[start:], [rng.choice(pool) for _ in range(rng.randrange(length))]]
        texts.append(join.join(token for part in parts for token in part))
    explained = check(SubstringDedup(length=length, unit=unit), frame(texts), 5)
    assert (explained.substrings_dedup > 0).sum() > 10


def test_accounting_of_bytes():
    """What is cut and what is left are the bytes that came in, in whole characters."""
    docs = frame(["日本語のテキスト。それから", "別の日本語のテキスト。それだけ", "短い"])
    explained = SubstringDedup(length=8, unit="characters").explain(docs)
    assert explained.text.tolist() == ["日本語のテキスト。それから", "別のだけ", "短い"]
    cut = "日本語のテキスト。それ"
    assert explained.substrings_dedup.tolist()[1] == pytest.approx(len(cut) / len(docs.text[1]))
    assert len(docs.text[1].encode()) == len(explained.text[1].encode()) + len(cut.encode())


STEPS = [
    SubstringDedup(length=4),
    SubstringDedup(length=6, unit="characters", action="record", threshold=0.1, name="runs"),
    SubstringDedup(length=3, action="score", keep="source:source=wiki"),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.name}-{step.action}")
def test_lazy_frames_and_plain_data(step):
    rng = random.Random(1)
    docs = frame([" ".join(rng.choice("abc") for _ in range(rng.randrange(12))) for _ in range(60)])
    lazy = dd.from_pandas(docs, npartitions=7)
    for wanted, given_ in (
        (step.find(docs), step.find(lazy)),
        (step(docs), step(lazy)),
        (step.explain(docs), step.explain(lazy)),
        (Pipeline([step])(docs), Pipeline([step])(lazy)),
    ):
        computed = given_.compute(scheduler="sync")
        pd.testing.assert_frame_equal(
            computed.reset_index(drop=True), wanted.reset_index(drop=True)
        )
    assert pickle.loads(pickle.dumps(step)) == step == step_from(step.to_dict())
    assert tokenize(step) == tokenize(pickle.loads(pickle.dumps(step)))


def test_mistakes():
    for wrong, said in (
        ({"length": 1}, "length=1"),
        ({"unit": "bytes"}, "unit='bytes' is unknown"),
    ):
        with pytest.raises(SettingError, match=said):
            SubstringDedup(**wrong)
