"""Lazy deduplication in the order of rows: fewer passes, the same verdicts, the same guards."""

import itertools
import pickle
import threading
from collections import Counter

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from corpora import corpus, frame
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import ExactDedup, FuzzyDedup, Pipeline, UrlDedup
from tamis.dedup.firsts import Firsts, Keys
from tamis.errors import DataError

WORDS = [f"w{k}" for k in range(40)]


class Counted:
    """Partitions that note each time they are computed, and how many are held at once."""

    def __init__(self, docs, parts):
        cuts = np.linspace(0, len(docs), parts + 1).astype(int)
        self.frames = [docs.iloc[a:b] for a, b in itertools.pairwise(cuts)]
        self.reads = Counter()
        self.lock = threading.Lock()

    def __dask_tokenize__(self):
        return "counted"

    def __call__(self, which):
        with self.lock:
            self.reads[which] += 1
        return self.frames[which]

    def lazy(self):
        return dd.from_map(self, range(len(self.frames)), meta=self.frames[0].iloc[:0])


@pytest.mark.parametrize(
    ("step", "passes"),
    [
        (ExactDedup(), 1),
        (UrlDedup(on="source"), 1),
        (ExactDedup(keep="longest"), 2),
        (FuzzyDedup(), 2),
        (FuzzyDedup(keep="best:score"), 3),
        (FuzzyDedup(measure="containment"), 2),
    ],
)
def test_how_often_a_partition_is_read(step, passes):
    docs = corpus(5, bases=80)
    for call in (lambda f: step(f), lambda f: step.explain(f), lambda f: Pipeline([step])(f)):
        counted = Counted(docs, 6)
        got = call(counted.lazy()).compute(scheduler="threads")
        assert set(counted.reads.values()) == {passes}
        pd.testing.assert_frame_equal(got.reset_index(drop=True), call(docs).reset_index(drop=True))


def test_one_partition_does_not_read_those_after_it():
    docs = corpus(5, bases=80)
    counted = Counted(docs, 6)
    head = ExactDedup()(counted.lazy()).partitions[2].compute(scheduler="sync")
    assert set(counted.reads) == {0, 1, 2}
    assert head.id.tolist() == [i for i in ExactDedup()(docs).id if i in set(counted.frames[2].id)]


texts = st.lists(
    st.one_of(
        st.none(),
        st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
        st.integers(0, 6).map(lambda k: " ".join(WORDS[k : k + 30])),
    ),
    max_size=40,
)


@settings(max_examples=20, deadline=None)
@given(
    texts,
    st.lists(st.integers(0, 40), max_size=6),
    st.sampled_from(
        [
            ExactDedup(),
            FuzzyDedup(threshold=0.5, hashes=64, bands=32, rows=2, ngram=2),
            FuzzyDedup(threshold=0.7, hashes=64, bands=32, rows=2, ngram=1, measure="containment"),
        ]
    ),
)
def test_cuts_do_not_matter(values, cuts, step):
    docs = frame(values)
    edges = [0, *sorted(min(cut, len(docs)) for cut in cuts), len(docs)]
    pieces = [docs.iloc[a:b] for a, b in itertools.pairwise(edges)]
    lazy = dd.from_map(lambda k: pieces[k], range(len(pieces)), meta=docs.iloc[:0])
    got = step.explain(lazy).compute(scheduler="sync")
    wanted = step.explain(docs)
    pd.testing.assert_frame_equal(got.reset_index(drop=True), wanted.reset_index(drop=True))


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=9), max_size=8))
def test_keys_are_those_of_a_dictionary(parts):
    keys, known, number = Keys(), {}, 0
    for part in parts:
        wanted = []
        for value, valid in part:
            wanted.append(known.setdefault(value, number) if valid else number)
            number += 1
        low = np.array([value for value, _ in part], np.uint64)
        valid = np.array([valid for _, valid in part], np.bool_)
        assert keys.add(low, ~low, valid).tolist() == wanted


def test_many_keys():
    """The table is made anew as it fills."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 150_000, 300_000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    keys = Keys()
    for part in np.array_split(values, 7):
        keys.add(part, part, np.ones(part.size, np.bool_))
    _, heads, which = np.unique(values, return_index=True, return_inverse=True)
    assert (keys.first == heads[which]).all()


@pytest.mark.parametrize("step", [ExactDedup(), FuzzyDedup()])
def test_taking_a_partition_twice_changes_nothing(step):
    """A scheduler may do a task again, here or in another process."""
    docs = corpus(7, bases=60)
    pieces = [docs.iloc[k : k + 40] for k in range(0, len(docs), 40)]
    tables = [step.sketch(piece) for piece in pieces]
    if step.compares:
        proposal = step.propose(tables)
        taker = step.settling(proposal)
        tables = [step.evidence(*pair) for pair in zip(pieces, step.wanted(proposal), strict=True)]
    else:
        taker = Firsts(judged=True)
    told = []
    for which, table in enumerate(tables):
        told.append(taker.take(which, table))
        taker = pickle.loads(pickle.dumps(taker))
        assert taker.take(which, table) == told[which]
        assert taker.take(which // 2, tables[which // 2]) == told[which // 2]
    gone = [row for table in told for row in table["row"].to_pylist()]
    dropped = step.explain(docs)["dropped_by"].notna()
    assert gone == np.flatnonzero(dropped).tolist() and gone


@pytest.mark.parametrize("step", [ExactDedup(), FuzzyDedup()])
def test_an_id_that_occurs_twice(step):
    docs = corpus(5, bases=40)
    docs.loc[len(docs) - 3, "id"] = "doc-5"
    lazy = dd.from_pandas(docs, npartitions=4, sort=False)
    where = r"id 'doc-5' occurs twice: row 5 of partition 0 and row \d+ of partition 3"
    with pytest.raises(DataError, match=where):
        step(lazy).compute()
    docs.loc[len(docs) - 3, "id"] = None
    with pytest.raises(DataError, match="is null; every record needs one"):
        step(dd.from_pandas(docs, npartitions=4, sort=False)).compute()


def test_guards_that_the_candidates_alone_would_trip():
    """Texts that share every bucket but are less alike than asked: none goes, none is stopped."""
    base = [f"x{k}" for k in range(60)]
    docs = frame([" ".join([*base[: 56 - k % 3], f"own{k}"]) for k in range(1200)])
    docs["source"] = "one"
    step = FuzzyDedup(threshold=0.999, hashes=64, bands=64, rows=1, max_cluster=100)
    counted = Counted(docs, 4)
    assert len(step(counted.lazy()).compute()) == len(docs)
    assert set(counted.reads.values()) == {3}  # once more, to tell who goes
    close = FuzzyDedup(threshold=0.5, hashes=64, bands=64, rows=1, max_cluster=100)
    with pytest.raises(DataError, match="more than max_cluster=100"):
        close(Counted(docs, 4).lazy()).compute()
    lost = FuzzyDedup(threshold=0.5, hashes=64, bands=64, rows=1)
    with pytest.raises(DataError, match="less than min_survivors"):
        lost(Counted(docs, 4).lazy()).compute()


@pytest.mark.slow
def test_on_a_scheduler_of_processes():
    """Made for threads, carried out in processes: what is settled so far travels."""
    docs = corpus(5, bases=30)
    lazy = dd.from_pandas(docs, npartitions=3, sort=False)
    for step in (ExactDedup(), FuzzyDedup()):
        made_for_threads = step(lazy)
        with dask.config.set(scheduler="processes", num_workers=2):
            assert made_for_threads.compute().id.tolist() == step(docs).id.tolist()
