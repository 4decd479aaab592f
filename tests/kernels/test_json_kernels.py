"""The kernels of readers and writers against Python, compiled and not."""

import json
import os
import random
import subprocess
import sys
from itertools import pairwise

import numpy as np

from tamis.io.json_chunk import _name_table
from tamis.io.json_line import Layout
from tamis.io.schema import TEXT
from tamis.kernels import csv_rows, json_cells, json_lines, json_values, json_write


def padded(raw):
    return np.frombuffer(raw + bytes(64), np.uint8)


def is_utf8(raw):
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def noise(generator, count):
    """Text of all widths of UTF-8, some of it broken."""
    pieces = [*(text.encode() for text in "a é中😀"), b"x" * 61, b"\\n", b'"']
    broken = [b"\x80", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xff", b"\xc0\x80",
              b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80",
              b"\xf5\x80\x80\x80"]  # fmt: skip
    for _ in range(count):
        parts = generator.choices(pieces, k=generator.randrange(0, 30))
        if generator.random() < 0.4:
            parts.insert(generator.randrange(len(parts) + 1), generator.choice(broken))
        yield b"".join(parts)


def check_lines(count):
    generator = random.Random(1)
    lines = list(noise(generator, count))
    raw = b"\n".join(lines) + b"\n"
    data, end = padded(raw), len(raw)
    assert json_lines.count_lines(data, end) == count
    ends, broken = np.zeros(count, np.int32), np.zeros(count + 1, np.uint8)
    carry = np.zeros(5, np.uint64)
    found = json_lines.split_lines(data, 0, end, end, ends, broken, 0, carry)
    assert found == count
    assert (ends == np.cumsum([len(line) + 1 for line in lines]) - 1).all()
    assert broken[:count].tolist() == [not is_utf8(line) for line in lines]
    offsets = np.cumsum([0, *map(len, lines)]).astype(np.int64)
    bad = np.zeros(count, np.uint8)
    json_lines.mark_not_utf8(np.frombuffer(b"".join(lines), np.uint8), offsets, bad)
    assert bad.tolist() == broken[:count].tolist()


def check_texts(count):
    generator = random.Random(2)
    texts = [
        line.decode() + "\0\t\x1f" * (k % 3)
        for k, line in enumerate(noise(generator, count))
        if is_utf8(line)
    ]
    lines = [json.dumps({"t": text}, ensure_ascii=k % 2 == 0) for k, text in enumerate(texts)]
    raw = "".join(line + "\n" for line in lines).encode()
    layout = Layout((("t", TEXT),), ("t",), None, False, 1 << 20)
    rows = len(lines)
    ends = np.zeros(rows, np.int32)
    starts, stops = np.zeros((rows, 1), np.int32), np.zeros((rows, 1), np.int32)
    kinds, careful = np.zeros((rows, 1), np.uint8), np.zeros(rows, np.uint8)
    line = np.zeros(rows, np.int64)
    names = _name_table(layout)
    found = json_cells.parse_lines(
        padded(raw), 0, len(raw), ends, *names, False, 1 << 20, starts, stops, kinds, line, careful
    )
    assert found == (rows, rows)
    out, offsets = np.zeros(len(raw) + 64, np.uint8), np.zeros(rows + 1, np.int64)
    valid = np.zeros(rows, np.bool_)
    json_values.read_texts(
        padded(raw), starts[:, 0], stops[:, 0], kinds[:, 0], out, offsets, valid, careful
    )
    assert not careful.any() and valid.all()
    found = [out[a:b].tobytes().decode() for a, b in pairwise(offsets)]
    assert found == texts
    written = np.zeros(8 * len(raw) + 64, np.uint8)
    last = np.zeros(rows, np.int64)
    tight = np.frombuffer(out[: offsets[-1]].tobytes(), np.uint8)  # nothing to read after its end
    json_write.string_cells(tight, offsets, valid, written, last, 0)
    cells = [written[a:b].tobytes() for a, b in zip([0, *last[:-1]], last, strict=True)]
    assert [json.loads(cell) for cell in cells] == texts
    assert json_write.escaped_bound(tight, 0, len(tight)) + 6 * rows >= last[-1]


