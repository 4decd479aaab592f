"""Steps on small frames, by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis
from tamis import Cut, Edit, Filter, Pipeline, Score
from tamis.bounds import Bounds
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING, from_arrow, library, text_buffers, to_arrow
from tamis.registry import load_all


@tamis.measure(dtype="Int64")
def size(text):
    return text.str.len()


CALLS = []


@tamis.measure(dtype="float64", heavy=True)
def slow_score(text):
    CALLS.append(len(text))
    return text.str.len().astype("Float64") / 2


@tamis.edit()
def lower(text):
    return text.str.lower()


@tamis.cut(columns={"text": "string", "start": "Int64", "end": "Int64"})
def sentences(text, *, mark: str = "."):
    parent, parts, starts = [], [], []
    for row, whole in enumerate(text):
        if pd.isna(whole):
            continue
        at = 0
        for piece in whole.split(mark):
            if piece.strip():
                parent.append(row), parts.append(piece), starts.append(at)
            at += len(piece) + len(mark)
    ends = [start + len(part) for start, part in zip(starts, parts, strict=True)]
    return {"parent": parent, "text": parts, "start": starts, "end": ends}


def docs(texts, **more):
    return pd.DataFrame(
        {"id": pd.Series([f"d{i}" for i in range(len(texts))], dtype=STRING),
         "text": pd.Series(texts, dtype=STRING), **more}
    )  # fmt: skip


@given(
    st.lists(st.none() | st.integers(-5, 5) | st.floats(-5, 5), max_size=20),
    st.none() | st.integers(-5, 5), st.none() | st.integers(-5, 5),
    st.none() | st.lists(st.integers(-5, 5), min_size=1), st.booleans(),
    st.sampled_from(["drop", "keep"]),
)  # fmt: skip
def test_bounds_by_brute_force(values, low, high, isin, invert, null):
    bounds = Bounds(low, high, isin, invert, null)
    try:
        bounds.check("x", None)
    except SettingError:
        assert (low is None and high is None and isin is None) or (low or 0) > (high or 0)
        return
    found = bounds.passes(pd.Series(values, dtype="Float64"))

    def wanted(value):
        if value is None:
            return null == "keep"
        inside = (low is None or value >= low) and (high is None or value <= high)
        return (inside and (isin is None or value in isin)) != invert

    assert found.tolist() == [wanted(value) for value in values]


def test_dropped_by_the_first_step_that_would_and_all_scores_kept():
    frame = docs(["a", "abcdef", None, "abc", ""])
    result = Pipeline([Filter(size, min=2), Filter(size, name="again", max=4)]).explain(frame)
    assert result.dropped_by.tolist() == ["size", "again", "size", pd.NA, "size"]
    assert result.dropped_why.tolist()[:3] == [
        "min: 1 < 2",
        "max: 6 > 4",
        "text.null: text is null",
    ]
    assert result.again.tolist() == [1, 6, pd.NA, 3, 0]


def test_a_heavy_measure_is_not_shown_what_is_dropped():
    CALLS.clear()
    result = Pipeline([Filter(size, min=2), Filter(slow_score, max=2)]).explain(
        docs(["a", "abc", "abcdef"])
    )
    assert CALLS == [2]
    assert result.slow_score.isna().tolist() == [True, False, False]
    assert result.dropped_by.tolist() == ["size", pd.NA, "slow_score"]


def test_edit_in_place_and_to_another_column():
    frame = docs(["AB", None])
    assert Edit(lower)(frame).text.tolist() == ["ab", pd.NA]
    both = Edit(lower, to="small")(frame)
    assert both.text.tolist() == ["AB", pd.NA] and both.small.tolist() == ["ab", pd.NA]
    assert frame.text[0] == "AB"


def test_cut_and_its_accounts():
    frame = docs(["One. Two.", None, "...", "Three"])
    result = Pipeline([Cut(sentences), Filter(size, min=4)]).explain(frame)
    assert result["id"].tolist() == ["d0/1", "d0/2", "d1", "d2", "d3/1"]
    assert result.parent_id.tolist() == ["d0", "d0", pd.NA, pd.NA, "d3"]
    assert result.start.tolist() == [0, 4, pd.NA, pd.NA, 0]
    assert result.dropped_by.tolist() == ["size", pd.NA, "sentences", "sentences", pd.NA]


def test_cut_in_a_run(tmp_path):
    run = Pipeline([Cut(sentences), Filter(size, min=4)]).run(
        docs(["One. Two.", None, "Three"]), tmp_path
    )
    assert run.rows == {"in": 3, "cut": 1, "kept": 2, "dropped": 2}
    assert run.why("d0/2")["parent_id"] == "d0"
    assert run.why("d0") == {"verdict": "cut", "id": "d0", "rows": ["d0/1", "d0/2"]}
    assert run.record("d0") is None
    assert run.why("d1")["dropped_by"] == "sentences"
    with pytest.raises(KeyError, match="no record 'd9'"):
        run.why("d9")


def test_filter_on_a_column_that_is_there():
    frame = docs(["x", "y", "z"], language=["en", "de", None])
    assert Filter("language", isin=["en"])(frame)["id"].tolist() == ["d0"]
    explained = Filter("language", isin="en").explain(frame)
    assert explained.dropped_why.tolist()[1:] == [
        "isin: de is not one of en", "score.null: language has no value",
    ]  # fmt: skip
    scored = Pipeline([Score(size, name="n"), Filter("n", min=2)])
    assert scored(docs(["a", "bb"])).n.tolist() == [2]
    with pytest.raises(ColumnError, match="no column and no op 'langage'"):
        Filter("langage", isin=["en"])(frame)
    with pytest.raises(ColumnError, match="min and max need numbers"):
        Filter("language", min=2)(frame)


def test_what_a_reader_dropped_only_passes_through():
    frame = docs(
        ["long enough", None], dropped_by=[None, "read_jsonl"], dropped_why=[None, "json.syntax: x"]
    )
    result = Filter(size, min=1).explain(frame)
    assert result.dropped_by.tolist() == [pd.NA, "read_jsonl"]
    assert "dropped_by" not in Filter(size, min=1)(frame).columns


def test_errors_speak_at_the_call():
    said = r"size_body: no column 'body' \(have: id, text\); pass on=…"
    with pytest.raises(ColumnError, match=said):
        Filter(size, on="body", min=1)(docs(["a"]))
    with pytest.raises(ColumnError, match="holds int64, not text"):
        Score("text.word_count", on="n")(docs(["a"], n=[1]))
    with pytest.raises(SettingError, match=r"takes a measure; .*lower is an edit"):
        Score(lower)
    with pytest.raises(SettingError, match="takes an op such as"):
        Score(len)
    with pytest.raises(SettingError, match="a pipeline is made of steps"):
        Pipeline([len])
    with pytest.raises(SettingError, match="is a word of steps"):

        @tamis.measure()
        def bad(text, *, min: int = 0):
            return text


def test_names():
    assert Filter("text.top_ngram_ratio", n=3, max=0.2).name == "top_ngram_ratio_n3"
    assert Filter(size, on="title", min=1).name == "size_title"
    pipeline = Pipeline([Filter(size, min=1), Filter(size, max=9), Pipeline([Edit(lower)])])
    assert [name for name, _ in pipeline.named] == ["size", "size_2", "lower"]


@given(st.lists(st.none() | st.text().map(lambda t: t.encode("utf-8", "replace").decode())))
def test_text_buffers_are_the_text(texts):
    for series in (pd.Series(texts, dtype="str"), pd.Series(texts, dtype=STRING)[::-1][::-1]):
        data, offsets, valid = text_buffers(series)
        found = [
            bytes(data[a:b]).decode() if ok else None
            for a, b, ok in zip(offsets, offsets[1:], valid, strict=False)
        ]
        assert found == texts
    again = from_arrow(to_arrow(docs(texts)), {"id": STRING, "text": STRING})
    pd.testing.assert_frame_equal(again, docs(texts))


def test_library_is_told_without_importing():
    import dask.dataframe as dd

    assert library(docs([])) == "pandas"
    assert library(dd.from_pandas(docs(["a"]), npartitions=1)) == "dask"
    with pytest.raises(TypeError, match="not a frame"):
        library(np.zeros(3))


def test_third_party_ops_come_by_entry_point(tmp_path, monkeypatch):
    (tmp_path / "spice.py").write_text(
        "import tamis\n@tamis.measure(dtype='Int64')\ndef heat(text):\n"
        "    '''Peppers.'''\n    return text.str.count('pepper')\n"
    )
    info = tmp_path / "spice-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spice\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tamis.ops]\nspice = spice\n")
    monkeypatch.syspath_prepend(tmp_path)
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[tamis.ops]\nbroken = not_there\n")
    load_all.cache_clear()
    frame = docs(["red pepper"])
    assert Filter("spice.heat", min=1)(frame)["id"].tolist() == ["d0"]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"tokenizer": "/a/long/way/from/the/root/of/it/tok_a"}, "tok_a"),
        ({"tokenizer": "/home/one/tok_a/"}, "home_one_tok_a"),  # as it was
        ({"tokenizer": "../toks/tok_b/tokenizer.json"}, "tok_b"),
        ({"tokenizer": r"C:\\toks\\tok_c.json"}, "tok_c"),
        ({"tokenizer": "~/model-v1.5"}, "model_v1_5"),
        ({"tokenizer": "org/name"}, "org_name"),  # of a hub
        ({"files": ("/lists/bad.txt.gz", "/lists/worse.txt")}, "bad_worse"),
        ({"files": ("bad-words.txt",)}, "bad_words_txt"),
        ({"pattern": "/ads/"}, "ads"),
        ({"pattern": r"/x/(a|b)"}, "x_a_b"),
    ],
)
def test_names_made_of_paths_are_their_last_parts(settings, name):
    ops = {"tokenizer": "token_count", "files": "word_list_count", "pattern": "matches"}
    op = getattr(tamis.text, ops[next(iter(settings))])
    assert Score(op, **settings).name == f"{op.short}_{name}"


def test_what_is_cut_of_a_name_still_tells_settings_apart():
    long = "one and the same beginning of a text, "
    one, two = (Score(tamis.text.contains, substring=long + end).name for end in ("one", "two"))
    assert one != two and one == Score(tamis.text.contains, substring=long + "one").name
    assert one.startswith("contains_one_and_the_same_begin") and len(one) < 40
    whole = "exactly_24_characters_it"
    assert Score(tamis.text.contains, substring=whole).name == f"contains_{whole}"
    here = Score(tamis.text.token_count, tokenizer=f"/here/{'t' * 40}").name
    assert here == Score(tamis.text.token_count, tokenizer=f"/there/of/it/{'t' * 40}").name
    files = [Score(tamis.text.word_list_count, files=(f"/l/{'x' * 30}{k}.txt",)) for k in "ab"]
    assert files[0].name != files[1].name
