"""Text files, Hugging Face folders, frames from memory."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tamis.errors import ColumnError, DataError
from tamis.io import from_arrow, from_pandas, read_huggingface, read_text


def computed(lazy):
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    assert frame.dtypes.equals(lazy.dtypes)
    return frame


def test_text_files(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfbyte order mark\r\nkept\0")
    (tmp_path / "sub" / "a10.md").write_text("é")
    (tmp_path / "sub" / "a9.txt.gz").write_bytes(gzip.compress(b"packed"))
    (tmp_path / "c.txt").write_bytes(b"")
    (tmp_path / "d.txt").write_bytes(b"caf\xe9")
    (tmp_path / "e.txt").write_bytes("x".encode("utf-16"))
    (tmp_path / "f.txt.gz").write_bytes(gzip.compress(b"a" * 1000)[:-10])
    (tmp_path / "g.txt").write_bytes(b"y" * 3000)
    (tmp_path / ".hidden.txt").write_text("no")
    (tmp_path / "h.html").write_text("no")
    frame = computed(read_text(tmp_path, max_size=2000)).set_index("id")
    assert list(frame.index) == [
        "b.txt", "c.txt", "d.txt", "e.txt", "f.txt.gz", "g.txt", "sub/a9.txt.gz", "sub/a10.md",
    ]  # fmt: skip
    assert frame.text["b.txt"] == "byte order mark\r\nkept\0"
    assert frame.text["c.txt"] == "" and frame.text["sub/a9.txt.gz"] == "packed"
    assert frame.path["sub/a10.md"] == str(tmp_path / "sub" / "a10.md")
    codes = frame.dropped_why.dropna().str.split(":").str[0].to_dict()
    assert codes == {"d.txt": "text.utf8", "e.txt": "text.utf16", "f.txt.gz": "file.truncated",
                     "g.txt": "text.too_long"}  # fmt: skip
    latin = computed(read_text(tmp_path / "d.txt", encoding="latin-1", errors="raise"))
    assert latin.text.tolist() == ["café"]
    with pytest.raises(DataError, match=r"text\.utf8: d\.txt"):
        computed(read_text(tmp_path / "d.txt", errors="raise"))
    assert read_text(tmp_path, files_per_partition=3).npartitions == 3


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    datasets = pytest.importorskip("datasets")
    rows = {
        "text": [f"é {n}" for n in range(5000)],
        "label": [n % 3 for n in range(5000)],
        "tags": [["a"] * (n % 3) for n in range(5000)],
    }
    features = datasets.Features(
        text=datasets.Value("string"),
        label=datasets.ClassLabel(names=["x", "y", "z"]),
        tags=datasets.Sequence(datasets.Value("string")),
    )
    data = datasets.Dataset.from_dict(rows, features=features)
    folder = tmp_path_factory.mktemp("hf")
    data.save_to_disk(folder / "one", num_shards=3)
    datasets.DatasetDict(train=data, test=data.select(range(10))).save_to_disk(folder / "two")
    return folder, data


def test_huggingface(saved):
    folder, data = saved
    lazy = read_huggingface(folder / "one", block_size=40_000)
    assert lazy.npartitions > 3
    frame = computed(lazy)
    assert frame.text.tolist() == data["text"][:] and frame.label.tolist() == data["label"][:]
    assert pa.array(frame.tags).to_pylist() == data["tags"][:]
    assert frame.id[0] == "data-00000-of-00003.arrow:1"
    assert frame.id.is_unique and frame.dropped_by.isna().all()
    assert computed(read_huggingface(folder / "one")).equals(frame)


def test_huggingface_splits(saved):
    folder, _ = saved
    assert len(read_huggingface(folder / "two", split="test", columns=["text"])) == 10
    with pytest.raises(DataError, match="has the splits train, test"):
        read_huggingface(folder / "two")
    with pytest.raises(DataError, match="save_to_disk"):
        read_huggingface(folder)


def test_huggingface_truncated(saved, tmp_path):
    import shutil

    folder, data = saved
    shutil.copytree(folder / "one", tmp_path / "cut")
    path = tmp_path / "cut" / "data-00001-of-00003.arrow"
    path.write_bytes(path.read_bytes()[:-20_000])
    frame = computed(read_huggingface(tmp_path / "cut"))
    (why,) = frame.dropped_why.dropna()
    assert why.startswith("file.truncated: data-00001-of-00003.arrow, from row ")
    assert 3000 < len(frame) < 5000
    assert frame.text.iloc[-1] == data["text"][4999]


def test_from_pandas():
    frame = pd.DataFrame(
        {"key": [3, 4], "text": ["a", None], "x": [1.5, np.nan], "l": [[1], None]}, index=[9, 8]
    )
    lazy = from_pandas(frame, id="key", npartitions=2)
    assert lazy.npartitions == 2
    found = computed(lazy)
    assert list(found.columns) == ["id", "text", "x", "l"]
    assert found.id.tolist() == ["3", "4"] and found.text.isna().tolist() == [False, True]
    assert str(found.l.dtype) == "list<item: int64>[pyarrow]"
    assert computed(from_pandas(frame)).id.tolist() == ["row:1", "row:2"]
    with pytest.raises(ColumnError, match="no column 'uuid'"):
        from_pandas(frame, id="uuid")
    with pytest.raises(TypeError, match="takes a pandas DataFrame"):
        from_pandas([1])


def test_from_arrow():
    table = pa.table({"id": ["a", None], "text": pa.array(["x", "y"]).dictionary_encode()})
    for given in (table, table.to_reader(), table.to_batches(), table.to_batches()[0]):
        found = computed(from_arrow(given))
        assert found.id.tolist() == ["a", "row:2"] and found.text.tolist() == ["x", "y"]
    with pytest.raises(DataError, match="no batches"):
        from_arrow([])
    assert len(computed(from_arrow(table.slice(0, 0)))) == 0
