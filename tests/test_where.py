"""Steps for some rows only (`where`), and measures that look at several rows together (`whole`)."""

import itertools

import dask.dataframe as dd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Cut, Edit, Filter, Pipeline, Score, cut, measure, text, view
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.media import Decoded, each
from tamis.rowwise import run


@view(rows=3)
def three(path):
    """Three rows at a time."""
    return Decoded(lambda row: str(path.iloc[row]), len(path))


@measure(dtype="float64", namespace="test_where", heavy=True)
def path_length(three):
    """How long the path is."""
    return each(three, len)


@measure(dtype="Int64", whole="parent_id", namespace="test_where")
def rows_of(parent_id):
    """How many rows have this parent."""
    return parent_id.map(parent_id.value_counts()).astype("Int64")


@cut(columns={"text": "string"}, spends=("parts",), namespace="test_where")
def apart(parts):
    """The items of a list; a row with "bad" in it cannot be cut."""
    made = [(k, t) for k, items in enumerate(parts) if "bad" not in items for t in items]
    bad = {k: "text.null: bad" for k, items in enumerate(parts) if "bad" in items}
    return {"parent": [k for k, _ in made], "text": [t for _, t in made], "problems": bad}


@cut(columns={"text": "string", "start": "Int64"}, namespace="test_where")
def letters(text):
    """Each x of a text, and where it stands."""
    bad = {k: "text.null: no text" for k, isnull in enumerate(text.isna()) if isnull}
    held = text.fillna("")
    made = [(k, at) for k, words in enumerate(held) for at, x in enumerate(words) if x == "x"]
    starts = [at for _, at in made]
    parents = [k for k, _ in made]
    return {"parent": parents, "text": ["x"] * len(made), "start": starts, "problems": bad}


def a_frame(rows):
    return pd.DataFrame(
        {
            "id": pd.Series([f"r{k}" for k in range(len(rows))], dtype=STRING),
            "parent_id": pd.Series([f"d{d}" for d, *_ in rows], dtype=STRING),
            "kind": pd.Series([kind for _, kind, _ in rows], dtype=STRING),
            "text": pd.Series([t for *_, t in rows], dtype=STRING),
            "path": pd.Series([t or "" for *_, t in rows], dtype=STRING),
        }
    )


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["a", "b", None]),
        st.none() | st.text(alphabet="xy ", max_size=9),
    ),
    max_size=16,
)
STEPS = [
    Filter(text.word_count, min=2, where={"kind": "a"}),
    Filter(path_length, max=6, where={"kind": "b"}),
    Filter(rows_of, min=2, max=4, where={"kind": ["a", "b"]}),
]


def by_hand(rows):
    """What each step does to each row, one row at a time."""
    left, told = list(range(len(rows))), {}
    words = {k: len(t.split()) if t and t.strip() else None for k, (_, _, t) in enumerate(rows)}
    for k, (_, kind, _) in enumerate(rows):
        if kind == "a" and (words[k] is None or words[k] < 2):
            told[k] = "word_count"
    left = [k for k in left if k not in told]
    for k in left:
        if rows[k][1] == "b" and len(rows[k][2] or "") > 6:
            told[k] = "path_length"
    left = [k for k in left if k not in told]
    sizes = {k: sum(rows[j][0] == rows[k][0] for j in left) for k in left}
    for k in left:
        if rows[k][1] is not None and not 2 <= sizes[k] <= 4:
            told[k] = "rows_of"
    return [told.get(k) for k in range(len(rows))], sizes


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_where_and_whole_against_a_loop(rows):
    frame = a_frame(rows)
    named = [(step.name, step) for step in STEPS]
    outcome = run(frame, named)
    explained = outcome.explained()
    dropped, sizes = by_hand(rows)
    assert [None if pd.isna(by) else by for by in explained["dropped_by"]] == dropped
    for k, (_, kind, _) in enumerate(rows):
        one = explained.iloc[k]
        assert pd.isna(one.word_count) or kind == "a"
        assert pd.isna(one.path_length) == (kind != "b" or dropped[k] == "word_count")
        wanted = sizes.get(k) if kind is not None else None
        assert (None if pd.isna(one.rows_of) else one.rows_of) == wanted
    for name, count in outcome.counts.items():
        assert count.rows_in - count.rows_out == sum(count.reasons.values()) == dropped.count(name)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.data())
def test_batches_end_where_documents_do(rows, data):
    """Rows of a document, wherever they stand, are looked at together; batches change nothing."""
    frame = a_frame(rows)
    batched = Pipeline(STEPS).explain(frame)
    alone = Pipeline([STEPS[0], Filter("column:length", max=6, where={"kind": "b"}), STEPS[2]])
    plain = alone.explain(frame.assign(length=frame["path"].str.len().astype("Int64")))
    assert batched["rows_of"].equals(plain["rows_of"])
    whole = frame.sort_values("parent_id", kind="stable")
    parents = whole["parent_id"].tolist()
    ends = [k for k in range(1, len(parents)) if parents[k] != parents[k - 1]]
    cuts = data.draw(st.sets(st.sampled_from(ends), max_size=3)) if ends else set()
    bounds = [0, *sorted(cuts), len(whole)]
    pieces = [Pipeline(STEPS).explain(whole.iloc[a:b]) for a, b in itertools.pairwise(bounds)]
    pd.testing.assert_frame_equal(pd.concat(pieces), Pipeline(STEPS).explain(whole))


def test_an_edit_leaves_other_rows_alone():
    frame = a_frame([(0, "a", "x\r\n\n\n\ny"), (0, "b", "x\r\n\n\n\ny"), (1, None, None)])
    step = Edit(text.normalize_newlines, where={"kind": "a"})
    found = step(frame)
    assert found["text"].iloc[1] == frame["text"].iloc[1] != found["text"].iloc[0]
    other = Edit(text.normalize_newlines, where={"kind": "a"}, to="clean")(frame)
    assert other["clean"].isna().tolist() == [False, True, True]


