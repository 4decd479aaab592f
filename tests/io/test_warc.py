"""Web archives: the pages that warcio reads of them, cut anywhere, with their sources."""

import gzip
import io
import pickle
import zlib

import brotli
import pytest
import zstandard
from warc_files import archive, as_one, packed, page_of, response
from warcio.archiveiterator import ArchiveIterator

import tamis
from tamis.errors import SettingError
from tamis.io import gzip_member

SHAPES = {
    "a.warc.gz": archive(12),
    "b.warc": archive(12, gz=False),
    "c.warc.gz": as_one(archive(12, gz=False)),
}


def put(folder, **files):
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return str(folder)


def read(path, **settings):
    return tamis.read_warc(path, **settings).compute(scheduler="sync")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("block", ["64MB", "20kB", "3kB", "1kB"])
def test_pages_are_those_that_warcio_reads_however_it_is_cut(tmp_path, name, block):
    (tmp_path / name).write_bytes(SHAPES[name])
    expected = []
    plain = gzip.decompress(SHAPES[name]) if name == "c.warc.gz" else SHAPES[name]
    for record in ArchiveIterator(io.BytesIO(plain)):  # which refuses what is packed as one
        url, key = (record.rec_headers[f"WARC-{n}"] for n in ("Target-URI", "Record-ID"))
        html = record.content_stream().read().decode()
        expected.append((url, key.strip("<>"), record.rec_headers["WARC-Date"], html))
    found = read(str(tmp_path / name), block_size=block)
    columns = found[["url", "record_id", "date", "html"]]
    assert list(columns.itertuples(index=False, name=None)) == expected
    assert found.id.is_unique and found.dropped_why.isna().all()
    assert (found.status == 200).all() and (found.content_type == "text/html").all()


def test_offset_and_size_are_the_bytes_of_the_record(tmp_path):
    for name in ("a.warc.gz", "b.warc"):
        (tmp_path / name).write_bytes(SHAPES[name])
        for row in read(str(tmp_path / name)).itertuples():
            raw = SHAPES[name][row.offset : row.offset + row.size]
            raw = gzip.decompress(raw) if name.endswith("gz") else raw
            assert raw.startswith(b"WARC/1.") and row.html.encode() in raw
            assert row.id == f"{name}:{row.offset}" and row.path == str(tmp_path / name)


