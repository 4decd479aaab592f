"""Lines, paragraphs and runs of sentences against dictionaries of strings."""

import pickle
from collections import Counter

import dask.dataframe as dd
import numpy as np
import pandas as pd
import part_oracle as oracle
import pytest
from dask.base import tokenize
from hypothesis import given, settings
from hypothesis import strategies as st
from part_oracle import frame

from tamis import LineDedup, ParagraphDedup, Pipeline, SentenceDedup, SubstringDedup, text
from tamis.dedup.parts import buffers, tables
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import text_buffers
from tamis.kernels.unit_split import SENTENCES, ready, split
from tamis.recipe import step_from

LINES = [
    "a",
    "b",
    "Home",
    " a ",
    "A",
    "",
    " ",
    "é",
    "a1",
    "a2",
    "x" * 70,
    "日本",
    "a\r",
    "!",
    "e\u0301",
]
SPLIT = {"lines": oracle.lines, "paragraphs": oracle.paragraphs, "sentences": oracle.sentences}


def texts_of(pieces, joint, most=12):
    one = st.lists(st.sampled_from(pieces), max_size=8).map(joint.join)
    return st.lists(st.none() | one, max_size=most)


COMMON = {
    "min_copies": st.sampled_from([2, 2, 3]),
    "within": st.booleans(),
    "action": st.sampled_from(["unit", "unit", "record", "score"]),
    "threshold": st.sampled_from([0.3, 0.5, 1.0]),
    "min_left": st.sampled_from([1, 1, 3, 9]),
    "keep": st.sampled_from(["first", "first", "longest", "source:source=wiki"]),
    "min_length": st.sampled_from([1, 1, 2]),
    "ignore": st.sampled_from([(), (), ("case",), ("case", "digits", "punctuation", "accents")]),
}


def order_of(step, docs):
    if step.keep == "first":
        return range(len(docs))
    rank = -docs.text.str.len().fillna(0).astype(int)
    if step.keep != "longest":
        rank = (docs.source != "wiki").astype(int)
    return docs.assign(rank=rank).sort_values(["rank", "id"]).index.tolist()


def plain(texts):
    return [t if isinstance(t, str) else None for t in texts]


def check(step, docs, n, parts):
    """Explained, found, kept and cut into partitions: all as the oracle has it."""
    split = SPLIT[step.kind]
    records = [split(t) if isinstance(t, str) else None for t in docs.text]
    stay, shares = oracle.deduplicated(
        records, n, step, lambda unit: oracle.counted_as(unit, step.ignore), order_of(step, docs)
    )
    explained = step.explain(docs)
    assert (explained.dropped_by == step.name).fillna(False).tolist() == [s is None for s in stay]
    got = explained[step.name]
    assert got.isna().tolist() == docs.text.isna().tolist()
    assert got.fillna(0).tolist() == pytest.approx(shares)
    texts = (plain(docs.text), plain(explained.text))
    for record, at, before, after in zip(records, stay, *texts, strict=True):
        if at is None or record is None or len(at) == len(record):
            assert after == before
        else:
            assert split(after) == [record[i] for i in at]
    kept = step(docs)
    assert kept.id.tolist() == [i for i, s in zip(docs.id, stay, strict=True) if s is not None]
    assert (step.name in kept.columns) == (step.action == "score")
    pd.testing.assert_series_equal(kept.text, explained.text[explained.dropped_by.isna()])
    whole = oracle.in_pieces(step, docs, 1)
    assert oracle.in_pieces(step, docs, parts).equals(whole)
    for row in whole.to_pylist():
        assert row["duplicate_of"] != row["id"]
    return explained, kept


@settings(max_examples=40, deadline=None)
@given(texts_of(LINES, "\n"), st.fixed_dictionaries(COMMON), st.integers(2, 9))
def test_lines(texts, given_, parts):
    check(LineDedup(**given_), frame(texts), 1, parts)


@pytest.mark.parametrize("min_copies", [2, 3])
@pytest.mark.parametrize("within", [True, False])
def test_equal_lines_of_which_one_is_too_short(min_copies, within):
    step = LineDedup(
        min_length=2, ignore="accents", threshold=0.3, min_copies=min_copies, within=within
    )
    check(step, frame(["\xe9", "e\u0301\ne\u0301"]), 1, 2)


