"""Deduplication of Dask frames: the same as of a pandas frame, and lazy."""

import pickle

import dask
import dask.dataframe as dd
import pandas as pd
import pytest
from corpora import corpus
from dask.base import tokenize

from tamis import ExactDedup, FuzzyDedup
from tamis.dedup import DEDUPS
from tamis.errors import ColumnError
from tamis.recipe import step_from

STEPS = [
    ExactDedup(),
    ExactDedup(on=("text", "source"), keep="best:score"),
    FuzzyDedup(),
    FuzzyDedup(threshold=0.6, keep="source:source=wiki", name="near", unit="characters"),
    FuzzyDedup(family="curator", verify=False),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{step.name}-{step.keep}")
def test_lazy_equals_eager(step):
    docs = corpus(3, bases=60)
    for parts in (1, 7):
        lazy = dd.from_pandas(docs, npartitions=parts)
        for wanted, given in (
            (step.find(docs), step.find(lazy)),
            (step(docs), step(lazy)),
            (step.explain(docs), step.explain(lazy)),
        ):
            computed = given.compute()
            pd.testing.assert_frame_equal(
                computed.reset_index(drop=True), wanted.reset_index(drop=True)
            )
            assert list(given.dtypes) == list(computed.dtypes) == list(wanted.dtypes)
    assert len(step(docs)) < len(docs)


def read(part):
    READ.append(part)
    return corpus(3, bases=30).iloc[part::4]


READ = []


def test_nothing_is_computed_before_it_is_asked_for():
    meta = corpus(3, bases=1).iloc[:0]
    lazy = dd.from_map(read, range(4), meta=meta)
    READ.clear()
    made = [FuzzyDedup()(lazy), FuzzyDedup().find(lazy), ExactDedup().explain(lazy)]
    assert not READ
    with dask.config.set(scheduler="sync"):
        rows = len(made[0].compute())
    assert rows == len(FuzzyDedup()(pd.concat([read(k) for k in range(4)])))


def test_after_a_shuffle():
    docs = corpus(3, bases=30)
    lazy = dd.from_pandas(docs, npartitions=3).shuffle("source", npartitions=3)
    step = FuzzyDedup(keep="longest")
    assert sorted(step(lazy).compute().id) == sorted(step(docs).id)


def test_errors_at_the_call():
    lazy = dd.from_pandas(corpus(3, bases=5), npartitions=2)
    with pytest.raises(ColumnError, match="no column 'body'"):
        FuzzyDedup(on="body")(lazy)
    with pytest.raises(ColumnError, match="no column 'when'"):
        ExactDedup(keep="best:when").find(lazy)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{step.name}-{step.keep}")
def test_plain_data(step):
    assert pickle.loads(pickle.dumps(step)) == step
    assert tokenize(step) == tokenize(pickle.loads(pickle.dumps(step)))
    assert step_from(step.to_dict()) == step
    assert type(step) is DEDUPS[step.kind]
