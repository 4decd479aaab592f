"""read_jsonl: ids, columns, schemas, partitions, paths, tokens."""

import gzip
import json
import pickle
import subprocess
import sys

import dask
import pandas as pd
import pyarrow as pa
import pytest
from dask.base import tokenize

from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.jsonl import read_jsonl


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def read(*args, **settings):
    return read_jsonl(*args, **settings).compute(scheduler="sync").reset_index(drop=True)


def test_ids_from_the_data(tmp_path):
    write(tmp_path / "a.jsonl", [{"uuid": "0007", "text": "a"}, {"uuid": None, "text": "b"}])
    frame = read(tmp_path, id="uuid")
    assert list(frame.columns) == ["id", "text", "dropped_by", "dropped_why"]
    assert frame.id.tolist() == ["0007", "a.jsonl:30"]
    assert read(tmp_path).id.tolist() == ["a.jsonl:0", "a.jsonl:30"]


def test_integer_ids_become_text(tmp_path):
    write(tmp_path / "a.jsonl", [{"id": 5}, {"id": "x5"}, {"id": -7}, {"id": 10**25}])
    assert read(tmp_path).id.tolist() == ["5", "x5", "-7", "1" + "0" * 25]


def test_files_may_disagree_on_integer_and_text_ids(tmp_path):
    write(tmp_path / "a.jsonl", [{"id": 5}])
    write(tmp_path / "b.jsonl", [{"id": "b"}])
    assert read(tmp_path).id.tolist() == ["5", "b"]


def test_ids_that_cannot_be(tmp_path):
    write(tmp_path / "a.jsonl", [{"id": "a", "key": 1.5}])
    with pytest.raises(ColumnError, match="ids must be text or integers"):
        read_jsonl(tmp_path, id="key", columns=["key"])
    with pytest.raises(ColumnError, match=r"no column 'uuid' \(have: id, key\)"):
        read_jsonl(tmp_path, id="uuid")
    write(tmp_path / "a.jsonl", [{"id": "a", "key": "b"}])
    with pytest.raises(ColumnError, match="would hide the column 'id'"):
        read_jsonl(tmp_path, id="key")
    assert read(tmp_path, id="key", columns=["key"]).id.tolist() == ["b"]


def test_derived_ids_find_the_line(tmp_path):
    rows = [{"text": "x" * (i % 50), "é": i} for i in range(500)]
    write(tmp_path / "sub" / "a.jsonl", rows)
    write(tmp_path / "sub" / "b.jsonl.gz", rows)
    raw = (tmp_path / "sub" / "a.jsonl").read_bytes()
    expected = None
    for block in (100, 3333, "64MB"):
        frame = read(tmp_path, block_size=block)
        assert expected is None or frame.equals(expected)
        expected = frame
    for name, place in (id.split(":") for id in frame.id[:500]):
        assert name == "sub/a.jsonl"
        line = raw[int(place) :].split(b"\n")[0]
        assert json.loads(line)["text"] is not None
    assert frame.id[500:].tolist() == [f"sub/b.jsonl.gz:{n}" for n in range(1, 501)]


def test_dtypes_are_declared_and_kept(tmp_path):
    rows = [
        {"t": "a", "i": 1, "u": 2**63, "f": 1, "b": True, "l": [1], "s": {"x": [{"y": "z"}]},
         "n": None},
        {"t": None, "i": None, "u": 1, "f": 1.5, "b": None, "l": None, "s": None, "n": None},
    ]  # fmt: skip
    write(tmp_path / "a.jsonl", rows)
    lazy = read_jsonl(tmp_path, block_size=40)
    assert {n: str(t) for n, t in lazy.dtypes.items()} == {
        "id": "string", "t": "string", "i": "Int64", "u": "UInt64", "f": "float64",
        "b": "boolean", "l": "list<item: int64>[pyarrow]",
        "s": "struct<x: list<item: struct<y: large_string>>>[pyarrow]", "n": "string",
        "dropped_by": "string", "dropped_why": "string",
    }  # fmt: skip
    assert lazy.npartitions > 1
    for k in range(lazy.npartitions):
        part = lazy.partitions[k].compute(scheduler="sync")
        assert part.dtypes.equals(lazy._meta.dtypes)
    frame = lazy.compute(scheduler="sync")
    assert frame.dropped_why.isna().all()
    table = pa.Table.from_pandas(frame, preserve_index=False).select(list(rows[0]))
    assert table.to_pylist() == [{**row, "f": float(row["f"])} for row in rows]


def test_schemas_are_reconciled_over_files(tmp_path):
    write(tmp_path / "a.jsonl", [{"n": 1, "only_a": "x", "m": {"p": 1}, "late": None}])
    write(tmp_path / "b.jsonl", [{"n": 2.5, "only_b": [1], "m": {"q": "r"}, "late": 3}])
    frame = read(tmp_path)
    assert frame.n.tolist() == [1.0, 2.5]
    assert frame.late.tolist() == [pd.NA, 3] and str(frame.late.dtype) == "Int64"
    assert frame.only_a.tolist() == ["x", pd.NA]
    assert frame.m.tolist() == [{"p": 1, "q": None}, {"p": None, "q": "r"}]
    assert frame.dropped_by.isna().all()