@settings(max_examples=40, deadline=None)
@given(texts_of([*LINES, "\n", "\n"], "\n"), st.fixed_dictionaries(COMMON), st.integers(2, 9))
def test_paragraphs(texts, given_, parts):
    check(ParagraphDedup(**given_), frame(texts), 1, parts)


SENTENCE = st.sampled_from(
    [a + b for a in ["one.", "two.", "tri.", "fore"] for b in (" ", "\n", " \n\n")]
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(SENTENCE, max_size=9).map("".join), max_size=8),
    st.fixed_dictionaries(COMMON),
    st.integers(1, 3),
    st.integers(2, 9),
)
def test_sentences(texts, given_, n, parts):
    check(SentenceDedup(n=n, **given_), frame(texts), n, parts)


HARD = "ab. !?\n\"'»。！？)…\r\u2028\u00a0é日Mr"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(HARD, max_size=30), max_size=6), st.sampled_from([1, 2, 3]))
def test_a_second_time_cuts_nothing_more(texts, n):
    docs = frame([t + t[::-1] for t in texts] + texts)
    for step in (
        LineDedup(min_length=1),
        ParagraphDedup(min_length=1),
        SentenceDedup(n=n, min_length=1),
    ):
        once = step(docs)
        twice = step(once)
        assert twice.text.tolist() == once.text.tolist()
        counts = Counter(unit for t in docs.text for unit in split_by(step, t))
        left = Counter(unit for t in once.text for unit in split_by(step, t))
        assert set(left) == set(counts)  # of everything that was cut a copy stays
        if n == 1 or step.kind != "sentences":
            assert set(left.values()) <= {1}


def split_by(step, value):
    """What is compared, as the step itself cuts a text up: units of another text are taken away."""
    if step.kind != "sentences":
        return SPLIT[step.kind](value)
    data, offsets = buffers(text_buffers(pd.Series([value], dtype=oracle.STRING)))
    text_, start, end = ready(data, offsets[0], offsets[1])
    count, spans = split(text_, start, end, SENTENCES, *tables(), np.empty((1, 2), np.int32))
    found = [value.encode()[a:b].decode() for a, b in spans[:count]]
    assert count == (text.sentence_count(value) if value.strip() else 0)
    assert "".join(found).split() == value.split() or "".join("".join(found).split()) == "".join(
        value.split()
    )
    return found


def test_what_white_space_stays():
    docs = frame(["nav\nfoot", "Title\n\nnav\nText\nfoot\n", "  nav\n\tIndented\n"])
    kept = LineDedup(min_length=1)(docs).text.tolist()
    assert kept == ["nav\nfoot", "Title\n\nText\n", "  Indented\n"]


def test_only_records_of_one_source_are_compared():
    docs = frame(["same", "same", "same", "same"])
    assert LineDedup(min_length=1, per="source")(docs).id.tolist() == ["doc-0", "doc-1"]
    assert LineDedup(min_length=1)(docs).id.tolist() == ["doc-0"]


def test_short_lines_stay_unless_they_are_asked_for():
    docs = frame(["Home\nA line that is long enough.", "Home\nA line that is long enough.\nNew."])
    assert LineDedup()(docs).text.tolist()[1] == "Home\nNew."
    assert LineDedup(min_length=1)(docs).text.tolist()[1] == "New."


def test_ccnet():
    """Lower case, digits as 0, without punctuation and accents: the normalisation of CCNet."""
    step = LineDedup(min_length=1, ignore=["case", "digits", "punctuation", "accents"])
    docs = frame(["Posted in 2019, café!", "posted in 2020 Cafe", "posted at 2020 Cafe"])
    assert step(docs).id.tolist() == ["doc-0", "doc-2"]


def test_c4():
    """Of a run of three sentences that stands twice one copy stays (Raffel et al., 2020)."""
    said = "Cookies help us. By using it you agree. Learn more here."
    docs = frame([f"First page. {said} Its end.", f"Second page. {said}", said, "Learn more here."])
    kept = SentenceDedup()(docs)
    assert kept.text.tolist() == [docs.text[0], "Second page.", "Learn more here."]


