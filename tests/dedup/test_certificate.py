"""Certificates against brute force: bad cuts, lying searches, intervals that hold."""

import math

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from corpora import corpus, frame, greedy, jaccard, shingles, similar_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import ExactDedup, Filter, FuzzyDedup, Pipeline, text
from tamis.dedup import certificate, reference, verdicts
from tamis.dedup.bands import probability
from tamis.dedup.canaries import PREFIX, plant
from tamis.errors import SettingError


def certified(docs, step, out, parts=3, **given):
    run = Pipeline([step]).run(dd.from_pandas(docs, npartitions=parts), out, **given)
    return run, run.figures["deduplications"][0].get("certificate")


def tail(least, trials, p):
    """The chance of so many hits or more."""
    return sum(
        math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(least, trials + 1)
    )


@pytest.mark.parametrize(
    ("hits", "trials"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 60), (180, 200)]
)
def test_interval(hits, trials):
    """Its bounds are where so many, or so few, would come once in forty."""
    low, high = certificate.interval(hits, trials)
    assert low == 0 if hits == 0 else tail(hits, trials, low) == pytest.approx(0.025, rel=1e-6)
    upper = 1 - tail(hits + 1, trials, high)
    assert high == 1 if hits == trials else upper == pytest.approx(0.025, rel=1e-6)


def test_published_intervals():
    """Clopper and Pearson (1934), as every table has them."""
    assert certificate.interval(0, 10) == pytest.approx((0, 0.3085), abs=1e-4)
    assert certificate.interval(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_intervals_hold(rate):
    hits = np.random.default_rng(1).binomial(60, rate, 400)
    held = [low <= rate <= high for low, high in (certificate.interval(int(h), 60) for h in hits)]
    assert np.mean(held) >= 0.94


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.sampled_from([0.5, 0.8, 0.95]), st.integers(0, 9))
def test_edits_lead_about_where_they_should(size, target, seed):
    words = [f"w{k}" for k in range(20 * size)]
    draw = np.random.default_rng(seed)
    edits = certificate.edits_for(target, len(words), 5)
    copy = certificate.edited(" ".join(words), edits, draw)
    assert copy != " ".join(words)
    if size > 20:
        assert jaccard(shingles(" ".join(words)), shingles(copy)) == pytest.approx(target, abs=0.12)


def test_canaries_are_as_similar_as_they_say():
    docs = corpus(3, bases=40)
    docs.loc[0, "text"] = "日本語の文章" * 40
    for step in (FuzzyDedup(), FuzzyDedup(threshold=0.6, unit="characters")):
        planted = plant(list(zip(docs.id, docs.text, strict=True)), step)
        assert len(planted) > 20
        assert planted == plant(list(zip(docs.id, docs.text, strict=True)), step)
        by_id = dict(zip(docs.id, docs.text, strict=True))
        for canary in planted:
            assert step.threshold <= canary.similarity < 1
            if step.scheme.unit == "words":
                pair = shingles(by_id[canary.of]), shingles(canary.text)
                assert canary.similarity == jaccard(*pair)


def true_recall(docs, found, threshold):
    """Removals over those that brute force makes."""
    pairs = similar_pairs([shingles(text) for text in docs.text], threshold)
    oracle = greedy(range(len(docs)), pairs)
    removed = int((~found.keep).sum())
    return removed / (removed + len(docs) - removed - len(oracle))


def test_a_bad_cut_is_found_out(tmp_path):
    """Both estimates of recall hold what brute force says, in all but the odd case."""
    held = planted_held = 0
    for seed in range(5):
        docs = corpus(seed, bases=150, sizes=(40, 100))
        step = FuzzyDedup(bands=4, rows=12, seed=seed)
        run, told = certified(docs, step, tmp_path / str(seed))
        assert run.rows["kept"] + run.rows["dropped"] == len(docs)
        true = true_recall(docs, step.find(docs), 0.8)
        assert true < 0.97
        low, high = told["exhaustive"]["interval"]
        held += low <= true <= high
        assert told["precision"]["estimate"] == 1.0
        assert told["precision"]["largest_difference"] == 0.0
        assert told["canaries"]["planted"] > 50
        low, high = told["canaries"]["interval"]
        values = [b["from"] + (b["to"] - b["from"]) / 2 for b in told["canaries"]["bands"]]
        counts = [b["trials"] for b in told["canaries"]["bands"]]
        expected = np.average([probability(v, 4, 12) for v in values], weights=counts)
        planted_held += low - 0.05 <= expected <= high + 0.05
        assert told["canaries"]["estimate"] < 0.8
    assert held >= 4 and planted_held >= 4


