"""Which bytes a row stands for, and what is said where there are none."""

import os

import fsspec
import pandas as pd
import pytest

import tamis
from tamis import Filter, Pipeline, Score, measure
from tamis.media import each
from tamis.media.pointers import media as media_view


@measure(dtype="Int64", namespace="test_pointers")
def length(media):
    """How many bytes there are."""
    return pd.array(each(media, len), dtype="Int64")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abcdefgh")
    (tmp_path / "empty.bin").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def why(frame):
    return Filter(length, min=1).explain(frame)["dropped_why"].tolist()


def test_whole_files_ranges_and_bytes(folder):
    path = str(folder / "a.bin")
    ranges = pd.DataFrame({"path": [path] * 3, "offset": [None, 2, 6], "size": [3, 3, 2]}).astype(
        {"offset": "Int64", "size": "Int64"}
    )
    found = media_view(ranges.path, ranges.offset, ranges["size"])
    assert list(found) == [b"abcdefgh", b"cde", b"gh"]
    held = pd.DataFrame({"image": [b"xyz", bytearray(b"q"), None]})
    assert Score(length, on="image", name="n")(held).n.tolist()[:2] == [3, 1]
    hugging = pd.DataFrame(
        {"image": [{"bytes": b"xy", "path": "a"}, {"bytes": None, "path": path}]}
    )
    assert Score(length, on="image", name="n")(hugging).n.tolist() == [2, 8]


def test_a_call_on_one_path_and_on_bytes(folder):
    assert length(str(folder / "a.bin")) == 8
    assert length(b"12345") == 5
    assert length([str(folder / "a.bin"), None]).tolist()[0] == 8


def test_what_is_not_there_has_a_reason(folder):
    paths = ["a.bin", "none.bin", "empty.bin", "pipe", ".", "a\0b"]
    frame = pd.DataFrame({"path": [str(folder / name) for name in paths] + [None, ""]})
    found = why(frame)
    codes = [None if pd.isna(text) else text.partition(":")[0] for text in found]
    assert codes == [
        None, "media.missing", "media.empty", "media.unreadable", "media.unreadable",
        "media.unreadable", "media.null", "media.null",
    ]  # fmt: skip
    assert "none.bin" in found[1]


def test_ranges_beyond_the_file(folder):
    frame = pd.DataFrame(
        {"path": [str(folder / "a.bin")] * 3, "offset": [6, 0, -1], "size": [3, 1 << 40, 2]}
    )
    found = why(frame)
    assert [text.partition(":")[0] for text in found] == [
        "media.unreadable", "media.too_long", "media.unreadable",
    ]  # fmt: skip


def test_remote_files_and_ranges(monkeypatch):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/a", b"0123456789")
    memory.pipe_file("/bucket/b", b"bb")
    frame = pd.DataFrame(
        {"path": ["memory://bucket/a", "memory://bucket/none", "memory://bucket/b"]}
    )
    assert Score(length)(frame).length.tolist()[::2] == [10, 2]
    assert why(frame)[1].startswith("media.missing")
    ranges = frame.assign(offset=[2, 0, None], size=[3, 1, None])
    found = media_view(ranges.path, ranges.offset, ranges["size"])
    assert (found[0], found[2]) == (b"234", b"bb")


@pytest.mark.parametrize(
    "url", ["zip://a::memory://b.zip", "python://x", "simplecache::http://127.0.0.1/x", "git://a"]
)
def test_data_does_not_choose_protocols_that_do_more_than_read(url):
    assert why(pd.DataFrame({"path": [url]}))[0].startswith("media.unreadable")


def test_columns_are_checked_when_the_graph_is_made():
    with pytest.raises(tamis.TamisError, match="no column 'path'"):
        Score(length).explain(pd.DataFrame({"file": ["a"]}))
    with pytest.raises(tamis.TamisError, match="a medium is a path"):
        Score(length).explain(pd.DataFrame({"path": [1, 2]}))


def test_batches_of_rows_are_as_one_partition(folder):
    """More rows than are looked at at a time, with rows dropped in several of them."""
    names = [str(folder / ("a.bin" if k % 7 else f"none{k}")) for k in range(200)]
    frame = pd.DataFrame({"id": [f"r{k}" for k in range(200)], "path": names})
    pipeline = Pipeline([Score(length), Filter(length, min=8, name="again")])
    explained = pipeline.explain(frame)
    assert explained["id"].tolist() == frame["id"].tolist()
    lost = explained.dropped_why.notna()
    assert lost.tolist() == [k % 7 == 0 for k in range(200)]
    assert all(f"none{k}" in explained.dropped_why.iloc[k] for k in range(0, 200, 7))
    assert pipeline(frame).path.tolist() == [n for k, n in enumerate(names) if k % 7]


def test_a_run_counts_what_could_not_be_read(folder, tmp_path):
    names = [str(folder / ("a.bin" if k % 50 else "none")) for k in range(300)]
    frame = tamis.from_pandas(pd.DataFrame({"id": [f"r{k}" for k in range(300)], "path": names}))
    report = Pipeline([Filter(length, min=1)]).run(frame, str(tmp_path / "out"), max_errors=0.5)
    assert report.rows == {"in": 300, "cut": 0, "kept": 294, "dropped": 6}
    (step,) = report.figures["steps"]
    assert step["reasons"] == {"media.missing": 6}
    with pytest.raises(tamis.TamisError, match=r"media\.missing \(.*max_errors"):
        many = pd.concat([frame.compute()] * 4).assign(id=[f"r{k}" for k in range(1200)])
        Pipeline([Filter(length, min=1)]).run(tamis.from_pandas(many), str(tmp_path / "strict"))