def test_a_record_that_goes_backs_nothing():
    docs = frame(["aa\nbb\ncc", "aa\nbb\ndd", "dd\nee"])
    step = LineDedup(min_length=1, action="record", threshold=0.5)
    explained = step.explain(docs)
    assert explained.dropped_by.isna().tolist() == [True, False, True]
    assert explained.duplicate_of.tolist()[1] == "doc-0"
    assert explained.dropped_why.tolist()[1] == (
        "dedup.lines: 66.7% of its characters stand before, in lines, most of them in doc-0"
    )
    assert explained.lines_dedup.tolist() == [0.0, pytest.approx(2 / 3), 0.0]


def test_found():
    found = LineDedup(min_length=1).find(frame(["a\nb", "a\nc", "b", "b\nb\nb"])).to_dict("list")
    assert found["id"] == ["doc-1", "doc-2", "doc-3"]
    assert found["keep"] == [True, False, False]
    assert found["duplicate_of"] == ["doc-0"] * 3
    assert found["similarity"] == [0.5, 1.0, 1.0]


STEPS = [
    LineDedup(min_length=1),
    LineDedup(action="score", ignore=("case", "spaces"), per="source", name="repeated"),
    ParagraphDedup(action="record", threshold=0.25, keep="source:source=wiki", within=False),
    SentenceDedup(n=2, min_left=3, min_copies=3),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_lazy_frames_and_plain_data(step):
    pool = ["nav bar of the site", "home", "one. two. three.", "x"]
    docs = frame(["\n".join(pool[(k * j) % 4] for j in range(1 + k % 5)) for k in range(40)])
    lazy = dd.from_pandas(docs, npartitions=6)
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
        assert list(given_.dtypes) == list(computed.dtypes)
    pd.testing.assert_frame_equal(Pipeline([step])(docs), step(docs))
    assert pickle.loads(pickle.dumps(step)) == step == step_from(step.to_dict())
    assert tokenize(step) == tokenize(pickle.loads(pickle.dumps(step)))
    assert Pipeline.from_yaml(Pipeline([step]).to_yaml()) == Pipeline([step])


def test_many_ranges_of_keys(monkeypatch):
    docs = frame([f"line {k % 50}\nline {k % 7}\nown {k}" for k in range(300)])
    step = LineDedup(min_length=1)
    whole = oracle.in_pieces(step, docs, 4)
    monkeypatch.setattr("tamis.dedup.repeats.CHUNK", 37)
    assert oracle.in_pieces(step, docs, 4).equals(whole)


def test_mistakes():
    docs = frame(["a"])
    for wrong, said in (
        ({"action": "cut"}, "action='cut' is unknown"),
        ({"ignore": ["colour"]}, "'colour' is unknown"),
        ({"min_copies": 1}, "min_copies=1"),
        ({"threshold": 0}, "threshold=0"),
        ({"per": ""}, "per=''"),
        ({"within": 1}, "within=1"),
        ({"keep": "best"}, "no survivor policy"),
    ):
        with pytest.raises(SettingError, match=said):
            LineDedup(**wrong)
    with pytest.raises(ColumnError, match="no column 'body'"):
        LineDedup(on="body")(docs)
    with pytest.raises(ColumnError, match="no column 'site'"):
        LineDedup(per="site")(docs)
    with pytest.raises(ColumnError, match="exists already"):
        LineDedup(name="source")(docs)
    with pytest.raises(ColumnError, match="not text"):
        LineDedup(on="n")(docs.assign(n=1))


@pytest.mark.parametrize("step", [*STEPS, SubstringDedup()], ids=lambda step: step.name)
@pytest.mark.parametrize("ids", [["a", "a", "b"], ["a", None, "b"]], ids=["twice", "null"])
def test_every_record_has_an_id_of_its_own(step, ids):
    docs = frame(["one", "two", "three"]).assign(source="wiki")
    docs["id"] = pd.array(ids, docs.id.dtype)
    lazy = dd.from_pandas(docs, npartitions=3, sort=False)
    said = "id 'a' occurs twice: row 0 of" if ids[1] else "the id of row 1 is null"
    for ask in (step, step.find, step.compare, step.explain):
        with pytest.raises(DataError, match=said):
            ask(docs)
        with pytest.raises(DataError, match=said):
            made = ask(lazy)
            made.compute(scheduler="sync")
