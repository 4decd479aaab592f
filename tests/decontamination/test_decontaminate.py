"""Decontamination against a slow reading of it: hits, offsets, shares, pieces, counts, runs."""

import json
import pickle
import random
from itertools import pairwise

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import slow_contamination as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Decontaminate, Pipeline
from tamis.decontamination import matches, met
from tamis.decontamination.found import Found
from tamis.decontamination.known import Words, _arrays, _entered
from tamis.decontamination.pieces import pieces
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, text_buffers
from tamis.kernels import contamination as kernels

VOCABULARY = [
    "a", "A", "the", "Straße", "İstanbul", "don't", "x-y", "…", "—", "42", "été", "e\u0301t",
    "中文", "日本語の", "ไทย", "🙂", "K", "ΑΣ", "b\u200dc", "(c)", "ﬁ", "Ǆ", "١٢",
]  # fmt: skip
GAPS = st.sampled_from([" ", "\n", "  ", "\u00a0", "", "\u3000"])
TEXTS = st.lists(
    st.tuples(st.sampled_from(VOCABULARY), GAPS),
    max_size=30,
).map(lambda parts: "".join(word + gap for word, gap in parts))  # fmt: skip


def known_of(texts, ngram, shortest, punctuation="drop"):
    owner = np.zeros(len(texts), np.int32)
    examples = [f"e{k}" for k in range(len(texts))]
    return _entered(("b",), examples, texts, owner, Words(ngram, shortest, punctuation), ())


@settings(max_examples=80)
@given(
    st.lists(TEXTS, max_size=4), st.lists(TEXTS, min_size=1, max_size=5),
    st.sampled_from([(2, 2), (3, 2), (5, 3), (4, 4)]), st.sampled_from(["drop", "separate"]),
    st.booleans(),
)  # fmt: skip
def test_hits_and_offsets(benchmark, texts, lengths, punctuation, copied):
    if copied and benchmark:  # something to be found, behind something to be counted
        texts = [*texts, f"é🙂 {benchmark[0]} end"]
    ngram, shortest = lengths
    found = Found(pd.Series(texts, dtype=STRING), known_of(benchmark, ngram, shortest, punctuation))
    known = slow.ngrams_of(benchmark, ngram, shortest, punctuation)
    assert found.known.size == len(known)
    for row, text in enumerate(texts):
        expected = slow.hits_in(text, known, punctuation)
        rows = found.hits[found.hits[:, 0] == row]
        assert rows[:, 1:3].tolist() == [[k, n] for k, n, _, _ in expected]
        raw = text.encode()
        places = [(len(raw[:a].decode()), len(raw[:b].decode())) for a, b in rows[:, 3:5].tolist()]
        assert places == [(a, b) for _, _, a, b in expected]
        covered = {w for k, n, _, _ in expected for w in range(k, k + n)}
        assert found.figures[row].tolist() == [len(slow.words_of(text, punctuation)), len(covered)]
        spans = found.spans(row) if expected else []
        assert sum(len(span.ngrams) for span in spans) == len(expected)
        assert all(one.end <= two.start for one, two in pairwise(spans))
        for which in rows[:, 5].tolist():
            own = tuple(w for w, _, _ in slow.words_of(found.known.ngram(which), punctuation))
            assert own in known


def sentence(rng, count):
    return " ".join(rng.choice(["ab", "cd", "ef", "gh", "ij"]) for _ in range(count)) + "."


@pytest.mark.parametrize("seed", range(40))
def test_pieces_as_published_where_that_is_right(seed):
    """Spans far enough apart: there each is cut as if it were alone."""
    rng = random.Random(seed)
    side, least = rng.choice([0, 15, 40]), rng.choice([0, 20, 60])
    text, spans = "", []
    for _ in range(rng.randrange(5)):
        text += " ".join(sentence(rng, rng.randrange(1, 9)) for _ in range(rng.randrange(12, 40)))
        spans.append((len(text) + 2, len(text) + 8))
        text += " XXXXXXX "
    text += " ".join(sentence(rng, rng.randrange(1, 9)) for _ in range(rng.randrange(30)))
    made = pieces(text, spans, side=side, min_length=least)
    assert [text[a:b] for a, b in made] == slow.left_of(text, spans, side, least)
    for a, b in made:
        assert all(b + side <= start or end + side <= a for start, end in spans)


