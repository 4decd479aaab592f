"""A source of one's own: every record is a row, or a row that says which function failed."""

import json

import pandas as pd
import pytest

from tamis import Filter, Pipeline, text
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io import read_source

SCHEMA = {"text": "str", "n": "int"}


def computed(lazy):
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    assert frame.dtypes.equals(lazy.dtypes)
    return frame


def codes(frame):
    return [None if pd.isna(why) else why.partition(":")[0] for why in frame.dropped_why]


def test_four_functions(tmp_path):
    pages = {"http://a/1": ["x y", "z"], "http://a/2": [], "http://a/3": ["w"]}
    asked = []

    def download(url):
        asked.append(url)
        path = tmp_path / url[-1]
        path.write_text(json.dumps(pages[url]))
        return path

    def iterate(path):
        yield from json.loads(path.read_text())

    def extract(record):
        return None if record == "z" else {"text": record, "n": len(record)}

    lazy = read_source(lambda: pages, iterate, extract=extract, download=download, schema=SCHEMA)
    assert lazy.npartitions == 3 and not asked
    frame = computed(lazy)
    assert sorted(asked) == list(pages)
    assert frame.id.tolist() == ["http://a/1:1", "http://a/3:1"]
    assert frame.text.tolist() == ["x y", "w"] and frame.n.tolist() == [3, 1]
    together = read_source(list(pages), iterate, extract=extract, download=download, schema=SCHEMA,
                           items_per_partition=2)  # fmt: skip
    assert together.npartitions == 2 and computed(together).equals(frame)


def test_ids():
    rows = [{"key": 7, "text": "a"}, {"key": "b", "text": "b"}, {"text": "c"}]
    frame = computed(
        read_source([1], lambda _: rows, schema={"key": "str", "text": "str"}, id="key")
    )
    assert list(frame.columns)[:2] == ["id", "text"]
    assert frame.id.tolist() == ["7", "b", "1:3"]
    frame = computed(read_source([("a", 2)], lambda _: [{"text": "x"}], schema={"text": "str"}))
    assert frame.id.tolist() == ["a,2:1"]


def broken(item):
    yield {"text": "one", "n": 1}
    raise OSError("the connection broke off")


def no_item(item):
    raise ValueError("gone")


def test_functions_that_fail():
    frame = computed(read_source(["a"], broken, schema=SCHEMA))
    assert codes(frame) == [None, "source.item"] and frame.id.tolist() == ["a:1", "a:2"]
    assert frame.dropped_why[1] == (
        "source.item: a, record 2: broken failed with OSError: the connection broke off"
    )
    frame = computed(read_source(["a", "b"], lambda x: [x], download=no_item, schema=SCHEMA))
    assert frame.id.tolist() == ["a", "b"] and codes(frame) == ["source.item"] * 2
    with pytest.raises(DataError, match="no_item failed with ValueError: gone"):
        computed(read_source(["a"], broken, download=no_item, schema=SCHEMA, errors="raise"))


def test_records_that_do_not_fit():
    records = [
        {"text": "good", "n": 1}, {"text": 5, "n": 1}, {"text": "x", "n": "many"},
        {"text": "x", "n": 2**70}, {"text": "x", "other": 1}, "no mapping", {"text": "\ud800"},
        {"text": None}, {"text": "also good", "n": 2},
    ]  # fmt: skip
    frame = computed(read_source(["a"], lambda _: records, schema=SCHEMA))
    assert len(frame) == len(records) and frame.id.is_unique
    assert codes(frame) == [
        None, "schema.type", "schema.type", "schema.type", "schema.column", "source.record",
        "schema.type", None, None,
    ]  # fmt: skip
    assert frame.text[8] == "also good" and frame.dropped_why[2].startswith(
        "schema.type: a, record 3: column 'n' is int64, found str"
    )
    frame = computed(
        read_source(["a"], lambda _: [1, 2], extract=lambda n: 1 // (n - 1), schema=SCHEMA)
    )
    assert codes(frame) == ["source.record", "source.record"]
    assert "failed with ZeroDivisionError" in frame.dropped_why[0]


def test_what_is_no_source():
    for wrong, error in (
        ({"items": "text"}, SettingError), ({"items": [object()]}, SettingError),
        ({"items": ["a", "a"]}, DataError), ({"iterate": 3}, SettingError),
        ({"id": "key"}, ColumnError), ({"items_per_partition": 0}, SettingError),
        ({"schema": {"text": "prose"}}, SettingError),
    ):  # fmt: skip
        call = {"items": ["a"], "iterate": broken, "schema": SCHEMA} | wrong
        with pytest.raises(error):
            read_source(call.pop("items"), call.pop("iterate"), **call)


def test_no_items():
    assert len(computed(read_source([], broken, schema=SCHEMA))) == 0


def test_in_a_run(tmp_path):
    frame = read_source([1, 2], broken, schema=SCHEMA)
    run = Pipeline([Filter(text.word_count, min=1)]).run(frame, tmp_path / "out", max_errors=1)
    assert "4 in, 2 kept, 2 dropped" in repr(run)