def test_no_more_partitions_than_the_text_wants(tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(SHAPES["a.warc.gz"])
    assert tamis.read_warc(str(tmp_path)).npartitions == 1
    assert tamis.read_warc(str(tmp_path), block_size="20kB").npartitions > 2


def test_what_tells_of_the_crawl_is_no_row_and_what_is_not_wanted_says_so(tmp_path):
    records = [
        ("warcinfo", None, b"software: x\r\n", None, {}),
        ("request", "http://example.org/0", b"", ["GET / HTTP/1.1"], {}),
        response(0),
        ("metadata", "http://example.org/0", b"fetchTimeMs: 5", None, {}),
        response(1, b"\x89PNG", type="image/png"),
        response(2, b"<p>gone</p>", status="404 Not Found"),
        response(3, b"<p>whatever</p>", type=None),
        response(4, b"<p>told by the crawler</p>", type="application/octet-stream"),
        ("resource", "http://example.org/5", b"<p>res</p>", None, {"Content-Type": "text/html"}),
    ]
    records[7] = (*records[7][:4], {"WARC-Identified-Payload-Type": "text/html"})
    (tmp_path / "a.warc.gz").write_bytes(packed(records))
    found = read(str(tmp_path))
    assert found.url.str[-1].tolist() == list("012345")
    why = found.dropped_why.str.partition(":")[0]
    assert why.tolist()[1:3] == ["warc.content", "warc.status"]
    assert why.isna().tolist() == [True, False, False, True, True, True]
    assert found.html.tolist()[5] == "<p>res</p>" and found.html.isna().tolist()[1:3] == [True] * 2
    assert found.status.tolist()[2] == 404
    for wrong in (None, "200", 2.0, (20,)):
        with pytest.raises(SettingError, match="status are HTTP's numbers"):
            tamis.read_warc(str(tmp_path), status=wrong)
    every = read(str(tmp_path), status=(), errors="raise")
    assert every.html.tolist()[2] == "<p>gone</p>" and "dropped_why" not in every
    pictures = read(str(tmp_path), content_types="image/png")
    assert pictures.dropped_why.isna().tolist() == [False, True, False, True, False, False]


def chunked(body, size=100):
    parts = [body[k : k + size] for k in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_bodies_are_unpacked_as_the_server_packed_them(tmp_path):
    body = page_of(1)
    packings = [
        ({}, body),
        ({"Content_Encoding": "gzip"}, gzip.compress(body)),
        ({"Content_Encoding": "deflate"}, zlib.compress(body)),
        ({"Content_Encoding": "br"}, brotli.compress(body)),
        ({"Content_Encoding": "zstd"}, zstandard.compress(body)),
        ({"Transfer_Encoding": "chunked"}, chunked(body)),
        (
            {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"},
            chunked(gzip.compress(body)),
        ),
        ({"Transfer_Encoding": "chunked"}, body),  # unpacked by the crawler, header kept
        ({"Content_Encoding": "gzip"}, body),
    ]
    records = [response(n, data, **fields) for n, (fields, data) in enumerate(packings)]
    records.append(response(99, b"neither this nor that", Content_Encoding="gzip"))
    (tmp_path / "a.warc").write_bytes(packed(records, gz=False))
    found = read(str(tmp_path))
    assert found.html.tolist()[:-1] == [body.decode()] * len(packings)
    assert found.dropped_why.tolist()[-1].startswith("warc.http: a.warc, byte ")


def test_wet_files_give_text(tmp_path):
    said = "Grüße aus Köln.\n日本語\n"
    record = (
        "conversion", "http://example.org/1", said.encode(), None,
        {"Content-Type": "text/plain", "WARC-Identified-Content-Language": "deu,jpn"},
    )  # fmt: skip
    (tmp_path / "a.warc.wet.gz").write_bytes(packed([record, response(2)]))
    found = read(str(tmp_path))
    assert found.text.tolist()[0] == said and found.languages.tolist()[0] == "deu,jpn"
    assert found.dropped_why.tolist()[1].startswith("warc.content: a.warc.wet.gz, byte ")
    (tmp_path / "b.warc.gz").write_bytes(SHAPES["a.warc.gz"])
    with pytest.raises(tamis.TamisError, match="one after the other"):
        tamis.read_warc(str(tmp_path))
    assert "html" in tamis.read_warc(str(tmp_path), content="html").columns


def test_a_long_record_and_a_bomb_are_set_aside(tmp_path, monkeypatch):
    records = [response(0), response(1, b"<p>" + b"x" * 200_000), response(2)]
    for name, gz in (("a.warc.gz", True), ("b.warc", False)):
        (tmp_path / name).write_bytes(packed(records, gz=gz))
        found = read(str(tmp_path / name), max_size="100kB")
        assert found.dropped_why.notna().tolist() == [False, True, False]
        assert found.dropped_why[1].startswith(f"warc.too_long: {name}, byte {found.offset[1]}: ")
    bomb = response(1, gzip.compress(bytes(200_000)), Content_Encoding="gzip")
    (tmp_path / "c.warc").write_bytes(packed([bomb, response(2)], gz=False))
    found = read(str(tmp_path / "c.warc"), max_size="100kB")
    assert found.dropped_why[0].startswith("warc.too_long") and found.html.notna().tolist()[1]
    monkeypatch.setattr(gzip_member, "_BOMB", 1 << 20)
    zeros = response(1, bytes(2_000_000))
    (tmp_path / "d.warc.gz").write_bytes(packed([response(0), zeros, response(2)]))
    found = read(str(tmp_path / "d.warc.gz"), max_size="200MB")
    assert found.dropped_why.str.partition(":")[0].tolist()[1] == "file.bomb"
    assert found.html.notna().tolist() == [True, False, True]


def test_an_archive_within_an_archive_is_no_source_of_records(tmp_path):
    inner = b"".join(archive(1, words=20, seed=k) for k in range(300))
    whole = b""
    for n in range(6):
        # what cannot be packed any further is stored as it is, so the inner members are to be seen
        head = packed([response(n, inner)], gz=False)
        packer = zlib.compressobj(0, zlib.DEFLATED, 31)
        whole += packer.compress(head) + packer.flush() + packed([response(n + 100)])
    assert whole.count(b"\x1f\x8b\x08") > 1000
    (tmp_path / "a.warc.gz").write_bytes(whole)
    one = read(str(tmp_path))
    assert len(one) == 12
    many = tamis.read_warc(str(tmp_path), block_size="40kB")
    assert many.npartitions > 30
    assert many.compute(scheduler="sync").id.tolist() == one.id.tolist()


def test_settings_are_checked_at_the_call(tmp_path):
    (tmp_path / "a.warc").write_bytes(SHAPES["b.warc"])
    for wrong in (
        {"content": "pdf"}, {"content_types": "html"}, {"status": (2,)}, {"max_size": "much"},
        {"max_ratio": 0}, {"errors": "ignore"}, {"block_size": 0},
    ):  # fmt: skip
        with pytest.raises(tamis.TamisError):
            tamis.read_warc(str(tmp_path), **wrong)
    with pytest.raises(tamis.TamisError, match="no file or folder"):
        tamis.read_warc(str(tmp_path / "nothing.warc.gz"))


def test_a_file_of_another_kind_and_an_empty_one(tmp_path):
    (tmp_path / "a.warc").write_bytes(b"<html>not an archive</html>")
    (tmp_path / "b.warc.gz").write_bytes(gzip.compress(b"nor this"))
    (tmp_path / "c.warc.gz").write_bytes(b"")
    found = read(str(tmp_path))
    assert found.id.tolist() == ["a.warc:0", "b.warc.gz:0"]
    assert found.dropped_why.str.startswith("warc.header: ").all()
    with pytest.raises(tamis.TamisError, match=r"warc.header: a.warc, byte 0"):
        read(str(tmp_path), errors="raise")


def test_the_work_has_the_same_token_until_the_file_changes(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(SHAPES["a.warc.gz"])

    def token(**settings):
        return tamis.read_warc(str(path), **settings)._name

    first = token()
    assert first == token() and pickle.loads(pickle.dumps(tamis.read_warc(str(path)))) is not None
    assert len({first, token(status=()), token(content="text"), token(max_size="1MB")}) == 4
    frame = tamis.read_warc(str(path))
    path.write_bytes(archive(3))
    assert token() != first
    with pytest.raises(tamis.TamisError, match="changed after the frame was made"):
        frame.compute(scheduler="sync")


def test_remote_archives_are_read_alike(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/warc-test/a.warc.gz", SHAPES["a.warc.gz"])
    try:
        found = read("memory://warc-test/a.warc.gz", block_size="20kB")
    finally:
        memory.rm("/warc-test", recursive=True)
    assert found.html.tolist() == [page_of(n).decode() for n in range(12)]
    assert found.path.tolist() == ["memory:///warc-test/a.warc.gz"] * 12