@given(st.text("ab .!。", max_size=80), st.data())
@settings(max_examples=60)
def test_pieces_keep_away_from_every_span(text, data):
    ends = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    spans = [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False) if a < b]
    side = data.draw(st.integers(0, 5))
    made = pieces(text, spans, side=side, min_length=0)
    for a, b in made:
        assert text[a:b] == text[a:b].strip() and a < b
        assert all(b + side <= start or end + side <= a for start, end in spans)


@pytest.fixture
def exam(tmp_path):
    questions = [
        {"id": "q1", "choices": ["bladder", "kidney"],
         "question": "Which organ of the body is it that stores the urine before it leaves?"},
        {"id": "q2", "question": "Name the largest planet that goes around the sun and has rings"},
        {"id": "q3", "question": "too short"},
    ]  # fmt: skip
    path = tmp_path / "mmlu.jsonl"
    path.write_text("\n".join(map(json.dumps, questions)))
    (tmp_path / "space.txt").write_text(questions[1]["question"].upper() + "?")
    return tmp_path


def documents():
    fill = "Nothing of this has ever been asked. " * 12
    texts = [
        f"Käse! {fill}which organ of the body, is it\nthat stores the urine before it leaves? "
        f"{fill}",
        fill,
        "name the LARGEST planet that goes around the sun and has rings",
        None,
        "",
        f"{fill}which organ of the body is it that stores the blood before it leaves",
    ]
    return pd.DataFrame(
        {
            "id": pd.array([f"d{k}" for k in range(len(texts))], STRING),
            "text": pd.array(texts, STRING),
            "n": range(len(texts)),
        }
    )


def test_dropped_with_evidence(exam, tmp_path):
    step = Decontaminate([exam / "mmlu.jsonl", exam / "space.txt"])
    frame = documents()
    run = Pipeline([step]).run(
        dd.from_pandas(frame, npartitions=3), tmp_path / "out", progress=False
    )
    assert run.kept().compute().id.tolist() == ["d1", "d3", "d4", "d5"]
    assert list(run.kept().columns) == list(frame.columns)
    ledger = run.ledger().compute().set_index("id")
    assert ledger.loc["d0"].dropped_why.startswith(
        "contaminated.text: 14 of 183 words stand in n-grams of mmlu (2); first that of mmlu, q1, "
        "in characters "
    )
    evidence = json.loads(ledger.loc["d0"].decontaminate_evidence)
    assert evidence["ngrams"] == {"mmlu": 2}
    (span,) = evidence["spans"]
    assert span["benchmark"] == "mmlu" and span["example"] == "q1"
    assert frame.text[0][span["start"] : span["end"]] == span["text"]
    assert span["text"].startswith("which organ") and span["text"].endswith("it leaves")
    assert json.loads(ledger.loc["d2"].decontaminate_evidence)["ngrams"] == {"mmlu": 1, "space": 1}
    assert met(run.ledger()).to_dict("list") == {
        "benchmark": ["mmlu", "space"], "documents": [2, 1], "ngrams": [3, 1],
    }  # fmt: skip
    assert "contaminated.text" in (tmp_path / "out" / "report.html").read_text()
    assert Decontaminate(exam / "mmlu.jsonl", max=0.5)(frame).id.tolist() == [
        "d0", "d1", "d3", "d4", "d5",
    ]  # fmt: skip


def test_scored(exam):
    step = Decontaminate(exam / "mmlu.jsonl", action="score", name="leak")
    made = step(dd.from_pandas(documents(), npartitions=2)).compute()
    assert len(made) == 6 and list(made.columns[-2:]) == ["leak", "leak_evidence"]
    assert made.leak.iloc[2] == 1 and made.leak.iloc[1] == 0 and np.isnan(made.leak.iloc[3])
    assert made.leak_evidence.notna().tolist() == [True, False, True, False, False, False]