def test_a_good_cut(tmp_path):
    docs = corpus(8, bases=200, sizes=(40, 100))
    _, told = certified(docs, FuzzyDedup(), tmp_path / "out")
    assert told["canaries"]["estimate"] > 0.97 and told["exhaustive"]["missed"] == 0
    assert told["exhaustive"]["coverage"] == 1.0
    assert told["removed"] == (~FuzzyDedup().find(docs).keep).sum()
    assert sum(b["trials"] for b in told["precision"]["bands"]) == told["precision"]["sampled"]


def test_a_lying_search_is_found_out(tmp_path, monkeypatch):
    """Verdicts that drop unlike records and claim likeness do not pass."""

    def lie(self, proposal, evidence):
        table = verdicts.decide(proposal, evidence, 0.02)
        claims = pc.if_else(table["keep"], pa.scalar(None, pa.float64()), pa.scalar(0.9))
        return table.set_column(5, "similarity", claims)

    docs = corpus(4, bases=150, sizes=(40, 100))
    docs["text"] = [f"{' '.join(f'head{k}' for k in range(25))} {text}" for text in docs.text]
    monkeypatch.setattr(FuzzyDedup, "decide", lie)
    step = FuzzyDedup(bands=128, rows=2)
    _, told = certified(docs, step, tmp_path / "out")
    sets = {name: shingles(text) for name, text in zip(docs.id, docs.text, strict=True)}
    gone = step.find(docs).query("not keep")
    true = np.mean([
        jaccard(sets[a], sets[b]) >= 0.8 for a, b in zip(gone.id, gone.duplicate_of, strict=True)
    ])  # fmt: skip
    low, high = told["precision"]["interval"]
    assert true < 0.9 and low <= true <= high
    assert told["precision"]["wrong"] and told["precision"]["largest_difference"] > 0.1
    for row in told["precision"]["wrong"]:
        assert row["true"] == jaccard(sets[row["id"]], sets[row["duplicate_of"]]) < 0.8


@pytest.mark.parametrize("step", [
    FuzzyDedup(), FuzzyDedup(keep="longest", bands=8), FuzzyDedup(verify=False),
    FuzzyDedup(measure="containment", keep="longest", hashes=64),
    FuzzyDedup(family="curator", keep="source:source=wiki"), ExactDedup(),
    ExactDedup(on=("text", "source"), keep="best:score"),
], ids=str)  # fmt: skip
def test_partitions_do_not_matter(step, tmp_path):
    docs = corpus(5, bases=80)
    found = []
    for parts in (1, 4, 13):
        run, told = certified(docs, step, tmp_path / str(parts), parts)
        assert told.pop("seconds") >= 0
        found.append(told)
        ids = {*run.kept().id.compute(), *run.dropped().id.compute()}
        assert ids == set(docs.id)
        assert not any(name.startswith(PREFIX) for name in ids)
    assert found[0] == found[1] == found[2]
    assert found[0]["precision"]["sampled"] > 0


def test_it_influences_nothing_and_can_be_left_out(tmp_path):
    docs, step = corpus(6, bases=60), FuzzyDedup()
    run, told = certified(docs, step, tmp_path / "with")
    other, none = certified(docs, step, tmp_path / "without", certificate=False)
    assert told is not None and none is None
    pd.testing.assert_frame_equal(run.kept().compute(), other.kept().compute())
    _, few = certified(docs, step, tmp_path / "few", certificate=10)
    assert few["size"] == 10 and few["precision"]["sampled"] <= 10
    for wrong in (0, -1, 1.5, "yes"):
        with pytest.raises(SettingError, match="certificate="):
            certified(docs, step, tmp_path / "wrong", certificate=wrong)


