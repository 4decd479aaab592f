"""Exact deduplication against dictionaries."""

from itertools import pairwise

import pandas as pd
import pytest
from corpora import STRING, frame
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import ExactDedup
from tamis.errors import ColumnError, SettingError

TEXTS = st.lists(
    st.one_of(st.none(), st.sampled_from(["", " ", "a", "A", "ab", "é", "x" * 64, "x" * 65])),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(1, 9))
def test_first_of_each(texts, parts):
    docs, step = frame(texts), ExactDedup()
    first = {}
    for name, text in zip(docs.id, texts, strict=True):
        first.setdefault(text if text is not None else ("null", name), name)
    assert step(docs).id.tolist() == list(first.values())
    cuts = [len(docs) * k // parts for k in range(parts + 1)]
    pieces = [docs.iloc[a:b] for a, b in pairwise(cuts)]
    verdicts = step.decide(step.propose([step.sketch(piece) for piece in pieces]), [])
    gone = verdicts.to_pandas().query("not keep")
    assert {n: first[texts[int(n[4:])]] for n in gone.id} == dict(
        zip(gone.id, gone.duplicate_of, strict=True)
    )
    assert len(gone) == len(texts) - len(first)
    assert (gone.similarity == 1.0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "ab", "", None])] * 3), max_size=40))
def test_several_columns(rows):
    docs = frame(["x"] * len(rows)).assign(
        **{c: pd.array([row[k] for row in rows], STRING) for k, c in enumerate("pqr")}
    )
    seen, kept = set(), []
    for name, row in zip(docs.id, rows, strict=True):
        if row == (None, None, None) or row not in seen:
            kept.append(name)
        seen.add(row)
    assert ExactDedup(on=("p", "q", "r"))(docs).id.tolist() == kept


def test_policies():
    docs = frame(["same"] * 5).assign(
        n=[1, 5, 5, None, 2],
        when=pd.to_datetime(["2020-01-01", "2019-01-01", None, "2021-06-01", "2021-06-01"]),
        site=pd.array(["web", None, "wiki", "books", "wiki"], STRING),
        good=[False, False, True, True, False],
    )
    kept = {
        "first": "doc-0",
        "longest": "doc-0",
        "best:n": "doc-1",
        "best:when": "doc-3",
        "best:good": "doc-2",
        "source:site=wiki,books": "doc-2",
        "source:site=arxiv,books": "doc-3",
    }
    for keep, name in kept.items():
        assert ExactDedup(keep=keep)(docs).id.tolist() == [name]
        if keep != "first":
            assert ExactDedup(keep=keep)(docs.iloc[::-1]).id.tolist() == [name]


def test_other_columns_than_text():
    docs = frame(["a", "b", "c"]).assign(n=[1, 2, 1], when=pd.to_datetime(["2020"] * 2 + ["2021"]))
    assert ExactDedup(on="n")(docs).id.tolist() == ["doc-0", "doc-1"]
    assert ExactDedup(on=["n", "when"])(docs).id.tolist() == ["doc-0", "doc-1", "doc-2"]
    with pytest.raises(ColumnError, match="cannot be compared as text"):
        ExactDedup(on="lists")(docs.assign(lists=[[1], [2], [1]]))


def test_ids_of_numbers():
    docs = pd.DataFrame({"id": [30, 10, 20], "text": ["a", "a", "b"]})
    assert ExactDedup()(docs).id.tolist() == [30, 20]
    assert ExactDedup(keep="longest")(docs).id.tolist() == [10, 20]
    assert ExactDedup().find(docs).duplicate_of.tolist()[1] == "30"


def test_reasons_and_errors():
    explained = ExactDedup(name="same").explain(frame(["a", "a"]))
    assert explained.dropped_why.tolist()[1] == "dedup.exact: same text as doc-0"
    assert explained.dropped_by.tolist()[1] == "same"
    with pytest.raises(SettingError, match="names no column"):
        ExactDedup(on=[])
    with pytest.raises(SettingError, match="needs one column"):
        ExactDedup(on=["a", "b"], keep="longest")
    with pytest.raises(ColumnError, match=r"no column 'a' \(have: id, text, score, source\)"):
        ExactDedup(on="a")(frame(["a"]))