def test_cut_out(exam, tmp_path):
    step = Decontaminate(exam / "mmlu.jsonl", action="cut", name="cut")
    frame = documents()
    run = Pipeline([step, tamis.Filter(tamis.text.word_count, min=1, null="keep")]).run(
        dd.from_pandas(frame, npartitions=2), tmp_path / "out", progress=False
    )
    kept = run.kept().compute()
    assert kept.id.tolist() == ["d0/1", "d0/2", "d1", "d3", "d4", "d5"]
    assert kept.parent_id.tolist()[:2] == ["d0", "d0"] and kept.parent_id.isna().sum() == 4
    for row in kept.iloc[:2].itertuples():
        assert row.text == frame.text[0][row.start : row.end] and row.n == 0
    assert (
        kept[kept.start.isna()].text.fillna("?").tolist()
        == frame.text.fillna("?")[[1, 3, 4, 5]].tolist()
    )
    assert run.rows == {"in": 6, "cut": 1, "kept": 6, "dropped": 1}
    assert (
        run.ledger()
        .compute()
        .set_index("id")
        .loc["d2"]
        .dropped_why.startswith("contaminated.nothing_left: 12 of 12 words")
    )
    few = Decontaminate(exam / "mmlu.jsonl", action="cut", max_pieces=1).explain(frame)
    assert few.dropped_why.iloc[0].startswith("contaminated.pieces: 2 pieces, above max_pieces=1")
    some = {"n": [0]}
    part = Decontaminate(exam / "mmlu.jsonl", action="cut", where=some).explain(frame)
    assert part.id.tolist() == ["d0/1", "d0/2", "d1", "d2", "d3", "d4", "d5"]
    part = Decontaminate(exam / "mmlu.jsonl", where=some).explain(frame)
    assert part.dropped_by.notna().tolist() == [True] + [False] * 5
    assert part.decontaminate.isna().tolist() == [False] + [True] * 5
    assert part.decontaminate_evidence.isna().tolist() == [False] + [True] * 5
    again = Decontaminate(exam / "space.txt", action="cut")(kept)
    assert again.start.tolist() == kept.start.tolist()  # what an earlier cut said stays


def test_what_is_common_is_left_out(exam):
    step = Decontaminate([exam / "mmlu.jsonl", exam / "space.txt"], action="score")
    frame = pd.concat([documents()] * 12, ignore_index=True)
    often = matches(dd.from_pandas(frame, npartitions=3), step, more_than=11)
    assert often.equals(matches(frame, step, more_than=11))
    assert (often["count"] == 12).all() and len(often) == 3
    assert set(often.benchmark) == {"mmlu"}
    assert matches(frame, step, more_than=12).empty
    path = exam / "common.txt"
    path.write_text("\n".join(often.ngram))
    for ignore in (often.ngram.tolist(), path):
        none = Decontaminate([exam / "mmlu.jsonl"], action="score", ignore=ignore)
        assert none(frame).decontaminate.fillna(0).eq(0).all()


def test_a_recipe_and_a_changed_benchmark(exam, tmp_path):
    text = f"""steps:
- decontaminate: [{{path: {exam}/mmlu.jsonl, name: x}}]
  ngram: 8
  where: {{id: [d0, d1, d2, d5]}}"""
    pipeline = Pipeline.from_yaml(text)
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline
    assert pipeline.steps[0].benchmarks[0].task == "mmlu"
    frame = documents()
    out = tmp_path / "out"
    assert pipeline.run(frame, out, progress=False).rows["dropped"] == 3
    before = dask.base.tokenize(pipeline)
    assert pipeline.run(frame, out, progress=False).rows["dropped"] == 3
    with (exam / "mmlu.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"question": "nothing of this has ever been asked nothing"}))
    assert dask.base.tokenize(pipeline) != before
    assert pipeline.run(frame, out, progress=False).rows["dropped"] == 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"benchmarks": []}, "one at least"),
        ({"benchmarks": [3]}, "neither a path nor a mapping"),
        ({"benchmarks": [{"path": "x", "filds": ["a"]}]}, "'filds' is unknown"),
        (
            {"benchmarks": [{"path": "x", "task": "squat"}]},
            r"did you mean 'squad.*\? For others say fields",
        ),
        ({"benchmarks": [{"path": "x", "task": "zz"}]}, r"no task 'zz'. For others say fields"),
        ({"benchmarks": [{"path": "x", "task": "squad", "fields": ["a"]}]}, "not both"),
        ({"action": "remove"}, "action='remove' is unknown"),
        ({"ngram": 64}, "ngram=64 is above 63"),
        ({"ngram": 1}, "ngram=1"),
        ({"max": 1.0}, "max=1.0"),
        ({"punctuation": "keep"}, "punctuation='keep' is unknown"),
        ({"ignore": [1]}, "ignore="),
    ],
)
def test_what_is_wrong_is_said(settings, said):
    with pytest.raises(SettingError, match=said):
        Decontaminate(**{"benchmarks": ["x.jsonl"], **settings})