def test_it_stands_when_a_run_goes_on(tmp_path, monkeypatch):
    docs, step = corpus(6, bases=60), FuzzyDedup()
    monkeypatch.setattr("tamis.run.report.publish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        certified(docs, step, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(
        "tamis.certifying.KINDS", {"fuzzy": None}
    )  # nothing is certified a second time
    _, told = certified(docs, step, tmp_path / "out")
    assert told["precision"]["sampled"] > 0


def test_after_other_steps_and_with_nothing_to_say(tmp_path):
    docs = corpus(7, bases=60)
    docs.loc[3, "text"], docs.loc[4, "text"], docs.loc[5, "text"] = None, "", "!!!"
    steps = [Filter(text.word_count, min=5), ExactDedup(), FuzzyDedup(threshold=1.0)]
    run = Pipeline(steps).run(docs, tmp_path / "out")
    exact, fuzzy = (d["certificate"] for d in run.figures["deduplications"])
    assert exact["precision"]["estimate"] == 1.0 and exact["exhaustive"]["missed"] == 0
    assert fuzzy["canaries"]["planted"] == 0 and fuzzy["canaries"]["estimate"] is None
    run, told = certified(frame(["a", None, ""]), FuzzyDedup(), tmp_path / "small")
    assert told["precision"] | {"bands": []} == {
        "sampled": 0, "right": 0, "wrong": [], "bands": [], "largest_difference": 0.0,
        "estimate": None, "interval": None,
    }  # fmt: skip
    assert certified(frame([]), FuzzyDedup(), tmp_path / "none", 1)[1]["kept"] == 0


def test_exact_hashes_that_fail_are_found_out(tmp_path, monkeypatch):
    docs = frame([f"text {k // 3} and {k % 5}" for k in range(300)] * 2)
    docs["id"] = [f"doc-{k}" for k in range(600)]
    whole = ExactDedup.sketch

    def blind(self, part):  # takes texts with one beginning for the same
        return whole(self, part.assign(text=part.text.str[:7]))

    monkeypatch.setattr(ExactDedup, "sketch", blind)
    _, told = certified(docs, ExactDedup(), tmp_path / "blind")
    assert told["precision"]["estimate"] < 0.7 and told["precision"]["wrong"]

    def torn(self, part):  # takes texts of some records for others than they are
        return whole(self, part.assign(text=[
            text + name if int(name[4:]) % 4 == 0 else text
            for name, text in zip(part.id, part.text, strict=True)
        ]))  # fmt: skip

    monkeypatch.setattr(ExactDedup, "sketch", torn)
    _, told = certified(docs, ExactDedup(), tmp_path / "torn")
    distinct = docs.text.nunique()
    true = told["removed"] / (len(docs) - distinct)
    low, high = told["exhaustive"]["interval"]
    assert told["exhaustive"]["missed"] > 0 and low <= true <= high


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["One", "two", "三", "ü", ".", ", ", " ", "\n", "4"]), max_size=40)
       .map("".join))  # fmt: skip
def test_reference(text):
    """The plain definition, against a regular expression of another library."""
    assert len(reference.shingles(text, FuzzyDedup().scheme)) == len(shingles(text))
    other = text + " two one"
    pair = [reference.shingles(t, FuzzyDedup().scheme) for t in (text, other)]
    assert len(pair[0] & pair[1]) == len(shingles(text) & shingles(other))


def test_report(tmp_path):
    _, told = certified(corpus(3, bases=100), FuzzyDedup(bands=6), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 'id="certificates"' in page
    found, planted = told["canaries"]["found"], told["canaries"]["planted"]
    assert f"<b>{found} of {planted}</b> planted copies were found" in page
    assert "95 % confidence" in page