def test_schemas_that_cannot_be_reconciled(tmp_path):
    write(tmp_path / "a.jsonl", [{"meta": "text"}])
    write(tmp_path / "b.jsonl", [{"meta": {"a": 1}}])
    with pytest.raises(DataError, match=r"'meta' is string in a\.jsonl but struct.* in b\.jsonl"):
        read_jsonl(tmp_path)
    frame = read(tmp_path, schema={"meta": "str"})
    assert frame.dropped_why.isna().tolist() == [True, False]


def test_schema_declared(tmp_path):
    write(tmp_path / "a.jsonl", [{"a": 1, "b": 2}])
    with pytest.raises(SettingError, match="'date' is no type for column 'a'"):
        read_jsonl(tmp_path, schema={"a": "date"})
    with pytest.raises(SettingError, match="which JSON has not"):
        read_jsonl(tmp_path, schema=pa.schema([("a", pa.timestamp("s"))]))
    frame = read(
        tmp_path, schema=pa.schema([("a", pa.float64()), ("c", pa.string())]), unknown="ignore"
    )
    assert frame.a.tolist() == [1.0] and frame.c.isna().all() and "b" not in frame


def test_unknown_keys(tmp_path):
    rows = [{"a": 1, "m": {"x": 1}}] * 3 + [{"a": 2, "m": {"x": 1, "y": 2}}, {"a": 3, "z": "{"}]
    write(tmp_path / "a.jsonl", rows)
    schema = pa.schema([("a", pa.int64()), ("m", pa.struct([("x", pa.int64())]))])
    frame = read(tmp_path, schema=schema)
    why = frame.dropped_why.dropna().tolist()
    assert why[0].startswith("schema.column: a.jsonl, line 4: m.y is not in the schema")
    assert why[1].startswith("schema.column: a.jsonl, line 5: z is not in the schema")
    frame = read(tmp_path, schema=schema, unknown="ignore")
    assert frame.dropped_by.isna().all()
    assert frame.m.tolist() == [{"x": 1}] * 4 + [pd.NA]


def test_columns(tmp_path):
    write(tmp_path / "a.jsonl", [{"id": "a", "x": 1, "y": "b", "z": [1]}])
    frame = read(tmp_path, columns=["y", "z"])
    assert list(frame.columns) == ["id", "y", "z", "dropped_by", "dropped_why"]
    assert list(read(tmp_path, columns=["y"], errors="raise").columns) == ["id", "y"]
    with pytest.raises(ColumnError, match=r"no column 'w' \(have: id, x, y, z\)"):
        read_jsonl(tmp_path, columns=["w"])


def test_a_line_broken_in_a_column_that_is_not_read_is_still_broken(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": "\\x", "b": 1}\n{"a": "ok", "b": 2}\n')
    assert read(tmp_path, columns=["b"]).dropped_by.tolist() == ["read_jsonl", pd.NA]


def test_names_that_need_escapes(tmp_path):
    rows = [{'quo"te': "a", "back\\slash": 1, "new\nline": 2.5}] * 3
    write(tmp_path / "a.jsonl", rows)
    frame = read(tmp_path)
    assert frame[list(rows[0])].to_dict("records") == rows


def test_settings_are_checked_at_the_call(tmp_path):
    write(tmp_path / "a.jsonl", [{"a": 1}])
    with pytest.raises(SettingError, match="errors must be"):
        read_jsonl(tmp_path, errors="ignore")
    with pytest.raises(SettingError, match="unknown must be"):
        read_jsonl(tmp_path, unknown="drop")
    with pytest.raises(SettingError, match="at most 1 GB"):
        read_jsonl(tmp_path, max_line="2GB")
    for wrong in ("huge", 0, -5, None, [1]):
        for name in ("block_size", "max_line"):
            with pytest.raises(SettingError, match=rf"{name}=.* is not a size such as '64MB'"):
                read_jsonl(tmp_path, **{name: wrong})
    for wrong in ("x", 0.5, float("nan"), None):
        with pytest.raises(SettingError, match=r"max_ratio=.* is not a number from 1 on"):
            read_jsonl(tmp_path, max_ratio=wrong)
    for wrong in (0, -1, "x", 1.5):
        with pytest.raises(SettingError, match=r"files_per_partition=.* from 1 on"):
            read_jsonl(tmp_path, files_per_partition=wrong)
    with pytest.raises(SettingError, match="columns='a' is one name"):
        read_jsonl(tmp_path, columns="a")


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
@pytest.mark.parametrize("length", [300_000, 5_000_000])
@pytest.mark.parametrize("first", ["long", "broken", "both"])
def test_a_first_line_that_cannot_be_read_does_not_hide_the_columns(
    tmp_path, ending, length, first
):
    text = "x" * length
    head = {"long": [f'{{"text": "{text}"}}'], "broken": [f'{{"text": {text}'] * 2}
    head["both"] = head["long"] + head["broken"]
    lines = [*head[first], *(json.dumps({"id": str(k), "text": "t", "n": k}) for k in range(200))]
    data = "\n".join(lines).encode()
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(data, 1) if ending.endswith("gz") else data)
    frame = read(path, max_line="200kB")
    assert list(frame.columns) == ["id", "text", "n", "dropped_by", "dropped_why"]
    assert frame["dropped_why"].notna().sum() == len(head[first])
    assert frame["n"].dropna().tolist() == list(range(200))


