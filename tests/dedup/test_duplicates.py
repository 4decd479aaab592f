"""Looking at what a deduplication found, and deciding anew at another bound."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from corpora import STRING, corpus, frame
from hypothesis import given, settings
from hypothesis import strategies as st
from test_perceptual_dedup import images

import tamis
from tamis import ExactDedup, FuzzyDedup, PerceptualDedup, Pipeline
from tamis.dedup import Duplicates
from tamis.errors import ColumnError, DataError, SettingError

LOOSE = {"bands": 64, "rows": 4}


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.7, 0.9]), st.floats(0.5, 1.0),
    st.sampled_from([{}, {"keep": "longest"}, {"keep": "best:score", "unit": "characters"},
                     {"verify": False}, {"family": "curator", "hashes": 256}]),
)  # fmt: skip
def test_rethreshold_is_a_fresh_run(seed, threshold, value, given_):
    docs = corpus(seed, bases=60, sizes=(3, 8, 40, 100))
    step = FuzzyDedup(threshold=threshold, **LOOSE, **given_)
    found = step.compare(docs)
    pd.testing.assert_frame_equal(found.frame(), step.find(docs))
    moved = found.rethreshold(value)
    fresh = FuzzyDedup(threshold=value, **LOOSE, **given_)
    assert moved.step == fresh
    pd.testing.assert_frame_equal(moved.frame(), fresh.find(docs))
    pd.testing.assert_frame_equal(moved.rethreshold(threshold).frame(), found.frame())


def test_who_comes_back_becomes_a_witness():
    """A ~ B ~ C ~ D in a chain: at the higher threshold B stays, and then C goes because of B."""
    words = [f"w{k}" for k in range(400)]
    spans = [(0, 200), (25, 225), (40, 240)]  # A-B 0.77, B-C 0.86, A-C 0.66
    docs = frame([" ".join(words[a:b]) for a, b in spans])
    found = FuzzyDedup(threshold=0.7, **LOOSE).compare(docs)
    assert found.pairs().duplicate_of.tolist() == ["doc-0"]
    assert found.pairs().id.tolist() == ["doc-1"]
    assert found.rethreshold(0.8).pairs().values.tolist()[0][:2] == ["doc-2", "doc-1"]


def test_bands_that_were_chosen_stay():
    docs = corpus(1)
    found = FuzzyDedup(threshold=0.8).compare(docs)
    for value in (0.7, 0.9, 1.0):
        fresh = FuzzyDedup(threshold=value, bands=32, rows=8).find(docs)
        pd.testing.assert_frame_equal(found.rethreshold(value).frame(), fresh)
    with pytest.raises(
        SettingError, match=r"32 bands of 8 rows .* propose 12% of the pairs at 0.5"
    ):
        found.rethreshold(0.5)
    with pytest.raises(SettingError, match=r"threshold=1\.5"):
        found.rethreshold(1.5)


def test_a_dask_frame():
    docs = corpus(2)
    docs["dropped_by"] = pd.array(["before"] * 5 + [None] * (len(docs) - 5), STRING)
    lazy = dd.from_pandas(docs, npartitions=7, sort=False)
    step = FuzzyDedup(threshold=0.6)
    one, many = step.compare(docs), step.compare(lazy)
    assert one.rows == many.rows == len(docs) - 5
    for value in (0.6, 0.85):
        pd.testing.assert_frame_equal(
            many.rethreshold(value).frame(), one.rethreshold(value).frame()
        )
    name = one.clusters().cluster[0]
    assert repr(many.inspect(name)) == repr(one.inspect(name))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8), st.integers(0, 8))
def test_another_radius(seed, radius, other):
    frame_, _ = images(seed, 150, 8, 25)
    found = PerceptualDedup(radius=radius).compare(frame_)
    pd.testing.assert_frame_equal(
        found.rethreshold(other).frame(), PerceptualDedup(radius=other).find(frame_)
    )


def test_clusters_and_pairs():
    docs = corpus(4)
    found = FuzzyDedup(threshold=0.6).compare(docs)
    rows = found.frame()
    clusters = found.clusters()
    oracle = rows.groupby("cluster").agg(
        size=("id", "count"), least=("similarity", "min"), most=("similarity", "max")
    )
    assert (clusters.cluster == clusters.kept).all() and clusters.cluster.is_unique
    for row in clusters.itertuples():
        assert (row.size, row.least, row.most) == tuple(oracle.loc[row.cluster])
    assert clusters["size"].is_monotonic_decreasing and len(clusters) == len(oracle)
    least, most = found.pairs(), found.pairs("most")
    assert least.similarity.is_monotonic_increasing and most.similarity.is_monotonic_decreasing
    gone = rows[~rows.keep].set_index("id").sort_index()
    for made in (least, most):
        made = made.set_index("id").sort_index()
        assert made.duplicate_of.equals(gone.duplicate_of)
        assert made.similarity.equals(gone.similarity)
    assert found.dropped == len(gone) and found.kept == len(docs) - len(gone)
    with pytest.raises(SettingError, match="order='worst'"):
        found.pairs("worst")


@pytest.mark.parametrize(
    "step", [ExactDedup(), FuzzyDedup(threshold=0.7), PerceptualDedup(on="text", radius=1)]
)
def test_any_kind_on_any_frame(step):
    docs = corpus(5, bases=40)
    if step.kind == "perceptual":
        docs = images(5)[0].rename(columns={"phash": "text"})
    lazy = dd.from_pandas(docs, npartitions=3, sort=False)
    wanted = step.compare(docs)
    assert wanted.dropped > 3
    for made in (
        tamis.dedup.clusters(docs, step), tamis.dedup.clusters(lazy, step),
        tamis.dedup.clusters(step.find(docs)), tamis.dedup.clusters(step.find(lazy)),
        tamis.dedup.clusters(step.explain(docs)), tamis.dedup.clusters(wanted),
    ):  # fmt: skip
        pd.testing.assert_frame_equal(made, wanted.clusters())
    for made in (
        tamis.dedup.pairs(docs, step, order="most"),
        tamis.dedup.pairs(step.find(lazy), order="most"),
        tamis.dedup.pairs(step.explain(lazy), order="most"),
    ):
        pd.testing.assert_frame_equal(made, wanted.pairs("most"))
    name = wanted.clusters().cluster[0]
    for made in (
        tamis.dedup.inspect(lazy, name, step), tamis.dedup.inspect(step.explain(docs), name),
        tamis.dedup.inspect(wanted, wanted.pairs().query("duplicate_of == @name").id.iloc[0]),
    ):  # fmt: skip
        assert repr(made) == repr(wanted.inspect(name))


def test_inspect_marks_what_differs():
    first = "the cat sat on the mat all day"
    texts = [
        first,
        first.replace("cat", "dog"),
        first,
        f"\x1b[31m{first}".replace("on", "<b>on</b>"),
    ]
    step = FuzzyDedup(threshold=0.2, ngram=2, bands=128, rows=1)
    found = step.compare(frame(texts)).inspect("doc-1")
    assert found.kept == "doc-0" and found.size == 4 and found.text == texts[0]
    assert [member.id for member in found.members] == ["doc-3", "doc-1", "doc-2"]
    assert "the [-cat-] {+dog+} sat" in repr(found)
    assert repr(found).endswith("1.000  doc-2\nthe same text")
    assert "\x1b" not in repr(found)
    page = found._repr_html_()
    assert "<b>on</b>" not in page and "\x1b" not in page
    assert '">dog</ins>' in page and '">cat</del>' in page
    few = step.compare(frame(texts)).inspect("doc-0", limit=1)
    assert len(few.members) == 1 and repr(few).endswith("and 2 more")
    with pytest.raises(DataError, match="'doc-9' is in no cluster"):
        step.compare(frame(texts)).inspect("doc-9")
    with pytest.raises(ColumnError, match="no column 'body'"):
        step.compare(frame(texts)).inspect("doc-0", column="body")
    blind = tamis.dedup.inspect(step.find(frame(texts)), "doc-0")
    assert "its text is not at hand" in repr(blind) and blind.text is None


def test_what_cannot_be_done():
    docs = corpus(6, bases=20)
    with pytest.raises(SettingError, match="exact deduplication has no bound"):
        ExactDedup().compare(docs).rethreshold(0.9)
    with pytest.raises(DataError, match=r"use step.compare\(frame\)"):
        tamis.dedup.rethreshold(FuzzyDedup().find(docs), 0.9)
    with pytest.raises(ColumnError, match=r"no column 'duplicate_of' \(have: id, text"):
        tamis.dedup.clusters(docs)
    with pytest.raises(ColumnError, match="no column 'body'"):
        FuzzyDedup(on="body").compare(docs)


def test_nothing_found():
    docs = frame(["one", "two"])
    for found in (FuzzyDedup().compare(docs), ExactDedup().compare(docs.iloc[:0])):
        assert len(found.clusters()) == len(found.pairs()) == found.dropped == 0
        assert list(found.clusters().columns) == ["cluster", "size", "kept", "least", "most"]
        assert "0 duplicates in 0 clusters" in repr(found) and found._repr_html_()
    assert tamis.dedup.clusters(FuzzyDedup().find(docs)).empty


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    docs = corpus(7)
    steps = [tamis.Filter("text.word_count", min=4), ExactDedup(), FuzzyDedup(threshold=0.6)]
    out = tmp_path_factory.mktemp("run") / "out"
    lazy = dd.from_pandas(docs, npartitions=4, sort=False)
    return docs, Pipeline(steps), Pipeline(steps).run(lazy, out)


def test_a_finished_run(finished):
    docs, pipeline, run = finished
    found = run.duplicates("fuzzy_dedup")
    assert isinstance(found, Duplicates) and found.step == FuzzyDedup(threshold=0.6)
    before = Pipeline(pipeline.steps[:2])(docs)
    assert found.rows == len(before)
    oracle = FuzzyDedup(threshold=0.6).compare(before)
    pd.testing.assert_frame_equal(found.frame(), oracle.frame())
    assert found.dropped == run.dropped("fuzzy_dedup").compute().shape[0] > 20
    for value in (0.6, 0.75, 0.9, 1.0):
        moved = run.rethreshold("fuzzy_dedup", value)
        pd.testing.assert_frame_equal(moved.frame(), oracle.rethreshold(value).frame())
        assert moved.kept == oracle.rethreshold(value).kept
    name = found.clusters().cluster[0]
    assert repr(found.inspect(name)) == repr(oracle.inspect(name))
    assert run.duplicates("exact_dedup").dropped == len(docs[docs.text.str.count(" ") > 2]) - len(
        before
    )
    with pytest.raises(KeyError, match="several deduplications; the run has exact_dedup, fuzzy"):
        run.duplicates()
    with pytest.raises(KeyError, match="no deduplication 'near'; the run has exact_dedup"):
        run.rethreshold("near", 0.9)
    assert tamis.dedup.clusters(run, "fuzzy_dedup").equals(found.clusters())


def test_a_run_without_evidence(tmp_path):
    docs = corpus(8, bases=30)
    run = Pipeline([FuzzyDedup()]).run(docs, tmp_path / "out", evidence=False)
    assert not list((tmp_path / "out/stages").rglob("evidence-*"))
    assert run.duplicates().dropped > 5
    with pytest.raises(DataError, match="keeps no evidence of fuzzy_dedup"):
        run.rethreshold("fuzzy_dedup", 0.9)
    next((tmp_path / "out/stages/0").glob("sketch-*")).unlink()
    with pytest.raises(DataError, match=r"does not hold the sketches of the \d+ records"):
        run.rethreshold("fuzzy_dedup", 0.9)
    run = Pipeline([tamis.Filter("text.word_count", min=1)]).run(docs, tmp_path / "none")
    with pytest.raises(KeyError, match="the run has no deduplication"):
        run.duplicates()


def test_perceptual_in_a_run(tmp_path):
    frame_, _ = images(9)
    run = Pipeline([PerceptualDedup(radius=2)]).run(frame_, tmp_path / "out")
    moved = run.rethreshold("perceptual_dedup", 5)
    pd.testing.assert_frame_equal(moved.frame(), PerceptualDedup(radius=5).find(frame_))
    assert np.isfinite(moved.pairs().similarity).all()


def test_the_kind_of_a_deduplication_names_it(finished, tmp_path):
    _, _, run = finished
    assert run.duplicates("fuzzy").frame().equals(run.duplicates("fuzzy_dedup").frame())
    assert run.rethreshold("fuzzy", 0.9).step.threshold == 0.9
    steps = [ExactDedup(name="first"), ExactDedup(on="id", name="again")]
    run = Pipeline(steps).run(corpus(8, bases=3), tmp_path / "out")
    with pytest.raises(KeyError, match="several deduplications are 'exact'; the run has first, ag"):
        run.duplicates("exact")


PARTS = [
    tamis.LineDedup(min_length=1),
    tamis.LineDedup(min_length=1, action="record", threshold=0.5),
    tamis.ParagraphDedup(min_length=1, action="score"),
    tamis.SentenceDedup(n=1, min_length=1),
    tamis.SubstringDedup(length=2),
]


@pytest.mark.parametrize("step", PARTS, ids=lambda step: f"{step.kind}-{step.action}")
def test_parts_of_texts_have_shares_and_no_clusters(step, tmp_path):
    texts = ["A b c.\n\nD e f.", "A b c.\n\nOwn it is here.", "A b c.", "Nothing like them.", None]
    docs = frame(texts)
    found = step.compare(docs)
    rows = found.pairs()
    wanted = step.find(docs).sort_values(["similarity", "id"], ignore_index=True)
    assert rows.id.tolist() == wanted.id.tolist()
    assert rows.keep.tolist() == wanted.keep.tolist()
    assert rows.similarity.tolist() == wanted.similarity.tolist()
    said = repr(found)
    cut = int(rows.keep.sum()) if step.action == "unit" else 0
    assert f"before of {len(rows)} record" in said and f", {found.dropped} dropped" in said
    assert (f", {cut} cut" in said) == bool(cut) and "cluster" not in said
    assert f"{rows.similarity.min():.1%} to {rows.similarity.max():.1%}" in said
    assert "cluster" not in found._repr_html_()
    for ask in (found.clusters, lambda: found.inspect(rows.id[0])):
        with pytest.raises(SettingError, match=r"parts of texts.* pairs\(\) lists the records"):
            ask()
    if rows.keep.any():
        with pytest.raises(SettingError, match=r"there are no clusters"):
            tamis.dedup.clusters(step.find(docs))
    run = Pipeline([step]).run(docs, tmp_path / "out")
    assert run.duplicates().pairs().equals(rows) and repr(run.duplicates()) == said
