"""The JSON Lines reader against Python's own parser, on generated and on broken lines."""

import json
import math

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.io.jsonl import read_jsonl

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("n", pa.int64()),
        ("x", pa.float64()),
        ("ok", pa.bool_()),
        ("tags", pa.list_(pa.string())),
        ("meta", pa.struct([("u", pa.int64()), ("v", pa.list_(pa.float64()))])),
    ]
)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
integers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5))
floats = st.floats(allow_nan=False, allow_infinity=False)
values = {
    "id": words,
    "text": words,
    "n": integers,
    "x": st.one_of(floats, st.integers(-(10**25), 10**25)),
    "ok": st.booleans(),
    "tags": st.lists(words, max_size=3),
    "meta": st.fixed_dictionaries({}, optional={"u": integers, "v": st.lists(floats, max_size=3)}),
}
rows = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.none(), value) for name, value in values.items()}
)
relaxed = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines_of(rows, spread):
    for row in rows:
        shape = next(spread)
        yield json.dumps(
            row,
            ensure_ascii=shape % 2 == 0,
            separators=[(",", ":"), (", ", ": "), (" , ", "\t:  ")][shape % 3],
        ).encode()


def written(path, lines, ending=b"\n"):
    path.write_bytes(b"".join(line + ending for line in lines))


def same(found, expected):
    if isinstance(expected, float) or isinstance(found, float):
        return found is not None and expected is not None and float(expected) == found
    if isinstance(expected, dict):
        return found is not None and all(same(found[k], expected.get(k)) for k in found)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected


def values_of(frame):
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    return table.to_pylist()


@relaxed
@given(st.lists(rows, max_size=12), st.randoms(use_true_random=False), st.integers(20, 3000))
def test_valid_objects_come_out_as_python_reads_them(tmp_path, objects, random, block):
    path = tmp_path / "a.jsonl"
    lines = list(lines_of(objects, iter(lambda: random.randrange(6), None)))
    written(path, lines, random.choice([b"\n", b"\r\n", b"\n\n", b" \n"]))
    frame = read_jsonl(path, schema=SCHEMA, block_size=block).compute(scheduler="sync")
    assert frame.dropped_by.isna().all(), frame.dropped_why.dropna().tolist()
    assert len(frame) == len(lines)
    for found, line in zip(values_of(frame), lines, strict=True):
        expected = json.loads(line)
        for name in SCHEMA.names:
            if name == "id" and expected.get("id") is None:
                continue
            assert same(found[name], expected.get(name)), (name, found[name], expected.get(name))


def is_good(line):
    """Whether Python reads the line as an object of the schema's types: the slow, obvious way."""
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=lambda name: 1 / 0)
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return isinstance(row, dict) and set(row) <= set(SCHEMA.names) and fits(row)


def fits(row):
    def integer(value):
        return type(value) is int and -(2**63) <= value < 2**63

    def real(value):
        try:
            return type(value) in (int, float) and math.isfinite(float(value))
        except OverflowError:
            return False

    def text(value):
        return isinstance(value, str)

    def listed(kind):
        return lambda value: isinstance(value, list) and all(v is None or kind(v) for v in value)

    def meta(value):
        inner = {"u": integer, "v": listed(real)}
        return isinstance(value, dict) and set(value) <= set(inner) and checked(value, inner)

    def checked(value, kinds):
        return all(v is None or kinds[k](v) for k, v in value.items())

    kinds = {"id": lambda v: text(v) or type(v) is int, "text": text, "n": integer, "x": real}
    kinds |= {"ok": lambda v: type(v) is bool, "tags": listed(text), "meta": meta}
    return checked(row, kinds)


@st.composite
def damaged(draw):
    line = draw(lines_strategy)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(line)))
        size = draw(st.integers(0, 3))
        noise = draw(
            st.one_of(
                st.binary(max_size=3),
                st.sampled_from(
                    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b".", b"e9",
                     b"\\u", b"\\ud800", b"\\udc00", b"\\u0000", b"NaN", b"null", b"true",
                     b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80", b"\t", b"1E5",
                     b'"x":', b'"text":1', b'"n":"1"', b"1.0", b"9" * 25]
                ),
            )
        )  # fmt: skip
        line = line[:place] + noise.replace(b"\n", b"") + line[place + size :]
    return line


lines_strategy = rows.map(lambda row: json.dumps(row, ensure_ascii=False).encode())


@settings(relaxed, max_examples=200)
@given(st.lists(damaged(), max_size=8), st.integers(10, 2000))
def test_damaged_lines_are_judged_as_python_judges_them(tmp_path, lines, block):
    path = tmp_path / "a.jsonl"
    lines = [line for line in lines if line.strip(b" \t\r")]
    if lines and lines[0].startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        lines = lines[1:]
    written(path, lines)
    frame = read_jsonl(path, schema=SCHEMA, block_size=block).compute(scheduler="sync")
    assert len(frame) == len(lines)
    offset = 0
    for number, (found, line) in enumerate(zip(values_of(frame), lines, strict=True), 1):
        good = is_good(line)
        assert (found["dropped_by"] is None) == good, (line, found["dropped_why"])
        if good:
            expected = json.loads(line)
            assert all(
                same(found[name], expected.get(name)) for name in SCHEMA.names if name != "id"
            ), (found, expected)
        else:
            assert f": a.jsonl, line {number}: " in found["dropped_why"]
            assert found["id"] == f"a.jsonl:{offset}"
            assert all(found[name] is None for name in SCHEMA.names if name != "id")
        offset += len(line) + 1


@settings(relaxed, max_examples=40)
@given(st.lists(damaged(), max_size=8), st.integers(5, 500), st.booleans())
def test_blocks_do_not_matter(tmp_path, lines, block, newline_at_end):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + (b"\n" if newline_at_end else b""))
    whole = read_jsonl(path, schema=SCHEMA).compute(scheduler="sync").reset_index(drop=True)
    parts = read_jsonl(path, schema=SCHEMA, block_size=block).compute(scheduler="sync")
    assert parts.reset_index(drop=True).equals(whole)
    assert parts.dtypes.equals(whole.dtypes)