def test_a_compressed_file_is_cut_into_a_bounded_number_of_pieces(tmp_path):
    rows = [{"id": str(k), "text": f"{k * k} {'word ' * 20}"} for k in range(20_000)]
    write(tmp_path / "a.jsonl.gz", rows)
    frame = read_jsonl(tmp_path, block_size="10kB")
    assert frame.npartitions == 8  # the text is worth some sixty pieces of four blocks
    parts = [len(part) for part in frame.to_delayed() for part in dask.compute(part)]
    assert min(parts) > 0 and max(parts) < 2 * len(rows) / 8
    assert frame.compute(scheduler="sync")["id"].tolist() == [row["id"] for row in rows]


def test_small_files_share_partitions_and_order_is_natural(tmp_path):
    for k in range(25):
        write(tmp_path / f"part-{k}.jsonl", [{"id": f"{k}-{n}"} for n in range(3)])
    lazy = read_jsonl(tmp_path)
    assert lazy.npartitions == 1
    expected = [f"{k}-{n}" for k in range(25) for n in range(3)]
    assert lazy.compute(scheduler="sync").id.tolist() == expected
    ten = read_jsonl(tmp_path, files_per_partition=10)
    assert ten.npartitions == 3
    assert ten.compute(scheduler="sync").id.tolist() == expected


def tokens(frame):
    from tamis.source import sources

    return [source.token for source in sources(frame)]


def test_a_changed_file_changes_only_its_partitions(tmp_path):
    for k in range(4):
        write(tmp_path / f"{k}.jsonl", [{"id": f"{k}-{n}"} for n in range(30)])
    before = tokens(read_jsonl(tmp_path, files_per_partition=1))
    write(tmp_path / "2.jsonl", [{"id": f"new-{n}"} for n in range(30)])
    after = tokens(read_jsonl(tmp_path, files_per_partition=1))
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True]


def test_tokens_are_the_same_in_another_process_and_partitions_pickle(tmp_path):
    write(tmp_path / "a.jsonl", [{"id": str(n), "m": {"a": [n]}} for n in range(100)])
    code = (
        "import sys; from dask.base import tokenize; from tamis.io.jsonl import read_jsonl;"
        "f = read_jsonl(sys.argv[1], block_size=500); print(tokenize(f), f._name)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    lazy = read_jsonl(tmp_path, block_size=500)
    assert seen == {f"{tokenize(lazy)} {lazy._name}\n"}
    again = pickle.loads(pickle.dumps(lazy))
    assert again.compute(scheduler="sync").equals(lazy.compute(scheduler="sync"))


def test_nothing_is_run_to_build_the_graph(tmp_path, monkeypatch):
    from tamis.io import json_piece

    write(tmp_path / "a.jsonl", [{"id": "1", "text": "a"}])
    monkeypatch.setattr(json_piece, "read_chunk", lambda *a: 1 / 0)
    frame = read_jsonl(tmp_path)
    frame[frame.text == "a"].assign(n=1)
    with pytest.raises(ZeroDivisionError):
        frame.compute(scheduler="sync")


def test_data_that_has_reasons_already(tmp_path):
    rows = [
        {"id": "a", "dropped_by": "filter", "dropped_why": "short"},
        {"id": "b", "dropped_by": None},
    ]
    write(tmp_path / "a.jsonl", rows)
    with open(tmp_path / "a.jsonl", "a") as file:
        file.write("broken\n")
    frame = read(tmp_path)
    assert frame.dropped_by.tolist() == ["filter", pd.NA, "read_jsonl"]
    assert list(frame.columns) == ["id", "dropped_by", "dropped_why"]


def test_other_file_systems(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    rows = [{"id": str(n), "text": "é" * n} for n in range(200)]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    memory.pipe("/bucket/x/a.jsonl", data)
    memory.pipe("/bucket/x/b.jsonl.gz", gzip.compress(data + b"broken\n"))
    memory.pipe("/bucket/x/_ignored.jsonl", b"broken")
    x = "memory://bucket/x"
    for paths in (x, f"{x}/[ab].jsonl*", [f"{x}/a.jsonl", f"{x}/b.jsonl.gz"]):
        frame = read(paths, block_size=1000)
        assert frame.id.tolist()[:200] == [row["id"] for row in rows]
        assert (
            frame.dropped_why.dropna().tolist()[0].startswith("json.syntax: b.jsonl.gz, line 201")
        )
    memory.pipe("/bucket/y/a.jsonl", data + b"broken\n")
    frame = read("memory://bucket/y", block_size=500)
    assert frame.dropped_why.iloc[-1].startswith(f"json.syntax: a.jsonl, byte {len(data)}: ")
    memory.rm("/bucket", recursive=True)
