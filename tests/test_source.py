"""Sources recompute a partition anywhere; their tokens follow the work, not its surroundings."""

import subprocess
import sys

import dask.dataframe as dd
import pandas as pd
import pytest

from tamis.source import sources


def read(item, scale=1):
    return pd.DataFrame({"a": [item * scale] * 3, "t": ["x"] * 3})


def frame(items, scale=1):
    return dd.from_map(read, items, scale=scale, meta=read(0))


def tokens(df):
    return [source.token for source in sources(df)]


def test_source_computes_its_partition():
    df = frame([1, 2, 3], scale=10).map_partitions(lambda part: part.assign(b=part.a + 1))
    for source, expected in zip(sources(df), [10, 20, 30], strict=True):
        assert source().b.tolist() == [expected + 1] * 3


def test_token_changes_only_with_its_own_partition():
    assert tokens(frame([1, 2, 3])) == tokens(frame([1, 2, 3]))
    assert tokens(frame([1, 2, 3]))[:2] == tokens(frame([1, 2, 9, 10]))[:2]
    assert len(set(tokens(frame([1, 2, 3])) + tokens(frame([1, 2, 3], scale=2)))) == 6
    with_step = frame([1, 2]).map_partitions(lambda part: part[part.a > 1])
    assert not set(tokens(with_step)) & set(tokens(frame([1, 2])))


def test_tokens_of_partitions_made_of_several():
    whole = dd.from_pandas(pd.DataFrame({"a": range(100)}), npartitions=4)
    assert len(set(tokens(whole))) == 4
    assert len(set(tokens(whole[whole.a > 3].repartition(npartitions=2)))) == 2


def test_token_is_the_same_in_another_process():
    code = "import test_source as t; print(*t.tokens(t.frame([1, 2])))"
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=__file__.rpartition("/")[0],
    )
    assert other.stdout.split() == tokens(frame([1, 2])), other.stderr


@pytest.mark.filterwarnings("ignore")
def test_no_sources_where_partitions_share_work():
    assert sources(frame(list(range(4))).shuffle("a")) is None
    assert sources(frame([1, 2]).persist())[1]().a.tolist() == [2, 2, 2]
