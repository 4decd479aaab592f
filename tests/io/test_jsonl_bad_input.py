"""Every defect of the bad-input table: what is lost, what is said, what around it is kept."""

import bz2
import gzip
import json
import lzma
import os
import resource

import pytest
import zstandard

from tamis.codes import CODES
from tamis.errors import DataError
from tamis.io.jsonl import read_jsonl

GOOD = [
    json.dumps({"id": f"{i:06d}", "text": f"line {i} é", "date": i}).encode() for i in range(50)
]


def read(path, **settings):
    return read_jsonl(path, **settings).compute(scheduler="sync").reset_index(drop=True)


def with_line(bad):
    return b"\n".join([*GOOD[:25], bad, *GOOD[25:]]) + b"\n"


def reasons(frame):
    why = frame.dropped_why.dropna().tolist()
    assert all(text.split(":")[0] in CODES for text in why)
    assert (frame.dropped_by.notna() == frame.dropped_why.notna()).all()
    assert set(frame.dropped_by.dropna()) <= {"read_jsonl"}
    return why


def good_ids(frame):
    return frame.id[frame.dropped_by.isna()].tolist()


IDS = [f"{i:06d}" for i in range(50)]


def test_nothing_wrong_nothing_changed(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(GOOD) + b"\n")
    frame = read(tmp_path)
    assert frame.id.tolist() == IDS  # "000000" stays text
    assert frame.date.tolist() == list(range(50)) and str(frame.date.dtype) == "Int64"
    assert frame.text[3] == "line 3 é"
    assert reasons(frame) == []


