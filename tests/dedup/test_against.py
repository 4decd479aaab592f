"""Records that another set holds are dropped: `against=` an index or files."""

import json
import pickle

import dask.dataframe as dd
import pandas as pd
import pytest
from corpora import STRING, corpus, jaccard, shingles, similar_pairs
from dask.base import tokenize

import tamis
from tamis import ExactDedup, FuzzyDedup, Pipeline
from tamis.dedup import Index
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.store import Files


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "sync", lambda self, file: file.flush())
        patch.setattr(Files, "sync_folder", lambda self, path: None)
        yield


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Train and test halves of a corpus in which copies lie in both; test as index and as file."""
    folder = tmp_path_factory.mktemp("sets")
    docs = corpus(21, bases=150)
    train = docs.iloc[::2].reset_index(drop=True)
    test = docs.iloc[1::2].assign(id=lambda rows: pd.array("t-" + rows.id, STRING))
    Index(folder / "fuzzy", FuzzyDedup()).add(test)
    Index(folder / "exact", ExactDedup()).add(test)
    Index(folder / "estimates", FuzzyDedup(verify=False)).add(test)
    test.to_parquet(folder / "test.parquet")
    (folder / "test.jsonl").write_text(
        "".join(
            json.dumps({"id": i, "text": t}) + "\n" for i, t in zip(test.id, test.text, strict=True)
        )
    )
    return folder, train, test.reset_index(drop=True)


@pytest.mark.parametrize("name", ["fuzzy", "test.parquet", "test.jsonl"])
def test_brute_force(sets, name):
    """What is similar to a record of the set goes, whether that one stays in it or not."""
    folder, train, test = sets
    all_sets = [shingles(text) for text in [*test.text, *train.text]]
    pairs = similar_pairs(all_sets, 0.8)
    wanted = {j - len(test) for i, j in pairs if i < len(test) <= j}
    step = FuzzyDedup(against=folder / name)
    explained = step.explain(train)
    gone = explained[explained.duplicate_of.str.startswith("t-").fillna(False)]
    assert set(train.index.get_indexer(gone.index)) <= wanted and len(wanted) > 40
    assert len(wanted) - len(gone) <= 0.01 * len(wanted) + 1
    place = {name: k for k, name in enumerate(test.id)}
    for row in gone.itertuples():
        similarity = jaccard(all_sets[place[row.duplicate_of]], shingles(row.text))
        assert row.similarity == similarity >= 0.8
        assert row.dropped_why == (
            f"dedup.fuzzy: similarity {similarity:.3f} to {row.duplicate_of} in {name}"
        )
    left = train.drop(gone.index)
    assert step(train).id.tolist() == FuzzyDedup()(left).id.tolist()
    assert not any(i.startswith("t-") for i in step(train).id)


def test_suppressed_records_of_the_set_count(tmp_path):
    """A ~ B ~ C with A and C unlike: B is suppressed in the index and still holds C back."""
    words = [f"w{k}" for k in range(260)]
    texts = [" ".join(words[20 * k : 20 * k + 200]) for k in range(3)]
    rows = pd.DataFrame({"id": ["a", "b", "c"], "text": texts}, dtype=STRING)
    index = Index(tmp_path / "i")
    assert index.add(rows.iloc[:2]).verdicts.keep.tolist() == [True, False]
    found = FuzzyDedup(against=tmp_path / "i").find(rows.iloc[2:])
    assert found.duplicate_of.tolist() == ["b"] and found.cluster.tolist() == ["i/b"]
    index.remove(ids="b")
    assert FuzzyDedup(against=tmp_path / "i")(rows.iloc[2:]).id.tolist() == ["c"]


def test_exact(sets):
    folder, train, test = sets
    step = ExactDedup(against=folder / "exact", keep="longest")
    texts = set(test.text)
    rest = ExactDedup(keep="longest")(train[~train.text.isin(texts)])
    assert step(train).id.tolist() == rest.id.tolist()
    first = {text: name for name, text in zip(test.id[::-1], test.text[::-1], strict=True)}
    explained = step.explain(train)
    gone = explained[train.text.isin(texts)]
    assert len(gone) > 5
    for row in gone.itertuples():
        assert row.dropped_why == f"dedup.exact: same text as {first[row.text]} in exact"


STEPS = [
    ("fuzzy", FuzzyDedup, {}),
    ("fuzzy", FuzzyDedup, {"keep": "best:score"}),
    ("estimates", FuzzyDedup, {"verify": False}),
    ("test.parquet", FuzzyDedup, {"family": "curator", "keep": "longest"}),
    ("exact", ExactDedup, {}),
]


@pytest.mark.parametrize(("name", "kind", "settings"), STEPS)
def test_lazy_and_durable_equal_eager(sets, tmp_path, name, kind, settings):
    folder, train, _ = sets
    step = kind(against=folder / name, **settings)
    kept, explained, found = step(train), step.explain(train), step.find(train)
    assert len(kept) < len(train) - 20
    for parts in (1, 5):
        lazy = dd.from_pandas(train, npartitions=parts)
        for given, wanted in (
            (step(lazy), kept), (step.explain(lazy), explained), (step.find(lazy), found)
        ):  # fmt: skip
            computed = given.compute().reset_index(drop=True)
            pd.testing.assert_frame_equal(computed, wanted.reset_index(drop=True))
            assert list(given.dtypes) == list(computed.dtypes)
    pipeline = Pipeline.from_yaml(Pipeline([step]).to_yaml())
    run = pipeline.run(dd.from_pandas(train, npartitions=3), tmp_path / "out", progress=False)
    assert run.kept().compute().id.tolist() == kept.id.tolist()
    ledger = run.ledger().compute().set_index("id")
    wanted = explained.set_index("id")
    for column in ("dropped_why", "duplicate_of", "similarity"):
        pd.testing.assert_series_equal(
            ledger[column].reindex(wanted.index), wanted[column], check_dtype=False
        )


def test_a_certificate_is_of_the_run_alone(sets, tmp_path):
    """What the set took is no removal whose partner could be looked up, and does not stay."""
    folder, train, _ = sets
    step = FuzzyDedup(against=folder / "fuzzy")
    run = Pipeline([step]).run(dd.from_pandas(train, npartitions=3), tmp_path, certificate=50)
    certificate = run.figures["deduplications"][0]["certificate"]
    found = step.find(train)
    own = found[~found.keep & ~found.duplicate_of.str.startswith("t-").fillna(False)]
    assert certificate["removed"] == len(own) > 5
    assert certificate["precision"]["estimate"] == 1.0
    assert certificate["canaries"]["found"] == certificate["canaries"]["planted"] > 5
    assert run.rows["dropped"] == int((~found.keep).sum())
    assert run.duplicates().dropped == run.rows["dropped"]
    with pytest.raises(SettingError, match="Make the step anew with threshold="):
        run.rethreshold("fuzzy_dedup", 0.9)


def test_a_run_notices_that_the_index_changed(sets, tmp_path):
    _, train, test = sets
    index = Index(tmp_path / "index")
    index.add(test.iloc[:40])
    pipeline = Pipeline([FuzzyDedup(against=tmp_path / "index")])
    assert tokenize(pipeline) == tokenize(pickle.loads(pickle.dumps(pipeline)))
    lazy = dd.from_pandas(train, npartitions=2)
    one = pipeline.run(lazy, tmp_path / "out", progress=False)
    again = pipeline.run(lazy, tmp_path / "out", progress=False)
    assert again.figures["started"] == one.figures["started"]
    before = tokenize(pipeline)
    index.add(test.iloc[40:])
    assert tokenize(pipeline) != before
    two = pipeline.run(lazy, tmp_path / "out", progress=False)
    assert two.rows["kept"] < one.rows["kept"]
    assert two.kept().compute().id.tolist() == pipeline(train).id.tolist()


def test_a_changed_file_is_another_set(sets, tmp_path):
    _, train, test = sets
    test.iloc[:40].to_parquet(tmp_path / "test.parquet")
    step = FuzzyDedup(against=tmp_path / "test.parquet")
    one, before = step(train), tokenize(step)
    test.to_parquet(tmp_path / "test.parquet")
    assert tokenize(step) != before and len(step(train)) < len(one)


def test_the_kept_rows_of_a_run_as_the_set(sets, tmp_path):
    folder, train, test = sets
    run = Pipeline([ExactDedup()]).run(dd.from_pandas(test, npartitions=2), tmp_path / "out")
    step = FuzzyDedup(against=tmp_path / "out" / "kept")
    assert step(train).id.tolist() == FuzzyDedup(against=folder / "fuzzy")(train).id.tolist()
    assert run.rows["kept"] > 0


def test_rows_of_one_id_in_both(sets):
    """Ids need not differ between the frame and the set."""
    folder, _, test = sets
    step = FuzzyDedup(against=folder / "fuzzy")
    assert step(test).id.tolist() == [
        i for i, text in zip(test.id, test.text, strict=True) if not shingles(text)
    ]


def test_empty(sets, tmp_path):
    folder, train, _ = sets
    step = FuzzyDedup(against=folder / "fuzzy")
    assert step(train.iloc[:0]).empty and step.find(train.iloc[:0]).empty
    Index(tmp_path / "empty").add(train.iloc[:0])
    step = FuzzyDedup(against=tmp_path / "empty")
    assert step(train).id.tolist() == FuzzyDedup()(train).id.tolist()


def test_a_bound_that_cannot_be_moved_says_what_to_do(sets):
    folder, train, _ = sets
    found = FuzzyDedup(against=folder / "fuzzy").compare(train)
    with pytest.raises(SettingError, match=r"anew with threshold=0\.9 and the same ag"):
        found.rethreshold(0.9)
    found = ExactDedup(against=folder / "exact").compare(train)
    with pytest.raises(SettingError, match="exact deduplication has no bound to move; for other"):
        found.rethreshold(0.9)


def test_errors_at_the_call(sets, tmp_path):
    folder, train, _ = sets
    lazy = dd.from_pandas(train, npartitions=2)
    with pytest.raises(SettingError, match="made with ngram=5, this is ngram=4"):
        FuzzyDedup(ngram=4, against=folder / "fuzzy")(lazy)
    with pytest.raises(SettingError, match="made with verify=False"):
        FuzzyDedup(against=folder / "estimates")(lazy)
    with pytest.raises(SettingError, match="made with dedup='exact'"):
        FuzzyDedup(against=folder / "exact").explain(lazy)
    with pytest.raises(DataError, match=r"^fuzzy_dedup: against='.*none': no file or fo"):
        FuzzyDedup(against=tmp_path / "none")(lazy)
    with pytest.raises(DataError, match="no index and no files there"):
        (tmp_path / "nothing").mkdir()
        FuzzyDedup(against=tmp_path / "nothing")(lazy)
    with pytest.raises(ColumnError, match=r"against=.*no column 'body'"):
        FuzzyDedup(on="body", against=folder / "test.parquet")(train.assign(body=train.text))
    for wrong in (3, ""):
        with pytest.raises(SettingError, match=f"against={wrong!r} is not the path"):
            ExactDedup(against=wrong)
    with pytest.raises(SettingError, match="has no against="):
        Index(tmp_path / "i", ExactDedup(against=folder / "exact"))
    assert tamis.recipe.step_from({"dedup": "fuzzy", "against": "x"}).against == "x"
    FuzzyDedup(threshold=0.9, bands=32, rows=8, on="text", keep="longest",
               against=folder / "fuzzy")(lazy)  # fmt: skip
