"""Hard negatives and preference pairs against brute force, whatever the partitions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.sets import hard_negatives, preferences


def cosine(a, b):
    return float(np.sum(a.astype(np.float64) * b))


def unit(vectors):
    vectors = vectors.astype(np.float64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def made(rng, passages, questions, width=8):
    """Passages, some of them copies, and questions near one of them each."""
    vectors = rng.normal(size=(passages, width)).astype(np.float32)
    vectors[passages // 2 :: 3] = vectors[0]
    answers = rng.integers(0, passages, questions)
    asked = (vectors[answers] + rng.normal(0, 0.7, (questions, width))).astype(np.float32)
    store = pd.DataFrame({"id": pd.array([f"p{k}" for k in range(passages)], STRING),
                          "passage_vector": list(vectors)})  # fmt: skip
    ask = pd.DataFrame({"id": pd.array([f"q{k}" for k in range(questions)], STRING),
                        "parent_id": pd.array([f"p{k}" for k in answers], STRING),
                        "question_vector": list(asked)})  # fmt: skip
    return store, ask


def brute(store, ask, number, rule, limit):
    of_passages = dict(zip(store.id, unit(np.stack(store.passage_vector)), strict=True))
    found = []
    for answer, vector in zip(ask.parent_id, unit(np.stack(ask.question_vector)), strict=True):
        below = limit * (cosine(vector, of_passages[answer]) if rule == "percent" else 1)
        near = [(-cosine(vector, v), name) for name, v in of_passages.items() if name != answer]
        found.append([name for c, name in sorted(near) if -c < below][:number])
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 5), st.sampled_from([0.95, 0.6]),
       st.sampled_from(["percent", "absolute"]), st.integers(1, 4), st.integers(1, 4))  # fmt: skip
def test_negatives_are_those_of_brute_force(seed, passages, number, limit, rule, one, two):
    store, ask = made(np.random.default_rng(seed), passages, 6)
    wanted = brute(store, ask, number, rule, limit)
    how = {"number": number, "rule": rule, "limit": limit}
    assert hard_negatives(ask, store, **how).negatives.tolist() == wanted
    lazy = hard_negatives(tamis.from_pandas(ask, npartitions=one),
                          tamis.from_pandas(store, npartitions=two), **how)  # fmt: skip
    found = lazy.compute(scheduler="sync")
    assert [list(n) for n in found.negatives] == wanted
    assert found.dtypes.equals(lazy.dtypes)
    for names, near in zip(found.negatives, found.negatives_similarity, strict=True):
        assert len(names) == len(near) and list(near) == sorted(near, reverse=True)


def test_many_copies_of_the_answer_hide_no_negative():
    store = pd.DataFrame({"id": [f"p{k}" for k in range(50)] + ["other"],
                          "passage_vector": [[1.0, 0.0]] * 50 + [[0.6, 0.8]]})  # fmt: skip
    ask = pd.DataFrame({"id": ["q"], "parent_id": ["p7"], "question_vector": [[1.0, 0.0]]})
    assert hard_negatives(ask, store, rule="absolute", limit=1.0).negatives.tolist() == [["other"]]
    assert hard_negatives(ask, store).negatives.tolist() == [["other"]]


def test_questions_without_a_vector_or_an_answer_have_none():
    store = pd.DataFrame({"id": ["a", "b"], "passage_vector": [[1.0, 0.0], [0.0, 1.0]]})
    blind = pd.DataFrame({"id": ["c"], "passage_vector": [None]})
    store = pd.concat([store, blind], ignore_index=True)
    ask = pd.DataFrame({"id": list("xyz"), "parent_id": ["a", "c", None],
                        "question_vector": [None, [1.0, 1.0], [1.0, 1.0]]})  # fmt: skip
    assert hard_negatives(ask, store).negatives.isna().tolist() == [True, True, True]
    found = hard_negatives(ask, store, rule="absolute").negatives
    assert found.isna().tolist() == [True, False, True] and found[1] == ["a", "b"]


@pytest.mark.parametrize("rule", ["percent", "absolute"])
def test_an_answer_that_is_no_passage(rule):
    store, ask = made(np.random.default_rng(0), 6, 4)
    odd = ask.assign(parent_id=[*ask.parent_id[:-2], "gone", "gone"])
    told = r"no passage has the id 'gone', .*'parent_id'.* \(2 of \d questions"
    with pytest.raises(DataError, match=told):
        hard_negatives(odd, store, rule=rule)
    with pytest.raises(DataError, match="no passage has the id 'gone'"):
        parts = tamis.from_pandas(store, npartitions=3)
        hard_negatives(tamis.from_pandas(odd, npartitions=2), parts, rule=rule).compute()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [({"number": 0}, SettingError, "number=0"), ({"rule": "x"}, SettingError, "rule='x'"),
     ({"limit": 0}, SettingError, "limit=0"), ({"vector": "v"}, ColumnError, "no column 'v'"),
     ({"column": "parent_id"}, ColumnError, "exists already")],
)  # fmt: skip
def test_what_is_wrong_is_said(change, error, said):
    store, ask = made(np.random.default_rng(0), 4, 2)
    with pytest.raises(error, match=said):
        hard_negatives(ask, store, **change)


def test_passages_are_there_once_and_of_one_width():
    store, ask = made(np.random.default_rng(0), 4, 4)
    with pytest.raises(DataError, match="is there twice"):
        hard_negatives(ask, pd.concat([store, store]))
    narrow = store.assign(passage_vector=[[1.0, 2.0]] * 4)
    with pytest.raises(DataError, match="8 numbers, and of 2"):
        hard_negatives(ask, narrow)


ANSWERS = st.lists(
    st.tuples(st.sampled_from("abc") | st.none(), st.sampled_from([1, 2, 3, 5]) | st.none()),
    max_size=12,
)


def frame_of(rows):
    return pd.DataFrame(
        {"id": pd.array([f"r{k:02}" for k in range(len(rows))], STRING),
         "parent_id": pd.array([q for q, _ in rows], STRING),
         "answer": pd.array([f"answer {k}" for k in range(len(rows))], STRING),
         "answer_score": pd.array([s for _, s in rows], "Int64"),
         "model": pd.array(["m"] * len(rows), STRING)}
    )  # fmt: skip


def paired(frame, margin, rejected):
    """Slowly, question by question."""
    found = {}
    for question, rows in frame.dropna(subset=["parent_id", "answer_score"]).groupby("parent_id"):
        rows = sorted(rows.itertuples(), key=lambda r: (-r.answer_score, r.id))
        lower = [r for r in rows if rows[0].answer_score - r.answer_score > margin]
        if lower:
            pick = min(lower, key=lambda r: (r.answer_score if rejected == "worst"
                                             else -r.answer_score, r.id))  # fmt: skip
            found[question] = (rows[0].answer, pick.answer)
    return found


@settings(max_examples=40, deadline=None)
@given(ANSWERS, st.sampled_from([0, 1, 2]), st.sampled_from(["worst", "next"]))
def test_pairs_are_those_of_brute_force(rows, margin, rejected):
    frame = frame_of(rows)
    found = preferences(frame, margin=margin, rejected=rejected)
    pairs = dict(zip(found.id, zip(found.chosen, found.rejected, strict=True), strict=True))
    assert pairs == paired(frame, margin, rejected) and len(found) == len(pairs)
    assert (found.chosen_score - found.rejected_score > margin).all()


def test_pairs_whatever_the_partitions():
    rng = np.random.default_rng(1)
    drawn = zip(rng.integers(0, 9, 60).tolist(), rng.integers(1, 6, 60).tolist(), strict=True)
    frame = frame_of([(str(question), score) for question, score in drawn])
    wanted = preferences(frame).sort_values("id", ignore_index=True)
    for parts in (1, 4):
        lazy = preferences(tamis.from_pandas(frame, npartitions=parts))
        found = lazy.compute(scheduler="sync").sort_values("id", ignore_index=True)
        pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [({"rejected": "best"}, SettingError, "rejected='best'"), ({"margin": -1}, SettingError, "-1"),
     ({"score": "model"}, ColumnError, "no numbers"), ({"by": "x"}, ColumnError, "no column 'x'")],
)  # fmt: skip
def test_what_is_wrong_with_pairs_is_said(change, error, said):
    with pytest.raises(error, match=said):
        preferences(frame_of([("a", 1)]), **change)
