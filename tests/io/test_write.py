"""Writers: what is written reads back equal; same rows, same bytes; whole or refused."""

import gzip
import hashlib
import json
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.errors import ColumnError, DataError, SettingError, UncommittedError
from tamis.io import (
    from_arrow,
    read_csv,
    read_jsonl,
    read_parquet,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tamis.io.commit import listing
from tamis.io.store import Store
from tamis.io.write import FORMATS, write_part

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
FIELDS = {
    "id": (pa.string(), words),
    'te"xt': (pa.string(), st.none() | words),
    "n": (pa.int64(), st.none() | numbers),
    "x": (pa.float64(), st.none() | floats),
    "single": (
        pa.float32(),
        st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    "ok": (pa.bool_(), st.none() | st.booleans()),
    "l": (pa.list_(pa.string()), st.none() | st.lists(words, max_size=2)),
    "s": (pa.struct([("a", pa.float64())]), st.none() | st.fixed_dictionaries({"a": floats})),
}
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def partition(rows):
    table = pa.table(
        {name: pa.array([r[name] for r in rows], kind) for name, (kind, _) in FIELDS.items()}
    )
    return from_arrow(table).compute(scheduler="sync")


@relaxed
@given(
    st.lists(st.fixed_dictionaries({n: s for n, (_, s) in FIELDS.items()}), min_size=1, max_size=8)
)
def test_json_lines_say_what_the_rows_say(tmp_path, rows):
    (file,) = write_part(partition(rows), "part-0", Store(tmp_path), format="jsonl")
    lines = (tmp_path / file.name).read_bytes().split(b"\n")
    assert lines.pop() == b"" and len(lines) == file.rows == len(rows)
    for line, row in zip(lines, rows, strict=True):
        found = json.loads(line)
        single = found.pop("single"), row["single"]
        assert found == {k: v for k, v in row.items() if k != "single"}
        assert isinstance(found["x"], float | None)
        assert single[0] == single[1] or np.float32(single[0]) == np.float32(single[1])


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_rows_give_the_same_bytes(tmp_path, format):
    rows = [{"id": str(k), 'te"xt': "é\n" * k, "n": k, "x": k / 7, "single": 0.5, "ok": None,
             "l": ["a"], "s": None} for k in range(50)]  # fmt: skip
    frame = partition(rows)
    (first,) = write_part(frame, "a", Store(tmp_path), format=format)
    (second,) = write_part(pickle.loads(pickle.dumps(frame)), "b", Store(tmp_path), format=format)
    data = (tmp_path / first.name).read_bytes()
    assert data == (tmp_path / second.name).read_bytes()
    assert (first.bytes, first.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    if format == "jsonl.gz":
        assert len(gzip.decompress(data).splitlines()) == 50


def test_target_size_and_partition_on(tmp_path):
    table = pa.table({"id": [f"{n:04d}" for n in range(1000)], "text": ["x" * 1000] * 1000,
                      "lang": ["en", "pt/BR", None, "en"] * 250})  # fmt: skip
    frame = from_arrow(table).compute(scheduler="sync")
    files = write_part(frame, "part-0", Store(tmp_path / "a"), target_size="300kB")
    assert [f.name for f in files] == [f"part-0-{k}.parquet" for k in range(4)]
    assert sum(f.rows for f in files) == 1000 and all(f.rows <= 310 for f in files)
    assert read_parquet(tmp_path / "a").compute().id.tolist() == table["id"].to_pylist()
    files = write_part(frame, "part-0", Store(tmp_path / "b"), format="jsonl", partition_on="lang")
    assert {f.name: f.rows for f in files} == {
        "lang=en/part-0.jsonl": 500,
        "lang=pt%2FBR/part-0.jsonl": 250,
        "lang=__HIVE_DEFAULT_PARTITION__/part-0.jsonl": 250,
    }
    assert sorted(read_jsonl(tmp_path / "b").compute().id) == table["id"].to_pylist()
    with pytest.raises(ColumnError, match="no column 'language'"):
        write_part(frame, "part-0", Store(tmp_path), partition_on="language")
    with pytest.raises(SettingError, match="format must be one of"):
        write_part(frame, "part-0", Store(tmp_path), format="xml")


def test_a_partition_without_rows(tmp_path):
    empty = from_arrow(pa.table({"id": ["a"], "n": [1]})).compute().iloc[:0]
    assert write_part(empty, "part-0", Store(tmp_path)) == []
    write_parquet(empty, tmp_path / "p")
    frame = read_parquet(tmp_path / "p", errors="raise").compute()
    assert len(frame) == 0 and str(frame.n.dtype) == "Int64"


@pytest.fixture
def rows():
    table = pa.table({"id": [f"{n:03d}" for n in range(300)], "text": [None, "a,\"b\"\n", ""] * 100,
                      "n": pa.array([1, None, 3] * 100), "l": [["a"], [], None] * 100})  # fmt: skip
    return from_arrow(table, npartitions=4)


def test_folders_read_back(tmp_path, rows):
    expected = rows.compute(scheduler="sync").reset_index(drop=True)
    parts = write_parquet(rows, tmp_path / "p")
    assert [part.rows for part in parts] == [75] * 4 and parts == listing(tmp_path / "p")
    back = read_parquet(tmp_path / "p", errors="raise").compute().reset_index(drop=True)
    pd.testing.assert_frame_equal(back, expected)
    for compression in ("zst", "gz", None):
        write_jsonl(rows, tmp_path / f"j{compression}", compression=compression)
        back = read_jsonl(tmp_path / f"j{compression}", errors="raise").compute()
        pd.testing.assert_frame_equal(back.reset_index(drop=True), expected)
    write_csv(rows, tmp_path / "c")
    back = read_csv(tmp_path / "c", schema={"n": "int64"}, errors="raise").compute()
    back = back.reset_index(drop=True)
    pd.testing.assert_frame_equal(back.drop(columns="l"), expected.drop(columns="l"))
    assert [None if v is pd.NA else json.loads(v) for v in back.l] == pa.array(
        expected.l
    ).to_pylist()


def test_other_readers_can_read_the_files(tmp_path, rows):
    write_parquet(rows, tmp_path / "p")
    files = sorted((tmp_path / "p").glob("part-*.parquet"))
    frame = pd.concat([pd.read_parquet(file) for file in files])
    assert frame.id.tolist() == [f"{n:03d}" for n in range(300)]
    metadata = pq.ParquetFile(files[0]).metadata.row_group(0)
    assert {metadata.column(k).compression for k in range(4)} == {"ZSTD"}


def test_a_folder_is_replaced_as_a_whole(tmp_path, rows):
    write_parquet(rows, tmp_path / "p")
    before = {file.name for file in (tmp_path / "p").iterdir()}
    boom = rows.map_partitions(
        lambda part: part.assign(n=1 // (part.id != "299").all()), meta=rows._meta
    )
    with pytest.raises(ZeroDivisionError):
        write_parquet(boom, tmp_path / "p")
    assert len(read_parquet(tmp_path / "p")) == 300  # what stood there stands
    with pytest.raises(ZeroDivisionError):
        write_parquet(boom, tmp_path / "q")
    with pytest.raises(UncommittedError):
        read_parquet(tmp_path / "q")
    write_parquet(rows[rows.id < "100"], tmp_path / "p", partition_on="id")
    assert len(read_parquet(tmp_path / "p")) == 100
    write_parquet(rows[rows.id < "010"], tmp_path / "p")
    left = {str(f.relative_to(tmp_path / "p")) for f in (tmp_path / "p").rglob("*.parquet")}
    assert left == {part.name for part in listing(tmp_path / "p")} and not left & before


def test_settings_are_checked(tmp_path, rows):
    with pytest.raises(SettingError, match="compression must be"):
        write_parquet(rows, tmp_path, compression="zip")
    with pytest.raises(SettingError, match="compression must be"):
        write_jsonl(rows, tmp_path, compression="zip")
    with pytest.raises(SettingError, match="no column 'lang'"):
        write_parquet(rows, tmp_path, partition_on="lang")
    assert not list(tmp_path.iterdir())


def test_object_store(rows):
    write_jsonl(rows, "memory://out/j")
    frame = read_jsonl("memory://out/j", errors="raise").compute()
    assert frame.id.tolist() == [f"{n:03d}" for n in range(300)]


def test_odd_values_to_partition_on(tmp_path):
    odd = ["a/b", "..", "", None, "__HIVE_DEFAULT_PARTITION__", "%2F", "a=b", "ü 😀", "A"]
    frame = pd.DataFrame({"id": [str(i) for i in range(len(odd))], "k": pd.array(odd, "string")})
    write_parquet(frame, tmp_path / "out", partition_on="k")
    back = read_parquet(tmp_path / "out").compute().set_index("id")["k"]
    found = [None if pd.isna(back[str(i)]) else back[str(i)] for i in range(len(odd))]
    assert found == odd
    with pytest.raises(DataError, match="too long for the name of a folder"):
        write_parquet(frame.assign(k="x" * 300), tmp_path / "long", partition_on="k")


def test_parts_of_other_writers_stay(tmp_path):
    others = ("part-00000.parquet", "part.0.parquet", "part-00000-3f2a77aa-c000.snappy.parquet")
    for name in others:
        (tmp_path / name).write_bytes(b"theirs")
    write_parquet(pd.DataFrame({"id": ["a"]}), tmp_path)
    assert all((tmp_path / name).read_bytes() == b"theirs" for name in others)
