"""Rows written as documents, and read back: no element lost, no byte changed."""

import io
import json
import tarfile
import zlib

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import webdataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import tamis
from tamis import Cut, Filter, Pipeline, interleaved
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.io.webdataset import read_webdataset

FORMS = [("parquet", "path"), ("parquet", "pointer"), ("parquet", "bytes"), ("jsonl", "path"),
         ("jsonl", "pointer"), ("webdataset", None)]  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Real files of several formats, and one that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(1)
    for k, end in enumerate(["jpg", "png", "webp", "gif"]):
        pixels = random.integers(0, 255, (30 + k, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.{end}")
    (folder / "4.jpg").write_bytes(b"no picture")
    return folder


DOCUMENTS = st.lists(
    st.lists(
        st.sampled_from(["", "one", "zwei ß 文", '"quoted"\n{}']) | st.integers(0, 4),
        min_size=1,
        max_size=5,
    ),
    min_size=1,
    max_size=5,
)


def rows_of(documents, folder):
    """Documents given as lists of texts and numbers of pictures, as rows."""
    names = ["0.jpg", "1.png", "2.webp", "3.gif", "4.jpg"]
    rows = [
        {
            "id": f"doc.{d}/{n + 1}",
            "parent_id": f"doc.{d}",
            "position": n,
            "modality": "text" if isinstance(what, str) else "image",
            "text": what if isinstance(what, str) else None,
            "path": None if isinstance(what, str) else str(folder / names[what]),
            "lang": f"l{d % 2}",
        }
        for d, elements in enumerate(documents)
        for n, what in enumerate(elements)
    ]
    frame = pd.DataFrame(rows)
    kinds = dict.fromkeys(["id", "parent_id", "modality", "text", "path", "lang"], STRING)
    return frame.astype(kinds | {"position": "Int64"})


def read_back(folder, format, images):
    """The rows of what was written."""
    if format == "webdataset":
        read = read_webdataset(f"{folder}/*.tar", members=True)
    else:
        read = (tamis.read_jsonl if format == "jsonl" else tamis.read_parquet)(folder)
    op = interleaved.elements_with_bytes if images == "bytes" else interleaved.elements
    return Cut(op)(read).compute(scheduler="sync")


def contents(rows):
    """Each row as plain data: its text, or its bytes."""
    found = []
    for row in rows.sort_values(["parent_id", "position"]).itertuples():
        what = row.text
        if row.modality == "image":
            what = getattr(row, "image", None)
            if what is None or what is pd.NA:
                with open(row.path, "rb") as file:
                    data = file.read()
                there = hasattr(row, "offset") and not pd.isna(row.offset)
                what = data[row.offset : row.offset + row.size] if there else data
        found.append((row.id, row.parent_id, row.position, row.modality, row.lang, what))
    return found


@pytest.mark.parametrize(("format", "images"), FORMS)
def test_round_trip(pictures, tmp_path_factory, format, images):
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(DOCUMENTS)
    def check(documents):
        rows = rows_of(documents, pictures)
        out = tmp_path_factory.mktemp("out")
        shuffled = rows.sample(frac=1, random_state=0)
        tamis.write_interleaved(shuffled, out, format=format, images=images)
        assert contents(read_back(out, format, images)) == contents(rows)

    check()


def test_the_webdataset_library_reads_it(pictures, tmp_path):
    rows = rows_of([["a", 0, "b", 1], [2, "c"]], pictures)
    tamis.write_interleaved(rows, tmp_path / "out", format="webdataset")
    (archive,) = (tmp_path / "out").glob("*.tar")
    samples = list(webdataset.WebDataset(str(archive), shardshuffle=False))
    assert [s["__key__"] for s in samples] == ["doc_0", "doc_1"]
    told = json.loads(samples[0]["json"])
    assert told["texts"] == ["a", None, "b", None] and told["lang"] == "l0"
    assert told["images"] == [None, "doc_0.1.jpg", None, "doc_0.3.png"]
    assert samples[0]["1.jpg"] == (pictures / "0.jpg").read_bytes()
    assert samples[1]["0.webp"] == (pictures / "2.webp").read_bytes()
    # the table beside it points into it, with a row for each element
    table = pq.read_table(archive.with_suffix(".parquet")).to_pandas()
    assert table["id"].tolist() == rows["id"].tolist()
    one = table.set_index("id").loc["doc.0/4"]
    start, size = int(one["offset"]), int(one["size"])
    assert archive.read_bytes()[start : start + size] == (pictures / "1.png").read_bytes()


def test_the_same_rows_give_the_same_bytes_and_archives_end_between_documents(pictures, tmp_path):
    rows = rows_of([["a", 0, 0, 0]] * 9, pictures)
    kinds = {}
    for name in ("one", "two"):
        tamis.write_interleaved(rows, tmp_path / name, format="webdataset", target_size=9000)
        files = sorted((tmp_path / name).glob("part*"))
        kinds[name] = [(file.name, zlib.crc32(file.read_bytes())) for file in files]
    assert kinds["one"] == kinds["two"] and len(kinds["one"]) > 4
    keys = []
    for file in sorted((tmp_path / "one").glob("*.tar")):
        with tarfile.open(file) as archive:
            mine = {name.partition(".")[0] for name in archive.getnames()}
        assert mine.isdisjoint(keys)
        keys.extend(sorted(mine))
    assert keys == [f"doc_{k}" for k in range(9)]


def test_more_rows_than_a_batch(pictures, tmp_path):
    rows = rows_of([[0, "t", 1] * 50, ["x", 2] * 20, [3]], pictures)
    tamis.write_interleaved(rows, tmp_path / "out", format="webdataset")
    assert contents(read_back(tmp_path / "out", "webdataset", None)) == contents(rows)


@pytest.mark.parametrize("format", ["parquet", "webdataset"])
def test_dropped_and_unreadable_rows_stand_alone(pictures, tmp_path, format):
    rows = rows_of([["a", 0, "b", 1], [1], ["c"]], pictures)
    rows.loc[rows["id"] == "doc.0/2", "path"] = str(pictures / "nope.jpg")
    rows.loc[rows["id"] == "doc.1/1", "path"] = None
    explained = Pipeline([Filter("column:lang", isin=["l0", "l1"])]).explain(rows)
    explained.loc[explained["id"] == "doc.0/3", ["dropped_by", "dropped_why"]] = ["me", "min: 1"]
    out = tmp_path / "out"
    tamis.write_interleaved(explained, out, format=format, images="bytes")
    back = read_back(out, format, "bytes" if format == "parquet" else None)
    assert back["id"].tolist() == ["doc.0/1", "doc.0/2", "doc.2/1"]
    assert back["position"].tolist() == [0, 1, 0]
    (file,) = out.glob("*.parquet")
    table = pq.read_table(file).to_pandas()
    gone = table[table["dropped_by"].notna()].set_index("id")
    assert gone["dropped_by"].to_dict() == {
        "doc.0/2": "write_interleaved", "doc.0/3": "me", "doc.1/1": "write_interleaved"
    }  # fmt: skip
    assert gone["dropped_why"].loc["doc.0/2"].startswith("media.missing: ")
    assert gone["dropped_why"].loc["doc.1/1"].startswith("media.null: ")
    with pytest.raises(DataError, match="media"):
        tamis.write_interleaved(rows, out, format=format, images="bytes", errors="raise")


def test_a_document_in_two_partitions_is_refused(pictures, tmp_path):
    rows = rows_of([["a", 0, "b", 1], ["c"]], pictures)
    split = dd.from_pandas(rows, npartitions=2, sort=False)
    for format in ("parquet", "webdataset"):
        with pytest.raises(
            DataError, match=r"document 'doc\.0' has rows in the partitions 0 and 1"
        ):
            tamis.write_interleaved(split, tmp_path / format, format=format)
        with pytest.raises(tamis.TamisError):
            tamis.read_parquet(tmp_path / format)
        tamis.write_interleaved(interleaved.together(split), tmp_path / format, format=format)
        assert contents(read_back(tmp_path / format, format, None)) == contents(rows)


def test_columns_of_documents_and_of_elements(pictures, tmp_path):
    rows = rows_of([["a", 0], ["b"]], pictures).assign(score=[1.0, np.nan, 3.0], none=None)
    with pytest.raises(DataError, match="'score' is not the same in all rows"):
        tamis.write_interleaved(rows, tmp_path / "a")
    tamis.write_interleaved(rows, tmp_path / "a", lists=["score"], columns=["lang"])
    (file,) = (tmp_path / "a").glob("*.parquet")
    table = pq.read_table(file)
    assert table["score"].to_pylist() == [[1.0, None], [3.0]]
    assert table.column_names == [
        "id",
        "texts",
        "images",
        "score",
        "lang",
        "dropped_by",
        "dropped_why",
    ]


def test_what_cannot_be_written_is_refused(pictures, tmp_path):
    rows = rows_of([["a", 0]], pictures)
    write = tamis.write_interleaved
    for wrong, error, settings_ in (
        (rows, SettingError, {"format": "xml"}),
        (rows, SettingError, {"images": "pixels"}),
        (rows, ColumnError, {"lists": ["nope"]}),
        (rows, ColumnError, {"columns": ["texts"]}),
        (rows.drop(columns="position"), ColumnError, {}),
        (rows.drop(columns="path"), ColumnError, {}),
        (rows.assign(modality="video"), DataError, {}),
        (rows.assign(text="caption"), DataError, {}),
        (rows.assign(offset=1, size=1), DataError, {"images": "path"}),
        (rows.assign(image=b"x"), DataError, {"images": "path"}),
    ):
        with pytest.raises(error):
            write(wrong, tmp_path / "out", **settings_)


def test_no_rows(pictures, tmp_path):
    rows = rows_of([["a", 0]], pictures).iloc[:0]
    for format, images in FORMS:
        tamis.write_interleaved(rows, tmp_path / f"{format}{images}", format=format, images=images)
    assert len(tamis.read_parquet(tmp_path / "parquetpath").compute()) == 0


def test_pictures_are_measured_where_they_lie(pictures, tmp_path):
    """Image measures over members of archives, text rows untouched."""
    rows = rows_of([["a", 0, 4], ["b", 3]], pictures)
    tamis.write_interleaved(rows, tmp_path / "out", format="webdataset")
    read = read_webdataset(str(tmp_path / "out/*.tar"), members=True)
    pipeline = Pipeline(
        [Cut(interleaved.elements), Filter("image.height", min=31, where={"modality": "image"})]
    )
    found = pipeline.explain(read).compute(scheduler="sync").set_index("id")
    with Image.open(io.BytesIO((pictures / "3.gif").read_bytes())) as picture:
        assert found["height"].loc["doc.1/2"] == picture.height == 33
    why = found["dropped_why"].dropna().str.partition(":")[0].to_dict()
    assert why == {"doc.0/2": "min", "doc.0/3": "decode.format"}


def test_hashes_that_meet_are_no_document(pictures, tmp_path, monkeypatch):
    """Of all documents of one hash only those of one name are the same."""
    import tamis.io.interleaved as writer

    monkeypatch.setattr(writer, "hashes", lambda rows: np.zeros(len(rows.whole), np.uint64))
    rows = rows_of([["a", 0], ["b", "c"]], pictures)
    split = dd.from_pandas(rows, npartitions=2, sort=False)
    with dask.config.set(scheduler="sync"):
        tamis.write_interleaved(split, tmp_path / "out")
        assert contents(read_back(tmp_path / "out", "parquet", "path")) == contents(rows)
        with pytest.raises(DataError, match=r"'doc\.0' has rows in the partitions 0 and 1"):
            tamis.write_interleaved(dd.from_pandas(rows, npartitions=4, sort=False), tmp_path / "o")