LINES = {
    "invalid UTF-8": (b'{"id": "x", "text": "caf\xe9"}', "text.utf8"),
    "UTF-8 of a surrogate": (b'{"id": "x", "text": "\xed\xa0\x80"}', "text.utf8"),
    "overlong UTF-8": (b'{"id": "x", "text": "\xc0\xaf"}', "text.utf8"),
    "lone surrogate": (b'{"id": "x", "text": "\\ud800 rest"}', "text.surrogate"),
    "surrogates in the wrong order": (b'{"id": "x", "text": "\\udc00\\ud800"}', "text.surrogate"),
    "raw NUL": (b'{"id": "x", "text": "a\x00b"}', "json.syntax"),
    "broken line": (b'{"id": "x", "text": "a"', "json.syntax"),
    "two objects": (b'{"id": "x"}{"id": "y"}', "json.syntax"),
    "trailing comma": (b'{"id": "x",}', "json.syntax"),
    "single quotes": (b"{'id': 'x'}", "json.syntax"),
    "bad escape": (b'{"id": "x", "text": "\\x41"}', "json.syntax"),
    "raw control character": (b'{"id": "x", "text": "a\x01b"}', "json.syntax"),
    "byte order mark inside": (b'\xef\xbb\xbf{"id": "x"}', "json.syntax"),
    "array": (b'["x"]', "json.not_object"),
    "string": (b'"x"', "json.not_object"),
    "null": (b"null", "json.not_object"),
    "number": (b"12", "json.not_object"),
    "NaN": (b'{"id": "x", "date": NaN}', "json.number"),
    "Infinity": (b'{"id": "x", "date": -Infinity}', "json.number"),
    "30 digits": (b'{"id": "x", "date": 123456789012345678901234567890}', "json.number"),
    "2 ** 63": (b'{"id": "x", "date": 9223372036854775808}', "json.number"),
    "10,000 digits": (b'{"id": "x", "date": ' + b"9" * 10_000 + b"}", "json.number"),
    "leading zero": (b'{"id": "x", "date": 01}', "json.syntax"),
    "text where a number was": (b'{"id": "x", "date": "2020"}', "schema.type"),
    "number where text was": (b'{"id": "x", "text": 5}', "schema.type"),
    "object where text was": (b'{"id": "x", "text": {"a": 1}}', "schema.type"),
    "real where integers were": (b'{"id": "x", "date": 1.5}', "schema.type"),
    "boolean where integers were": (b'{"id": "x", "date": true}', "schema.type"),
    "unknown column, half a character": (
        b'{"id": "x", "\\ud800": [{"\\udfff": 1}]}',
        "schema.column",
    ),
    "unknown column": (b'{"id": "x", "author": "me"}', "schema.column"),
    "nested 100,000 deep": (b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json.depth"),
    "nested 100,000 deep, never closed": (b'{"a":' * 100_000, "json.depth"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("block", ["64MB", 700])
def test_a_bad_line_costs_one_line(tmp_path, name, block):
    line, code = LINES[name]
    (tmp_path / "a.jsonl").write_bytes(with_line(line))
    schema = {"id": "str", "text": "str", "date": "int64"}
    frame = read(tmp_path, block_size=block, schema=schema)
    assert good_ids(frame) == IDS
    (why,) = reasons(frame)
    assert why.startswith(f"{code}: a.jsonl, line 26: ")
    assert len(why) < 600
    row = frame.iloc[25]
    assert row.id == f"a.jsonl:{sum(len(g) + 1 for g in GOOD[:25])}"
    assert frame.iloc[25][["text", "date"]].isna().all()
    with pytest.raises(DataError, match=rf"{code}: a\.jsonl, line 26: "):
        read(tmp_path, block_size=block, schema=schema, errors="raise")


ACCEPTED = {
    "escaped NUL": (b'{"id": "x", "text": "a\\u0000b"}', "a\0b"),
    "surrogate pair": (b'{"id": "x", "text": "\\ud83d\\ude00"}', "😀"),
    "every escape": (b'{"id": "x", "text": "\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"}', '"\\/\b\f\n\r\té'),
    "duplicate key": (b'{"id": "x", "text": "first", "text": "last"}', "last"),
    "duplicate key of two types": (b'{"id": "x", "text": 1, "text": "last"}', "last"),
    "escaped key": (b'{"id": "x", "te\\u0078t": "yes"}', "yes"),
    "carriage return at the end": (b'{"id": "x", "text": "a"}\r', "a"),
    "delete character": (b'{"id": "x", "text": "\x7f"}', "\x7f"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_unusual_but_right(tmp_path, name):
    line, text = ACCEPTED[name]
    (tmp_path / "a.jsonl").write_bytes(with_line(line))
    frame = read(tmp_path)
    assert reasons(frame) == []
    assert frame.text[25] == text


def test_byte_order_mark_blank_lines_and_no_last_newline(tmp_path):
    lines = b"\n\r\n  \n".join(GOOD)
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines)
    frame = read(tmp_path)
    assert good_ids(frame) == IDS and reasons(frame) == []


def test_truncated_last_line(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(GOOD)[:-8])
    frame = read(tmp_path)
    assert good_ids(frame) == IDS[:-1]
    assert reasons(frame)[0].startswith("json.syntax: a.jsonl, line 50: ")


def test_utf16_is_one_row_however_it_is_cut(tmp_path):
    text = b"\n".join(GOOD).decode().encode("utf-16")
    (tmp_path / "a.jsonl").write_bytes(text)
    for block in ("64MB", 500):
        frame = read(
            tmp_path, block_size=block, schema={"id": "str", "text": "str", "date": "int64"}
        )
        (why,) = reasons(frame)
        assert why.startswith("text.utf16: a.jsonl, line 1: ") and len(frame) == 1


def test_compressed_data_under_a_plain_name(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(b"\n".join(GOOD) * 20))
    (why,) = reasons(read(tmp_path))
    assert why.startswith("file.corrupt: a.jsonl, line 1: the file looks like gzip")


PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
MANY = [json.dumps({"id": f"{i:06d}", "text": os.urandom(200).hex()}).encode() for i in range(2000)]
MANY_IDS = [f"{i:06d}" for i in range(2000)]


@pytest.mark.parametrize("ending", PACK)
def test_compressed_files_read_like_plain_ones(tmp_path, ending):
    packed = PACK[ending](b"\n".join(MANY))
    (tmp_path / f"a.jsonl.{ending}").write_bytes(packed)
    assert good_ids(read(tmp_path)) == MANY_IDS
    frame = read_jsonl(tmp_path, block_size="50kB")
    assert frame.npartitions > 2
    assert good_ids(frame.compute(scheduler="sync")) == MANY_IDS
    # Members one after another, as split and joined archives have them.
    (tmp_path / f"a.jsonl.{ending}").write_bytes(packed + PACK[ending](b"\n" + GOOD[0]))
    assert good_ids(read(tmp_path, unknown="ignore")) == [*MANY_IDS, IDS[0]]


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("block", ["64MB", "50kB"])
def test_a_truncated_archive_keeps_what_can_be_read(tmp_path, ending, block):
    packed = PACK[ending](b"\n".join(MANY))
    (tmp_path / f"a.jsonl.{ending}").write_bytes(packed[: len(packed) * 7 // 10])
    schema = {"id": "str", "text": "str"}
    frame = read(tmp_path, schema=schema, block_size=block)
    kept = good_ids(frame)
    assert kept == MANY_IDS[: len(kept)]
    if ending in ("gz", "zst"):  # bzip2 and xz give whole blocks only
        assert len(kept) > 1000
    (why,) = reasons(frame)
    assert why.startswith(f"file.truncated: a.jsonl.{ending}, line {len(kept) + 1}: ")
    assert frame.id.iloc[-1] == f"a.jsonl.{ending}:{len(kept) + 1}"


@pytest.mark.parametrize("ending", PACK)
def test_garbage_after_an_archive(tmp_path, ending):
    (tmp_path / f"a.jsonl.{ending}").write_bytes(PACK[ending](b"\n".join(MANY)) + b"some garbage")
    frame = read(tmp_path)
    assert good_ids(frame) == MANY_IDS
    (why,) = reasons(frame)
    assert why.startswith(f"file.corrupt: a.jsonl.{ending}, line 2001: ")


def test_wrong_checksum(tmp_path):
    packed = bytearray(gzip.compress(b"\n".join(MANY)))
    packed[-8] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    frame = read(tmp_path)
    assert good_ids(frame) == MANY_IDS
    assert reasons(frame)[0].startswith("file.corrupt: a.jsonl.gz, line 2001: ")


def test_a_gz_that_is_none_and_one_of_no_bytes(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(b"\n".join(GOOD))
    (tmp_path / "b.jsonl.gz").write_bytes(b"")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b"\n".join(GOOD)))
    frame = read(tmp_path)
    assert good_ids(frame) == IDS
    (why,) = reasons(frame)
    assert why.startswith("file.corrupt: a.jsonl.gz, line 1: ")


def test_bomb(tmp_path):
    line = b'{"id": "1", "text": "' + b"a" * 1000 + b'"}\n'
    (tmp_path / "a.jsonl.zst").write_bytes(PACK["zst"](line * 400_000))
    frame = read(tmp_path, max_ratio=50, columns=["id"])
    (why,) = reasons(frame)
    assert why.startswith("file.bomb: a.jsonl.zst, line ") and 200_000 < len(frame) < 300_000


def test_a_line_too_long_is_passed_over_in_bounded_memory(tmp_path):
    path = tmp_path / "a.jsonl"
    with open(path, "wb") as file:
        file.write(b"\n".join(GOOD[:25]) + b'\n{"id": "long", "text": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n' + b"\n".join(GOOD[25:]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for block in ("64MB", "7MB"):
        frame = read(path, max_line="16MB", block_size=block)
        assert good_ids(frame) == IDS
        (why,) = reasons(frame)
        assert why.startswith("json.too_long: a.jsonl, line 26: ")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB
    long = read(path, max_line="300MB")
    assert reasons(long) == [] and len(long.text[25]) == 200_000_000


def test_a_line_of_60_megabytes_is_read(tmp_path):
    text = "é" * 30_000_000
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "1", "text": text}, ensure_ascii=False))
    frame = read(tmp_path)
    assert frame.text[0] == text


def test_empty_file_among_others_and_alone(tmp_path):
    (tmp_path / "empty.jsonl").write_bytes(b"")
    frame = read(tmp_path)
    assert len(frame) == 0 and list(frame.columns) == ["id", "dropped_by", "dropped_why"]
    (tmp_path / "full.jsonl").write_bytes(b"\n".join(GOOD))
    assert good_ids(read(tmp_path)) == IDS


def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_bytes(b"\n".join(GOOD))
    from tamis.io import json_piece

    real = json_piece.open_file

    def refuse(file, options=None):
        if file.name == "a.jsonl":
            raise PermissionError(13, "Permission denied", file.url)
        return real(file, options)

    monkeypatch.setattr(json_piece, "open_file", refuse)
    frame = read(tmp_path)
    assert good_ids(frame) == IDS
    (why,) = reasons(frame)
    assert why.startswith("file.unreadable: a.jsonl, line 1: ") and "Permission denied" in why


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(GOOD))
    (tmp_path / "a.jsonl").chmod(0)
    assert reasons(read(tmp_path))[0].startswith("file.unreadable: ")


def test_a_file_changed_after_the_frame_was_made(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(GOOD))
    frame = read_jsonl(path)
    path.write_bytes(b"\n".join(GOOD[:10]))
    with pytest.raises(DataError, match="changed after the frame was made"):
        frame.compute(scheduler="sync")


def test_type_change_late_in_a_file(tmp_path):
    late = [json.dumps({"id": str(i), "text": "x" * 100, "n": i}) for i in range(20_000)]
    late[15_000] = '{"id": "late", "text": "y", "n": "fifteen thousand"}'
    (tmp_path / "a.jsonl").write_text("\n".join(late))
    frame = read(tmp_path)
    (why,) = reasons(frame)
    assert why.startswith("schema.type: a.jsonl, line 15001: column 'n' is int64, found text")
    assert len(frame) == 20_000


def test_names_with_half_a_character_are_no_columns(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "1"}\n{"id": "2", "\\ud800": 1}\n')
    frame = read(tmp_path)
    assert list(frame.columns) == ["id", "dropped_by", "dropped_why"]
    assert reasons(frame)[0].startswith(
        "schema.column: a.jsonl, line 2: \\ud800 is not in the schema"
    )
