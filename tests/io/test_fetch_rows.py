"""A few records out of the parts of a run, whatever they are written as."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.io.fetch import each_row, fetch, fetch_rows
from tamis.io.store import Store

ROWS = [
    {"id": f"r{k}", "text": f"text {k}" if k % 5 else None, "offset": k * 10, "path": "a.tar"}
    for k in range(200)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("parts")
    table = pa.Table.from_pylist(ROWS)
    images = pa.array([bytes([k]) * 50 for k in range(200)])
    pq.write_table(table.append_column("image", images), folder / "a.parquet", row_group_size=70)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (folder / "b.jsonl").write_text(lines)
    with pa.CompressedOutputStream(str(folder / "c.jsonl.zst"), "zstd") as stream:
        stream.write(lines.encode())

    pyarrow.csv.write_csv(table, folder / "d.csv")
    return Store(folder)


@settings(max_examples=30, deadline=None)
@given(
    st.sets(st.integers(0, 250), max_size=40),
    st.sampled_from(["a.parquet", "b.jsonl", "c.jsonl.zst", "d.csv"]),
)
def test_cells_of_some_rows(store: Store, numbers: set[int], part: str) -> None:
    columns = ["path", "offset", "none"]
    found = fetch_rows(store, [part], columns, {f"r{k}" for k in numbers})
    kind = str if part.endswith("csv") else int  # CSV has texts only
    expected = {
        f"r{k}": {"path": "a.tar", "offset": kind(10 * k), "none": None}
        for k in numbers if k < 200
    }  # fmt: skip
    assert found == expected
    texts = fetch(store, [part], "text", {f"r{k}" for k in numbers})
    assert texts == {f"r{k}": f"text {k}" for k in numbers if k < 200 and k % 5}


def test_bytes_are_read_a_few_rows_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    plain = pq.ParquetFile.iter_batches

    def noting(self, *given, **settings):  # type: ignore[no-untyped-def]
        for batch in plain(self, *given, **settings):
            sizes.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noting)
    found = dict(each_row(store, ["a.parquet"], ["image"], ["r3", "r150", "r199"]))
    assert found == {f"r{k}": {"image": bytes([k]) * 50} for k in (3, 150, 199)}
    assert max(sizes) <= 32
    assert sum(sizes) <= 32 + 64  # a row group is read up to the last that is wanted
