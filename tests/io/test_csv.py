"""read_csv against Python's csv module, and on what is broken."""

import csv
import gzip
import io

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.errors import ColumnError, DataError, SettingError
from tamis.io import read_csv

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=80)


def read(*args, **settings):
    return read_csv(*args, **settings).compute(scheduler="sync").reset_index(drop=True)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(cells, cells, cells), max_size=15),
    st.integers(20, 600),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_pythons_csv_writes(tmp_path, rows, block, ending, quoting):
    rows = [row for row in rows if any(row)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=ending, quoting=quoting)
    writer.writerows([("a", "b", "c"), *rows])
    (tmp_path / "a.csv").write_bytes(text.getvalue().encode())
    frame = read(tmp_path, block_size=block)
    assert frame.dropped_why.isna().all()
    found = list(frame[["a", "b", "c"]].fillna("").itertuples(index=False, name=None))
    assert found == rows
    assert frame.id.tolist() == [f"a.csv:{n}" for n in range(1, len(rows) + 1)]


def test_everything_is_text_unless_declared(tmp_path):
    (tmp_path / "a.csv").write_text('id,n,when,empty\n000000,007,2020-01-01,\n000001,1e3,x,""\n')
    frame = read(tmp_path)
    assert frame.id.tolist() == ["000000", "000001"] and frame.n.tolist() == ["007", "1e3"]
    assert frame["empty"].tolist() == [pd.NA, ""]
    frame = read(tmp_path, schema={"n": "int64"})
    assert frame.n.tolist() == [7, pd.NA]
    assert frame.dropped_why[1] == "schema.type: a.csv, row 2: column 'n' is int64, found '1e3'"
    with pytest.raises(ColumnError, match=r"schema: no column .m. "):
        read_csv(tmp_path, schema={"m": "int64"})


@pytest.mark.parametrize("block", ["64MB", 400])
def test_bad_rows_cost_one_row(tmp_path, block):
    good = [f'"{n:03d}","text, {n}\n""quoted""",{n}' for n in range(40)]
    lines = ["id,text,n", *good[:20], "a,b", "a,b,c,d", '"x"y,b,c', *good[20:]]
    raw = "\n".join(lines).encode() + b"\n041,caf\xe9,1\n"
    (tmp_path / "a.csv").write_bytes(raw)
    frame = read(tmp_path, block_size=block)
    assert frame.id[frame.dropped_by.isna()].tolist() == [f"{n:03d}" for n in range(40)]
    assert frame.text[0] == 'text, 0\n"quoted"'
    assert frame.dropped_why.dropna().tolist() == [
        "csv.columns: a.csv, row 21: the row has 2 fields, the header 3",
        "csv.columns: a.csv, row 22: the row has 4 fields, the header 3",
        "csv.quote: a.csv, row 23: field 1 goes on after its closing quote",
        "text.utf8: a.csv, row 44: column 'text' is not UTF-8",
    ]


@pytest.mark.parametrize("block", ["64MB", 400])
def test_a_quote_that_never_closes_costs_its_line(tmp_path, block):
    rows = [f"{n:03d},text {n},1" for n in range(100)]
    rows[50] = '050,"never closed,1'
    (tmp_path / "a.csv").write_text("\n".join(["id,text,n", *rows]))
    frame = read(tmp_path, block_size=block, max_row=1000)
    assert frame.id[frame.dropped_by.isna()].tolist() == [f"{n:03d}" for n in range(100) if n != 50]
    assert frame.dropped_why[50].startswith("csv.quote: a.csv, row 51: ")


def test_files_with_other_columns_delimiters_and_no_header(tmp_path):
    (tmp_path / "a.csv").write_text("id,x\n1,p\n")
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbfy,id\nq,2\n")
    (tmp_path / "c.tsv").write_text("id\tx\n3\tr,s\n")
    frame = read(tmp_path)
    assert frame[["id", "x", "y"]].fillna("").values.tolist() == [
        ["1", "p", ""],
        ["2", "", "q"],
        ["3", "r,s", ""],
    ]
    (tmp_path / "d.csv").write_text("4;t\n")
    assert read(tmp_path / "d.csv", delimiter=";", names=["id", "x"]).x.tolist() == ["t"]
    with pytest.raises(SettingError, match="delimiter"):
        read_csv(tmp_path, delimiter=";;")
    (tmp_path / "d.csv").write_text("id,id\n")
    with pytest.raises(DataError, match="two columns named 'id'"):
        read_csv(tmp_path)


def test_damage_and_empty_files(tmp_path):
    body = "id,text\n" + "".join(f"{n},{hash(str(n))}\n" for n in range(5000))
    packed = gzip.compress(body.encode())
    (tmp_path / "a.csv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "c.csv").write_bytes("id,text\n1,é\n".encode("utf-16"))
    (tmp_path / "d.csv").write_text("id,text\n")
    frame = read(tmp_path)
    good = frame.id[frame.dropped_by.isna()].tolist()
    assert good == [str(n) for n in range(len(good))] and len(good) > 1000
    why = frame.dropped_why.dropna().tolist()
    assert why[0].startswith(f"file.truncated: a.csv.gz, row {len(good) + 1}: ")
    assert why[1].startswith("text.utf16: c.csv, row 1: ")
    assert len(why) == 2


def test_errors_raise(tmp_path):
    (tmp_path / "a.csv").write_text("id,x\n1,p\n2\n")
    with pytest.raises(DataError, match=r"csv\.columns: a\.csv, row 2"):
        read(tmp_path, errors="raise")
    assert list(read_csv(tmp_path, errors="raise").columns) == ["id", "x"]
