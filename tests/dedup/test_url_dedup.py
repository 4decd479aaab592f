"""Records of one address."""

import pickle

import dask.dataframe as dd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Pipeline, UrlDedup
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.recipe import step_from
from tamis.text import normalize_url

POOL = [None, "", " ", "http://a.org", "https://www.a.org/", "http://a.org/?utm_source=x",
        "https://a.org/b", "http://A.org:80/b#c", "not an address", "not an address "]  # fmt: skip


def frame(urls):
    return pd.DataFrame(
        {
            "id": pd.array([f"p{k}" for k in range(len(urls))], STRING),
            "url": pd.array(urls, STRING),
            "fetched": pd.to_datetime([f"2020-01-{1 + k % 28:02}" for k in range(len(urls))]),
        }
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=20), st.sampled_from(["first", "best:fetched"]))
def test_one_of_each_address(urls, keep):
    docs = frame(urls)
    groups = {}
    for k, url in enumerate(urls):
        written = None if url is None else normalize_url(url)
        groups.setdefault(written or ("none", k), []).append(f"p{k}")
    pick = 0 if keep == "first" else -1
    kept = UrlDedup(keep=keep)(docs)
    assert sorted(kept.id) == sorted(ids[pick] for ids in groups.values())
    assert kept.url.equals(docs.url[kept.index])  # the column is left as it is
    parts = UrlDedup(keep=keep)(dd.from_pandas(docs, npartitions=3)).compute(scheduler="sync")
    assert parts.id.tolist() == kept.id.tolist()


def test_settings_reasons_and_mistakes():
    docs = frame(["http://a.org/x", "https://a.org/x"])
    explained = UrlDedup().explain(docs)
    assert explained.dropped_why.tolist()[1] == "dedup.url: same address as p0"
    assert len(UrlDedup(https=False)(docs)) == 2
    step = UrlDedup(remove=["session*"], on="link", keep="best:fetched")
    assert step_from(step.to_dict()) == step == pickle.loads(pickle.dumps(step))
    assert Pipeline.from_yaml("steps: [{dedup: url, https: false}]").steps == (
        UrlDedup(https=False),
    )
    with pytest.raises(ColumnError, match="no column 'link'"):
        step(docs)
    with pytest.raises(SettingError, match="longest address"):
        UrlDedup(keep="longest")
    with pytest.raises(SettingError, match="name of a column"):
        UrlDedup(on=["url", "text"])
    with pytest.raises(SettingError, match="https"):
        UrlDedup(https="yes")
