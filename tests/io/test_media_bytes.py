"""Whatever a row points with, views are given the same bytes as writers copy."""

import io
import os
import tarfile
import tracemalloc
import uuid

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis import measure
from tamis.codes import BadRecord
from tamis.media import pieces as piecewise
from tamis.media import remote
from tamis.media.columns import Pointer
from tamis.media.pieces import Pieces, pieces
from tamis.media.pointers import Media, of_frame

BINARY = pd.ArrowDtype(pa.binary())
STRUCT = pd.ArrowDtype(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
FORMS = ["file", "file_url", "tar", "bytes", "objects", "struct", "struct_path", "memory", "range"]


@measure(dtype="string", namespace="test_media_bytes")
def contents(media):
    """The bytes that a view is given, in hexadecimal."""
    return pd.array([None if one is None else one.hex() for one in media], dtype="string")


def pointing(form, blobs, folder):
    """A frame of rows that stand for these bytes, and the column that does."""
    ids = pd.array([f"r{k}" for k in range(len(blobs))], dtype="string[pyarrow]")
    frame = pd.DataFrame({"id": ids})
    names = [os.path.join(folder, f"{k}.bin") for k in range(len(blobs))]
    if form in ("file", "file_url", "struct_path"):
        for name, blob in zip(names, blobs, strict=True):
            with open(name, "wb") as file:
                file.write(blob)
    if form == "file_url":
        names = [f"file://{name}" for name in names]
    if form == "memory":
        names = [f"memory:/{name}" for name in names]
        for name, blob in zip(names, blobs, strict=True):
            fsspec.filesystem("memory").pipe_file(name, blob)
    if form in ("tar", "range"):
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as tar:
            for k, blob in enumerate(blobs):
                info = tarfile.TarInfo(f"{k}.bin")
                info.size = len(blob)
                tar.addfile(info, io.BytesIO(blob))
        with tarfile.open(fileobj=io.BytesIO(held.getvalue())) as tar:
            frame["offset"] = pd.array([m.offset_data for m in tar], dtype="Int64")
        frame["size"] = pd.array([len(blob) for blob in blobs], dtype="Int64")
        path = os.path.join(folder, "a.tar")
        if form == "tar":
            with open(path, "wb") as file:
                file.write(held.getvalue())
        else:
            path = f"memory:/{path}"
            fsspec.filesystem("memory").pipe_file(path, held.getvalue())
        names = [path] * len(blobs)
    if form in ("bytes", "objects"):
        values = np.empty(len(blobs), object)
        values[:] = blobs
        frame["image"] = pd.array(values, dtype=BINARY) if form == "bytes" else values
        return frame, "image"
    if form in ("struct", "struct_path"):
        cells = [
            {"bytes": blob if form == "struct" else None, "path": name}
            for blob, name in zip(blobs, names, strict=True)
        ]
        frame["image"] = pd.array(pa.array(cells, STRUCT.pyarrow_dtype), dtype=STRUCT)
        return frame, "image"
    frame["path"] = pd.array(names, dtype="string[pyarrow]")
    return frame, "path"


def copied(folder, frame, on):
    """Ids to bytes, as each writer copied them; ids to reasons."""
    found = []
    for writer in (tamis.write_webdataset, tamis.write_files, tamis.write_huggingface):
        out = os.path.join(folder, writer.__name__)
        writer(frame, out, on=on)
        hugging = writer is tamis.write_huggingface
        rows = (tamis.read_parquet if hugging else tamis.read_manifest)(out).compute()
        good = {}
        for _, row in rows[rows.dropped_by.isna()].iterrows():
            if hugging:
                good[row.id] = row.image["bytes"]
                continue
            with open(row.path, "rb") as file:
                whole = file.read()
            ranged = "offset" in row and not pd.isna(row.offset)
            good[row.id] = whole[row.offset :][: row["size"]] if ranged else whole
        if os.path.isdir(os.path.join(out, "__dropped")):
            rows = tamis.read_parquet(os.path.join(out, "__dropped")).compute()
        lost = rows[rows.dropped_by.notna()]
        found.append((good, {r.id: r.dropped_why.partition(":")[0] for _, r in lost.iterrows()}))
    return found


@settings(deadline=None, max_examples=5,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@pytest.mark.parametrize("form", FORMS)
@given(blobs=st.lists(st.binary(max_size=600), min_size=1, max_size=5).filter(any))
def test_views_and_writers_have_the_same_bytes(tmp_path, form, blobs):
    folder = str(tmp_path / uuid.uuid4().hex)
    os.mkdir(folder)
    frame, on = pointing(form, blobs, folder)
    seen = tamis.Score(contents, on=on, name="seen")(frame).seen
    viewed = {
        name: bytes.fromhex(text)
        for name, text in zip(frame.id, seen, strict=True)
        if not pd.isna(text)
    }
    assert viewed == {f"r{k}": blob for k, blob in enumerate(blobs) if blob}
    for good, bad in copied(folder, frame, on):
        assert good == viewed
        assert bad == {f"r{k}": "media.empty" for k, blob in enumerate(blobs) if not blob}


@pytest.mark.parametrize("form", ["file", "tar", "memory", "range"])
def test_large_media_are_copied_in_pieces(tmp_path, form, monkeypatch):
    monkeypatch.setattr("tamis.media.local.LARGE", 1000)
    monkeypatch.setattr("tamis.media.remote.LARGE", 1000)
    monkeypatch.setattr(piecewise, "LARGE", 1000)
    blobs = [np.random.default_rng(k).bytes(size) for k, size in enumerate((999, 3001, 5, 2000))]
    frame, on = pointing(form, blobs, str(tmp_path))
    if form == "memory":
        frame["size"], frame["offset"] = [len(blob) for blob in blobs], pd.NA
        frame = frame.astype({"size": "Int64", "offset": "Int64"})
    media = of_frame(frame, on)
    kinds = [isinstance(media.content(row), Pieces) for row in range(4)]
    assert kinds == [False, True, False, True]
    assert [len(piece) for piece in pieces(media.content(1))] == [1000, 1000, 1000, 1]
    assert media.content(1)[:16] == blobs[1][:16]
    assert list(media) == blobs
    for good, bad in copied(str(tmp_path), frame, on):
        assert [good[f"r{k}"] for k in range(4)] == blobs and not bad


@pytest.mark.parametrize("writer", [tamis.write_webdataset, tamis.write_files])
def test_copying_holds_no_more_than_some_pieces(tmp_path, writer):
    with open(tmp_path / "large.mp4", "wb") as file:
        for k in range(96):
            file.write(bytes([k]) * (1 << 20))
    frame = pd.DataFrame({"id": ["a"], "path": [str(tmp_path / "large.mp4")]})
    tracemalloc.start()
    try:
        writer(frame, str(tmp_path / "out"))
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("writer", [tamis.write_webdataset, tamis.write_files])
def test_what_breaks_off_while_it_is_copied_is_a_row_with_a_reason(tmp_path, monkeypatch, writer):
    """The archive is begun anew without it, and is the one that is written without that row."""
    from tamis.media.local import _File

    monkeypatch.setattr("tamis.media.local.LARGE", 5 << 20)
    monkeypatch.setattr(piecewise, "LARGE", 5 << 20)
    blobs = [bytes([k]) * size for k, size in enumerate((100, 12 << 20, 300))]
    frame, _ = pointing("file", blobs, str(tmp_path))
    whole = _File.read

    def shrinking(self, path, start, size):
        if path.endswith("1.bin") and start > 5 << 20:
            os.truncate(path, 6 << 20)
        return whole(self, path, start, size)

    monkeypatch.setattr(_File, "read", shrinking)
    writer(frame, str(tmp_path / "out"))
    rows = tamis.read_manifest(str(tmp_path / "out")).compute()
    if writer is tamis.write_files:
        lost = tamis.read_parquet(str(tmp_path / "out" / "__dropped")).compute()
    else:
        lost = rows[rows.dropped_by.notna()]
        assert rows.id.tolist() == ["r0", "r1", "r2"]
        assert tamis.read_webdataset(str(tmp_path / "out"), media="bin").compute().id.tolist() == [
            "r0",
            "r2",
        ]
    assert lost.id.tolist() == ["r1"]
    assert lost.dropped_why.iloc[0].startswith("media.unreadable: r1: ")
    assert "became shorter" in lost.dropped_why.iloc[0]
    assert not list(tmp_path.rglob("*.tmp"))


def test_several_remote_rows_are_fetched_at_a_time(monkeypatch):
    memory, calls = fsspec.filesystem("memory"), []
    sizes = [10, 30, 0, 40, 50, 60]
    for k, size in enumerate(sizes):
        memory.pipe_file(f"/several/{k}", bytes([k]) * size)
    plain = MemoryFileSystem.cat_ranges

    def counted(self, paths, *args, **kwargs):
        calls.append(len(paths))
        return plain(self, paths, *args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "cat_ranges", counted)
    monkeypatch.setattr(remote, "AHEAD", 100)
    known = [Pointer(f"memory://several/{k}", None, size) for k, size in enumerate(sizes)]
    assert [len(found or b"") for found in Media(known)] == sizes
    assert calls == [4, 1, 1]
    calls.clear()
    unknown = [None, *(Pointer(f"memory://several/{k}") for k in range(6))]
    assert [len(found or b"") for found in Media(unknown)] == [0, *sizes]
    assert calls == [1, 5]  # the first shows how large they may be


def test_settings_of_object_stores_reach_them(monkeypatch):
    seen = []
    plain = MemoryFileSystem.__init__

    def noted(self, *args, **kwargs):
        seen.append(kwargs)
        plain(self, *args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "__init__", noted)
    name = uuid.uuid4().hex  # instances are kept by their settings
    fsspec.filesystem("memory").pipe_file(f"/{name}", b"abc")
    media = Media([Pointer(f"memory://{name}")], {"token": name})
    assert media[0] == b"abc" and {"token": name} in seen


@pytest.mark.parametrize(
    "where", [("memory://none/x", -5, 3), ("memory://none/x", 0, -1), ("weird://x", None, None)]
)
def test_pointers_that_cannot_be(where):
    fsspec.filesystem("memory").pipe_file("/none/x", b"0123456789")
    with pytest.raises(BadRecord, match=r"media\.unreadable"):
        Media([Pointer(*where)]).content(0)


def test_columns_that_hold_no_media(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "n": [1], "path": ["x"], "offset": ["no"], "size": [3]})
    struct = pd.ArrowDtype(pa.struct([("url", pa.string())]))
    frame["s"] = pd.array(pa.array([{"url": "x"}], struct.pyarrow_dtype), dtype=struct)
    for writer in (tamis.write_webdataset, tamis.write_files, tamis.write_huggingface):
        for on in ("n", "s"):
            with pytest.raises(tamis.errors.ColumnError, match="media are paths"):
                writer(frame.drop(columns=["offset", "size"]), str(tmp_path / "out"), on=on)
        with pytest.raises(tamis.errors.ColumnError, match="whole numbers of bytes"):
            writer(frame, str(tmp_path / "out"))


def test_bytes_in_arrow_columns_are_not_copied(tmp_path):
    blob = os.urandom(1000)
    pq.write_table(pa.table({"id": ["a"], "image": pa.array([blob], pa.binary())}),
                   tmp_path / "a.parquet")  # fmt: skip
    frame = tamis.read_parquet(str(tmp_path / "a.parquet")).compute()
    found = of_frame(frame, "image").content(0)
    assert isinstance(found, memoryview) and found == blob
    (chunk,) = frame["image"].array.__arrow_array__().chunks
    start = pa.py_buffer(found).address - chunk.buffers()[2].address
    assert 0 <= start < chunk.buffers()[2].size


def test_urls_that_name_a_host():
    """Rows of one server are fetched together, those of another by themselves."""
    urls = ["ftp://me@here/a.jpg", "ftp://me@here/b.jpg", "ftp://there/c.jpg"]
    here, again, there = (remote._place(Pointer(url)) for url in urls)
    assert here == again != there
    assert dict(here[1])["host"] == "here" and dict(here[1])["username"] == "me"
