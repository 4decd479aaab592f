"""Lance data sets, read and written; the lance library itself is the oracle. Skipped without it."""

import sys

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pytest

import tamis
from tamis import Cut, interleaved
from tamis.errors import DataError, MissingPackageError, SettingError

lance = pytest.importorskip("lance")


def docs(rows=20):
    return pd.DataFrame(
        {
            "id": pd.array([f"d{k}" for k in range(rows)], "string[pyarrow]"),
            "text": pd.array([None if k % 5 == 0 else f"text {k} ß" for k in range(rows)],
                             "string[pyarrow]"),
            "n": pd.array(range(rows), "Int64"),
        }
    )  # fmt: skip


def test_what_is_written_lance_reads(tmp_path):
    frame = dd.from_pandas(docs(), npartitions=3, sort=False)
    parts = tamis.write_lance(frame, tmp_path / "x.lance")
    found = lance.dataset(str(tmp_path / "x.lance"))
    assert found.to_table().to_pylist() == pa.table(docs()).to_pylist()
    assert [part.rows for part in parts] == [f.count_rows() for f in found.get_fragments()]
    assert all((tmp_path / "x.lance" / part.name).stat().st_size == part.bytes for part in parts)


def test_what_lance_writes_is_read(tmp_path):
    uri = str(tmp_path / "x.lance")
    theirs = docs().rename(columns={"id": "key"})
    lance.write_dataset(pa.table(theirs), uri, max_rows_per_file=6)
    lance.dataset(uri).delete("n = 2")
    frame = tamis.read_lance(uri)
    found = frame.compute()
    assert frame.npartitions == 4 and found["dropped_by"].isna().all()
    assert found["n"].tolist() == [k for k in range(20) if k != 2]
    assert found["id"].tolist() == [f"x.lance:{k}" for k in range(1, 20)]
    named = tamis.read_lance(uri, id="key", columns=["text"], version=1, block_size=1).compute()
    assert named["id"].tolist() == theirs["key"].tolist() and list(named) == [
        "id", "text", "dropped_by", "dropped_why"
    ]  # fmt: skip
    assert named["text"].isna().tolist() == theirs["text"].isna().tolist()


def test_a_version_is_read_though_another_was_written(tmp_path):
    tamis.write_lance(docs(), tmp_path / "x")
    first = tamis.read_lance(tmp_path / "x")
    with pytest.raises(DataError, match="overwrite"):
        tamis.write_lance(docs(3), tmp_path / "x")
    tamis.write_lance(docs(3), tmp_path / "x", mode="overwrite")
    assert len(first.compute()) == 20 and len(tamis.read_lance(tmp_path / "x").compute()) == 3
    with pytest.raises(SettingError):
        tamis.write_lance(docs(3), tmp_path / "x", mode="append")


def test_a_damaged_fragment_is_a_row_that_says_so(tmp_path):
    parts = tamis.write_lance(dd.from_pandas(docs(), npartitions=2, sort=False), tmp_path / "x")
    (tmp_path / "x" / parts[0].name).write_bytes(b"no lance")
    found = tamis.read_lance(tmp_path / "x").compute()
    assert len(found) == 11 and found["dropped_why"].iloc[0].startswith("file.unreadable: ")
    with pytest.raises(DataError):
        tamis.read_lance(tmp_path / "x", errors="raise").compute()


def test_what_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read as a Lance data set"):
        tamis.read_lance(tmp_path / "nothing")


def test_no_rows(tmp_path):
    tamis.write_lance(docs().iloc[:0], tmp_path / "x")
    found = tamis.read_lance(tmp_path / "x").compute()
    assert len(found) == 0 and list(found)[:3] == ["id", "text", "n"]


def test_interleaved_documents(tmp_path):
    rows = pd.DataFrame(
        {
            "id": ["a/1", "a/2", "b/1"], "parent_id": ["a", "a", "b"], "position": [0, 1, 0],
            "modality": ["text", "image", "text"], "text": ["t", None, "u"],
            "path": [None, "p.jpg", None],
        }
    )  # fmt: skip
    split = dd.from_pandas(rows, npartitions=3, sort=False)
    with pytest.raises(DataError, match="'a' has rows in the partitions 0 and 1"):
        tamis.write_interleaved(split, tmp_path / "x", format="lance")
    with pytest.raises(DataError):
        tamis.read_lance(tmp_path / "x")
    tamis.write_interleaved(interleaved.together(split), tmp_path / "x", format="lance")
    back = Cut(interleaved.elements)(tamis.read_lance(tmp_path / "x")).compute()
    names = ["id", "parent_id", "position", "modality", "text", "path"]
    found = back.sort_values("id")[names].astype(object)
    assert found.where(found.notna(), None).values.tolist() == [
        ["a/1", "a", 0, "text", "t", None],
        ["a/2", "a", 1, "image", None, "p.jpg"],
        ["b/1", "b", 0, "text", "u", None],
    ]


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "lance", None)
    with pytest.raises(MissingPackageError, match=r"tamis\[lance\]"):
        tamis.read_lance(tmp_path / "x")
