"""read_parquet: row groups, schemas that differ, damage, ids, types."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.errors import ColumnError, DataError
from tamis.io import read_parquet


def read(*args, **settings):
    return read_parquet(*args, **settings).compute(scheduler="sync").reset_index(drop=True)


def table(rows=1000, start=0):
    numbers = range(start, start + rows)
    return pa.table(
        {
            "id": [f"{n:05d}" for n in numbers],
            "text": [f"é {n}" * 20 for n in numbers],
            "n": numbers,
        }
    )


@pytest.mark.parametrize("block", ["64MB", 20_000, 2_000])
def test_row_groups_become_partitions(tmp_path, block):
    pq.write_table(table(), tmp_path / "a.parquet", row_group_size=170)
    pq.write_table(table(300, 1000), tmp_path / "b.parquet")
    lazy = read_parquet(tmp_path, block_size=block)
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    expected = pa.concat_tables([table(), table(300, 1000)]).to_pandas()
    assert frame.id.tolist() == expected.id.tolist()
    assert frame.text.tolist() == expected.text.tolist()
    assert frame.n.tolist() == expected.n.tolist()
    assert frame.dropped_by.isna().all()
    assert lazy.npartitions == {"64MB": 1, 20_000: lazy.npartitions, 2_000: lazy.npartitions}[block]
    for k in range(lazy.npartitions):
        assert lazy.partitions[k].compute(scheduler="sync").dtypes.equals(lazy._meta.dtypes)


def test_a_large_row_group_is_cut(tmp_path):
    pq.write_table(table(), tmp_path / "a.parquet")
    lazy = read_parquet(tmp_path, block_size=15_000)
    assert 3 <= lazy.npartitions <= 8
    frame = lazy.compute(scheduler="sync")
    assert frame.id.tolist() == table()["id"].to_pylist()


def test_derived_ids_count_rows_of_the_file(tmp_path):
    pq.write_table(table().drop(["id"]), tmp_path / "a.parquet", row_group_size=300)
    for block in ("64MB", 10_000):
        frame = read(tmp_path, block_size=block)
        assert frame.id.tolist() == [f"a.parquet:{n}" for n in range(1, 1001)]


def test_only_the_columns_asked_for_are_read(tmp_path, monkeypatch):
    pq.write_table(table(), tmp_path / "a.parquet")
    seen = []
    real = pq.ParquetFile.read_row_group

    def spy(self, group, columns=None, **settings):
        seen.append(columns)
        return real(self, group, columns=columns, **settings)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", spy)
    frame = read(tmp_path, columns=["n"])
    assert seen == [["id", "n"]]
    assert list(frame.columns) == ["id", "n", "dropped_by", "dropped_why"]


def test_types_come_out_as_they_went_in(tmp_path):
    written = pa.table(
        {
            "id": pa.array([7, 8, None], pa.int32()),
            "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
            "small": pa.array([1, None, 3], pa.int8()),
            "hash": pa.array([2**64 - 1, 0, None], pa.uint64()),
            "single": pa.array([0.1, None, 2], pa.float32()),
            "flag": pa.array([True, None, False]),
            "list": pa.array([[1, None], None, []], pa.list_(pa.uint8())),
            "fixed": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.float32(), 2)),
            "struct": pa.array([{"a": {"b": "c"}}, None, {"a": None}]),
            "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "time": pa.array([0, None, 10**9], pa.timestamp("us", "UTC")),
            "bytes": pa.array([b"\xff", None, b""], pa.binary()),
            "null": pa.nulls(3),
        }
    )
    pq.write_table(written, tmp_path / "a.parquet")
    lazy = read_parquet(tmp_path)
    frame = lazy.compute(scheduler="sync")
    assert frame.dtypes.equals(lazy.dtypes)
    assert frame.id.tolist() == ["7", "8", "a.parquet:3"]
    assert str(frame.small.dtype) == "Int8" and str(frame["hash"].dtype) == "UInt64"
    assert frame.single.dtype == np.float32 and str(frame["null"].dtype) == "string"
    found = pa.Table.from_pandas(frame, preserve_index=False).drop(
        ["id", "dropped_by", "dropped_why"]
    )
    assert found.to_pylist() == written.drop(["id"]).to_pylist()


def test_schemas_that_differ(tmp_path):
    pq.write_table(
        pa.table({"id": ["a"], "n": pa.array([1], pa.int32()), "x": ["p"]}), tmp_path / "a.parquet"
    )
    pq.write_table(
        pa.table({"n": pa.array([2**40]), "id": ["b"], "y": [1.5]}), tmp_path / "b.parquet"
    )
    pq.write_table(pa.table({"id": ["c"], "n": pa.array([0.5])}), tmp_path / "c.parquet")
    frame = read(tmp_path)
    assert frame.n.tolist() == [1.0, 2.0**40, 0.5]
    assert frame.x.tolist() == ["p", pd.NA, pd.NA]
    assert frame.y.isna().tolist() == [True, False, True]
    pq.write_table(pa.table({"id": ["d"], "n": ["text"]}), tmp_path / "d.parquet")
    with pytest.raises(
        DataError, match=r"column 'n' is double in c\.parquet but string in d\.parquet"
    ):
        read_parquet(tmp_path)


def test_damaged_files_are_rows(tmp_path):
    pq.write_table(
        table(),
        tmp_path / "a.parquet",
        row_group_size=250,
        compression="none",
        use_dictionary=False,
    )
    raw = bytearray((tmp_path / "a.parquet").read_bytes())
    (tmp_path / "b.parquet").write_bytes(raw[: len(raw) // 2])
    (tmp_path / "c.parquet").write_bytes(b"")
    (tmp_path / "d.parquet").write_bytes(b"not a Parquet file, but long enough to be one")
    group = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(2).column(1)
    at = group.data_page_offset
    raw[at : at + 20] = bytes(20)  # the header of a page in the third row group
    (tmp_path / "a.parquet").write_bytes(raw)
    frame = read(tmp_path)
    ids = table()["id"].to_pylist()
    assert frame.id[frame.dropped_by.isna()].tolist() == ids[:500] + ids[750:]
    why = frame.dropped_why.dropna().tolist()
    assert why[0].startswith("file.corrupt: a.parquet, rows 501 to 750: ")
    assert [text.split(": ")[:2] for text in why[1:]] == [
        ["file.truncated", f"{name}.parquet"] for name in "bcd"
    ]
    assert set(frame.dropped_by.dropna()) == {"read_parquet"}
    with pytest.raises(DataError, match=r"file\.corrupt: a\.parquet"):
        read(tmp_path, errors="raise")


def test_text_that_is_not_utf8(tmp_path):
    bad = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.py_buffer(np.array([0, 2, 4, 6], np.int32)), pa.py_buffer(b"ab\xff\xfeef")],
    )
    pq.write_table(pa.table({"text": bad, "n": [1, 2, 3]}), tmp_path / "a.parquet")
    frame = read(tmp_path)
    assert frame.text.tolist() == ["ab", pd.NA, "ef"]
    assert frame.n.tolist() == [1, pd.NA, 3]
    assert frame.dropped_why[1] == "text.utf8: a.parquet, row 2: column 'text' is not UTF-8"


def test_a_character_cut_between_two_texts_is_not_utf8(tmp_path):
    bad = pa.Array.from_buffers(
        pa.string(),
        2,
        [None, pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer("é".encode())],
    )
    pq.write_table(pa.table({"text": bad}), tmp_path / "a.parquet")
    assert read(tmp_path).dropped_by.notna().tolist() == [True, True]


def test_no_rows(tmp_path):
    pq.write_table(table(0), tmp_path / "a.parquet")
    frame = read(tmp_path)
    assert len(frame) == 0 and list(frame.columns)[:3] == ["id", "text", "n"]


def test_folders_named_by_key(tmp_path):
    for lang in ("en", "pt%2FBR"):
        (tmp_path / f"lang={lang}").mkdir()
        pq.write_table(table(2), tmp_path / f"lang={lang}" / "a.parquet")
    frame = read(tmp_path, columns=["n", "lang"])
    assert frame.lang.tolist() == ["en", "en", "pt/BR", "pt/BR"]


def test_ids_of_an_empty_pandas_frame(tmp_path):
    empty = pa.table({"id": pa.array([], pa.float64()), "text": pa.array([], pa.string())})
    pq.write_table(empty, tmp_path / "a.parquet")
    with pytest.raises(ColumnError, match=r"'id' is double; .*\(pandas writes an empty column so"):
        read_parquet(tmp_path / "a.parquet")
    pq.write_table(empty.set_column(0, "id", pa.nulls(0)), tmp_path / "b.parquet")
    assert read_parquet(tmp_path / "b.parquet").id.dtype == "string"


def test_where_no_file_can_be_read_the_reason_is_said(tmp_path):
    pq.write_table(table(), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "a.parquet").write_bytes(whole[:600])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read: file\.truncated: .*cut short"):
        read_parquet(tmp_path / "cut")
    (tmp_path / "cut" / "b.parquet").write_bytes(whole[:-9])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read.*nor can the 1 others"):
        read_parquet(tmp_path / "cut")
    known = read(
        tmp_path / "cut", schema=table().schema
    )  # the columns are known: rows with reasons
    assert known.dropped_why.str.startswith("file.truncated").tolist() == [True, True]
    (tmp_path / "cut" / "c.parquet").write_bytes(whole)
    assert read(tmp_path / "cut").dropped_by.notna().sum() == 2