def test_where_is_written_and_read_back():
    pipeline = Pipeline(
        [
            *STEPS,
            Score("text.mean_word_length", where={"kind": "a"}),
            Edit("text.normalize_newlines", where={"kind": ["b", "a"]}),
            Filter("column:kind", isin=["a"], where={"parent_id": "d1", "kind": "b"}, null="keep"),
        ]
    )
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline
    assert Filter(text.word_count, min=1, where={"kind": ["b", "a"]}) == Filter(
        text.word_count, min=1, where={"kind": ["a", "b"]}
    )


@pytest.mark.parametrize(
    "where", ["image", [], {}, {"kind": None}, {"kind": []}, {"kind": 0.5}, {"kind": {"x": 1}}]
)
def test_what_where_cannot_mean_is_refused(where):
    with pytest.raises(SettingError, match="where"):
        Filter(text.word_count, min=1, where=where)


def test_a_column_of_where_must_be_there():
    with pytest.raises(ColumnError, match="no column 'modality'"):
        Filter(text.word_count, min=1, where={"modality": "text"})(a_frame([]))
    with pytest.raises(ColumnError, match="no column 'modality'"):
        Cut(letters, where={"modality": "text"})(a_frame([]))
    with pytest.raises(SettingError, match="takes away parts"):
        Cut(apart, where={"kind": "a"})


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_cut_of_some_rows_leaves_the_others_whole(rows):
    frame = a_frame(rows)
    outcome = run(frame, [("letters", Cut(letters, where={"kind": "a"}))])
    wanted, gone = [], []
    for k, (document, kind, words) in enumerate(rows):
        own = (f"r{k}", f"d{document}", words, None)
        if kind != "a":
            wanted.append(own)
        elif words is None or "x" not in words:
            gone.append((f"r{k}", "text.null" if words is None else "cut.empty"))
        else:
            found = [k for k, letter in enumerate(words) if letter == "x"]
            wanted += [(f"r{k}/{n}", f"r{k}", "x", at) for n, at in enumerate(found, 1)]
    kept = outcome.kept[["id", "parent_id", "text", "start"]].astype(object)
    assert [tuple(None if pd.isna(v) else v for v in row) for row in kept.values] == wanted
    dropped = outcome.dropped
    why = [w.partition(":")[0] for w in dropped["dropped_why"]]
    assert list(zip(dropped["id"], why, strict=True)) == gone
    count = outcome.counts["letters"]
    assert count.rows_in + count.cut == count.rows_out + len(gone)
    assert outcome.explained()["id"].tolist() == sorted(
        [row[0] for row in wanted] + [row[0] for row in gone],
        key=lambda name: [int(part.strip("r")) for part in name.split("/")],
    )


def test_a_cut_of_some_rows_is_written_and_goes_on_in_a_run(tmp_path):
    pipeline = Pipeline([Cut(letters, where={"kind": "a"}), Filter(text.word_count, min=1)])
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline
    frame = a_frame([(0, "a", "xyx"), (0, "b", "xyx"), (1, "a", "y"), (1, None, None)])
    kept = pipeline.run(dd.from_pandas(frame, npartitions=2), tmp_path / "out", progress=False)
    assert kept.kept().compute()["id"].tolist() == ["r0/1", "r0/2", "r1"]


def test_a_cut_spends_columns_and_says_why_it_cannot():
    frame = pd.DataFrame(
        {"id": ["a", "b", "c"], "parts": [["x", "y"], ["bad"], []], "n": [1, 2, 3]}
    )
    pipeline = Pipeline([Cut(apart)])
    assert pipeline(frame).columns.tolist() == ["id", "n", "parent_id", "text"]
    explained = pipeline.explain(frame)
    why = [None if pd.isna(w) else w.partition(":")[0] for w in explained["dropped_why"]]
    assert why == [None, None, "text.null", "cut.empty"]
    assert explained["parts"].tolist()[2:] == [["bad"], []]  # dropped rows keep all they had
    assert explained["parts"].isna().tolist() == [True, True, False, False]
    with pytest.raises(ColumnError, match="parts"):
        Pipeline([Cut(apart), Filter("column:parts", isin=["x"])])(frame)


def test_a_run_refuses_a_document_in_two_partitions(tmp_path):
    frame = a_frame([(0, "a", "x y"), (1, "a", "x y"), (1, "b", "x"), (2, "a", "x y")])
    pipeline = Pipeline([Filter(rows_of, min=1)])
    split = dd.from_pandas(frame, npartitions=2, sort=False)
    with pytest.raises(DataError, match="'d1' has rows in the partitions 0 and 1"):
        pipeline.run(split, tmp_path / "out", progress=False)
    together = tamis.interleaved.together(split)
    run = pipeline.run(together, tmp_path / "out", progress=False)
    kept = run.kept().compute()
    assert sorted(zip(kept["id"], kept["parent_id"], strict=True)) == [
        ("r0", "d0"), ("r1", "d1"), ("r2", "d1"), ("r3", "d2")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda f: measure(whole="parent_id", namespace="test_where_bad")(f),
        lambda f: cut(columns={"text": "string"}, spends=("parts",), namespace="test_where_bad")(f),
        lambda f: cut(columns={"text": "string"}, spends=("text",), namespace="test_where_bad")(f),
    ],
)
def test_an_op_names_columns_that_it_reads(make):
    def broken(text):
        """Nothing."""

    with pytest.raises(SettingError, match="spends"):
        make(broken)
