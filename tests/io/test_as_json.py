"""Columns of free-form values as JSON text, and what the schema makes of them without."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError
from tamis.io import json_chunk

SHAPES = [{"a": 1}, {"a": "x", "b": [1, {"c": None}]}, [1, 2], 'te"xt\u00e9\n', 1.5, True, None]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_any_shape_is_kept_as_text(tmp_path):
    rows = [{"id": str(k), "meta": value, "text": "t"} for k, value in enumerate(SHAPES)]
    frame = tamis.read_jsonl(write(tmp_path / "a.jsonl", rows), as_json=["meta"]).compute()
    assert frame["dropped_why"].isna().all()
    assert str(frame["meta"].dtype) == "string"
    found = [None if pd.isna(text) else json.loads(text) for text in frame["meta"]]
    assert found == SHAPES
    assert frame["meta"][1] == '{"a":"x","b":[1,{"c":null}]}'


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=5), st.booleans())
def test_compiled_and_careful_reader_say_what_json_says(tmp_path_factory, values, ascii):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    lines = [
        json.dumps({"meta": value, "n": k}, ensure_ascii=ascii) for k, value in enumerate(values)
    ]
    path.write_text("\n".join(lines), "utf-8")
    expected = [
        None if v is None else json.dumps(v, ensure_ascii=False, separators=(",", ":"))
        for v in values
    ]
    for compiled in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not compiled:
                patch.setattr(json_chunk, "COMPILED", False)
            frame = tamis.read_jsonl(path, as_json=["meta"]).compute()
        assert [None if pd.isna(text) else text for text in frame["meta"]] == expected
        assert frame["n"].tolist() == list(range(len(values)))


@pytest.mark.parametrize(
    ("value", "code"),
    [("[1e999]", "json.number"), ('"\\ud800"', "text.surrogate"), ("{]", "json.syntax"),
     ("[NaN]", "json.number"), ('{"a":"\\ud800"}', "text.surrogate")],
)  # fmt: skip
def test_what_is_no_json_is_still_set_aside(tmp_path, value, code):
    path = tmp_path / "a.jsonl"
    path.write_text(
        f'{{"id":"a","meta":{{}}}}\n{{"id":"b","meta":{value}}}\n{{"id":"c","meta":[]}}'
    )
    frame = tamis.read_jsonl(path, as_json=["meta"]).compute()
    assert frame["meta"].tolist() == ["{}", pd.NA, "[]"]
    assert frame["dropped_why"][1].startswith(f"{code}: a.jsonl, line 2: ")


def test_without_it_the_reason_says_what_would_help(tmp_path):
    rows = [{"id": str(k), "meta": {"a": 1}} for k in range(9)] + [
        {"id": "x", "meta": {"b": 1}},
        {"id": "y", "meta": {"a": "text"}},
        {"id": "z", "meta": [1]},
    ]
    path = write(tmp_path / "a.jsonl", rows)
    why = tamis.read_jsonl(path, schema={"id": "str", "meta": tamis_struct()}).compute()
    for text, code in zip(why["dropped_why"][9:], ("column", "type", "type"), strict=True):
        assert text.startswith(f"schema.{code}: ")
        assert "as_json=['meta'] keeps it as text, whatever its shape; it begins" in text
    other = write(tmp_path / "b.jsonl", [{"id": "q", "meta": "text"}])
    with pytest.raises(DataError, match=r"column 'meta' is struct<.*as_json="):
        tamis.read_jsonl([path, other])
    both = tamis.read_jsonl([path, other], as_json="meta").compute()
    assert len(both) == 13 and both["dropped_why"].isna().all()
    assert both["meta"].iloc[-1] == '"text"'


def tamis_struct():
    import pyarrow as pa

    return pa.struct([("a", pa.int64())])


def test_settings(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"id": "a", "meta": {}}])
    with pytest.raises(ColumnError, match="as_json: the column 'more' is in no file"):
        tamis.read_jsonl(path, as_json=["more"])
    with pytest.raises(ColumnError, match="as_json: the column 'id' is the id"):
        tamis.read_jsonl(path, as_json=["id"])
    frame = tamis.read_jsonl(path, schema={"id": "str"}, as_json=["meta"])
    assert frame.compute()["meta"].tolist() == ["{}"]
    assert "meta" not in tamis.read_jsonl(path, as_json=["meta"], columns=["id"]).columns


def test_values_nested_too_deep_for_a_type_are_set_aside(tmp_path):
    deep = '{"id":"d","m":' + '{"a":' * 300 + "1" + "}" * 300 + "}"
    path = tmp_path / "a.jsonl"
    path.write_text(deep + '\n{"id":"e","m":{"a":{"a":null}}}\n')
    frame = tamis.read_jsonl(path).compute()
    assert frame["dropped_why"].isna().tolist() == [False, True]
    assert frame["dropped_why"][0].startswith("schema.type: a.jsonl, line 1: ")
    kept = tamis.read_jsonl(path, as_json=["m"]).compute()
    assert kept["dropped_why"].isna().all() and kept["m"][0].count("{") == 300
