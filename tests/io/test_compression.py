"""Decompression gives everything before the damage, and says what the damage is."""

import bz2
import gzip
import io
import lzma

import pytest
import zstandard

import tamis
from tamis.codes import BadRecord
from tamis.io.compression import Stream, codec, looks_like

RAW = b"".join(b'{"a":%d}\n' % k for k in range(60_000))
PACK = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def read(raw, kind, size=1 << 16):
    stream = Stream(lambda: io.BytesIO(raw), kind, 200)
    found = b""
    try:
        while data := stream.read(size):
            found += data
    except BadRecord as bad:
        return found, bad.code
    return found, None


@pytest.mark.parametrize("kind", PACK)
def test_whole_streams(kind):
    packed = PACK[kind](RAW)
    for size in (1, 4096, 1 << 20):
        short = PACK[kind](RAW[:5000])
        assert read(short, kind, size) == (RAW[:5000], None)
    assert read(packed, kind) == (RAW, None)
    assert read(packed + packed, kind) == (RAW + RAW, None)
    assert read(b"", kind) == (b"", None)


@pytest.mark.parametrize("kind", PACK)
def test_damaged_streams(kind):
    packed = PACK[kind](RAW)
    assert read(b"something else", kind) == (b"", "file.corrupt")
    assert read(packed + b"garbage", kind) == (RAW, "file.corrupt")
    for cut in (5, len(packed) // 2, len(packed) - 20):
        found, code = read(packed[:-cut], kind)
        assert RAW.startswith(found) and code == "file.truncated"
    if kind != "zstd":
        wrong = bytearray(packed)
        wrong[-6] ^= 1
        found, code = read(bytes(wrong), kind)
        assert code == "file.corrupt" and len(found) >= len(RAW) - 1


def test_gzip_gives_every_byte_before_a_wrong_checksum():
    wrong = bytearray(gzip.compress(b"no newline at the end"))
    wrong[-5] ^= 1
    assert read(bytes(wrong), "gzip") == (b"no newline at the end", "file.corrupt")


def test_names():
    assert codec("a.jsonl.GZ") == "gzip" and codec("a.zst") == "zstd" and codec("a.jsonl") is None
    assert codec("no extension") is None


def test_text_that_begins_like_an_archive_is_text():
    assert looks_like(b"BZh{}\n{}") is None and looks_like(b"BZh9 is how it begins") is None
    assert looks_like(bz2.compress(b"text")) == looks_like(bz2.compress(b"")) == "bz2"


def test_an_archive_under_a_wrong_name_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(bz2.compress(b'{"text": "x"}\n'))
    (why,) = tamis.read_jsonl(tmp_path / "a.jsonl").compute()["dropped_why"]
    assert "looks like bz2" in why