def test_what_is_not_there_is_said_before_anything_runs(exam):
    frame = dd.from_pandas(documents(), npartitions=1)
    with pytest.raises(DataError, match="nowhere is not there"):
        Decontaminate("nowhere").explain(frame)
    with pytest.raises(ColumnError, match="no column 'body'"):
        Decontaminate(exam / "mmlu.jsonl", on="body").explain(frame)
    with pytest.raises(ColumnError, match="not text"):
        Decontaminate(exam / "mmlu.jsonl", on="n").explain(frame)
    with pytest.raises(ColumnError, match="'start' holds float64"):
        Decontaminate(exam / "mmlu.jsonl", action="cut").explain(documents().assign(start=1.0))
    with pytest.raises(SettingError, match="has no setting 'grams'"):
        Pipeline.from_yaml("steps: [{decontaminate: [x], grams: 5}]")


def test_plain_data_and_partitions(exam):
    """A step comes back from a worker as it was, and gives the same whatever the cuts are."""
    frame = documents()
    for action in ("drop", "cut", "score"):
        step = Decontaminate(exam / "mmlu.jsonl", action=action)
        again = pickle.loads(pickle.dumps(step))
        assert again == step and hash(again) == hash(step)
        assert dask.base.tokenize(again) == dask.base.tokenize(step)
        whole = step.explain(frame)
        lazy = step.explain(dd.from_pandas(frame, npartitions=4, sort=False))
        assert (lazy._meta.dtypes == whole.dtypes).all()
        pd.testing.assert_frame_equal(lazy.compute(), whole)
        nothing = step.explain(frame[:0])
        assert not len(nothing) and (nothing.dtypes == whole.dtypes).all()


def test_ngrams_side_by_side_are_one_span():
    known = known_of(["a b c", "d e f"], 3, 3)
    found = Found(pd.Series(["x a b c d e f y", "a b c x d e f"], dtype=STRING), known)
    assert [(span.start, span.end) for span in found.spans(0)] == [(2, 13)]
    assert [(span.start, span.end) for span in found.spans(1)] == [(0, 5), (8, 13)]


@settings(max_examples=100)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=25), max_size=6),
       st.sampled_from(["drop", "separate"]))  # fmt: skip
def test_words_of_any_text(texts, punctuation):
    """Words are those of plain Python, whatever the characters, and so are their places."""
    known = known_of(["not there"], 2, 2, punctuation)
    utf8 = text_buffers(pa.array(texts, pa.large_string()))
    counts = np.zeros(len(texts), np.int64)
    data, offsets = _arrays(utf8)
    hashes, begins, ends = kernels.split_all(data, offsets, *known.words.table, counts)
    expected = [slow.words_of(text, punctuation) for text in texts]
    assert counts.tolist() == [len(words) for words in expected]
    places = [
        (len(text[:a].encode()), len(text[:b].encode()))
        for text, words in zip(texts, expected, strict=True)
        for _, a, b in words
    ]
    assert list(zip(begins.tolist(), ends.tolist(), strict=True)) == places
    told = [word for words in expected for word, _, _ in words]
    names = dict(zip(told, hashes.tolist(), strict=True))
    assert len(set(names.values())) == len(names)
    assert [names[word] for word in told] == hashes.tolist()