def check_numbers():
    generator = random.Random(3)
    floats = [generator.uniform(-1, 1) * 10.0 ** generator.randrange(-25, 25) for _ in range(40)]
    texts = [repr(x) for x in floats] + ["0", "-0.0", "12", "1e22", "-1.5E-3", "0.1", "123456789"]
    raw = "".join(texts).encode()
    ends = np.cumsum([len(text) for text in texts]).astype(np.int32)
    starts = ends - np.array([len(text) for text in texts], np.int32)
    kinds = np.full(len(texts), json_cells.REAL, np.uint8)
    out, hard = np.zeros(len(texts)), np.zeros(len(texts), np.uint8)
    json_values.read_floats(padded(raw), starts, ends, kinds, out, hard)
    assert 0 < hard.sum() < len(texts)
    for text, value, is_hard in zip(texts, out, hard, strict=True):
        assert is_hard or float(text) == value
    whole = ["0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
             "18446744073709551615", "18446744073709551616", "99999999999999999999",
             "-0"]  # fmt: skip
    raw = "".join(whole).encode()
    ends = np.cumsum([len(text) for text in whole]).astype(np.int32)
    starts = ends - np.array([len(text) for text in whole], np.int32)
    kinds = np.full(len(whole), json_cells.INTEGER, np.uint8)
    for signed, low, high in ((True, -(2**63), 2**63), (False, 0, 2**64)):
        got, null = np.zeros(len(whole), np.uint64), np.zeros(len(whole), np.bool_)
        careful = np.zeros(len(whole), np.uint8)
        json_values.read_integers(padded(raw), starts, ends, kinds, signed, got, null, careful)
        for text, value, doubt in zip(whole, got, careful, strict=True):
            assert bool(doubt) != (low <= int(text) < high)
            if not doubt:
                assert int(value.astype(np.int64) if signed else value) == int(text)
    out, offsets = np.zeros(200, np.uint8), np.zeros(4, np.int64)
    json_values.write_ids(padded(b"f:"), 2, np.array([0, 10, 2**62]), out, offsets)
    assert out[: offsets[-1]].tobytes().decode() == f"f:0f:10f:{2**62}"


def check_csv():
    raw = b'a,"b ""c"", \n d",\r\n\n"",x\r\n1,2,3,4\n"open,1\nlast,one'
    spans, kinds = np.zeros((2, 9, 3), np.int64), np.zeros((9, 3), np.uint8)
    fields, states, places = np.zeros(9, np.int64), np.zeros(9, np.uint8), np.zeros(9, np.int64)
    found = csv_rows.split_rows(
        padded(raw), 0, len(raw), True, 44, 34, 100, *spans, kinds, fields, states, places
    )
    assert found == (5, len(raw))
    assert fields[:5].tolist()[:3] == [3, 2, 4] and states[:5].tolist() == [0, 0, 0, 3, 1]
    out, offsets = np.zeros(200, np.uint8), np.zeros(6, np.int64)
    valid, good = np.zeros(5, np.bool_), states[:5] < 2
    csv_rows.read_fields(
        padded(raw), spans[0, :5, 1], spans[1, :5, 1], kinds[:5, 1], good, out, offsets, valid
    )
    assert out[: offsets[-1]].tobytes() == b'b "c", \n dx2one' and valid.tolist() == [True] * 3 + [
        False,
        True,
    ]


def check(count=300):
    check_lines(count)
    check_texts(count)
    check_numbers()
    check_csv()


def test_kernels():
    check()


def test_kernels_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_json_kernels; test_json_kernels.check(25)"],
        cwd=os.path.dirname(__file__),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_readers_without_a_compiler(tmp_path):
    """The same frame, by the careful reader alone."""
    lines = [
        '{"id": "a", "t": "é\\n", "n": 1, "m": [1]}',
        "broken",
        '{"id": 5, "t": "\\ud800"}',
        "",
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + '{"t": "last"}')
    (tmp_path / "a.csv").write_text('id,t\n1,"a\n""b"\n2\n')
    code = (
        "import sys; from tamis.io import read_jsonl, read_csv; d = sys.argv[1];"
        "print([read_jsonl(d, block_size=30).compute().to_csv(), read_csv(d).compute().to_csv()])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env=os.environ | {"NUMBA_DISABLE_JIT": setting},
            capture_output=True, text=True, check=True,
        ).stdout
        for setting in "01"
    }  # fmt: skip
    assert len(found) == 1 and "json.syntax" in found.pop()
