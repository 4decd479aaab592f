"""Fields that no answer can have are refused before anything is asked."""

import json
import re

import pytest

from tamis import Pipeline, Prompt
from tamis.errors import SettingError

XY = {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}}
LIST = {"type": "object", "properties": {"list": {"type": "array", "items": XY}}}
CLOSED = [XY, XY | {"additionalProperties": False}, XY | {"required": ["x"]}]


@pytest.mark.parametrize("schema", CLOSED, ids=["named", "closed", "required"])
@pytest.mark.parametrize("fields", [["x", "z"], {"z": "w"}], ids=["names", "mapping"])
def test_a_field_that_is_none(schema, fields):
    told = "answer: fields='z': no property of the schema (properties: x, y)"
    with pytest.raises(SettingError, match=re.escape(told)):
        Prompt("{text}", model="m", schema=schema, fields=fields)


def test_a_field_that_no_item_has():
    for each, schema in (("list", LIST), ("", {"type": "array", "items": XY})):
        with pytest.raises(SettingError, match=r"no property of items.* \(properties: x, y\)"):
            Prompt("{text}", model="m", schema=schema, each=each, fields=["list"])
        Prompt("{text}", model="m", schema=schema, each=each, fields=["y"])


@pytest.mark.parametrize(
    ("each", "schema", "told"),
    [
        ("nope", LIST, r"each='nope': no property of the schema \(properties: list\)"),
        ("x", XY, "each='x': the schema has no list there, but string"),
        ("", XY, "each='': the schema has no list there, but object"),
    ],
)
def test_a_list_that_is_none(each, schema, told):
    with pytest.raises(SettingError, match=told):
        Prompt("{text}", model="m", schema=schema, each=each)
    listed = {"type": ["array", "null"], "items": XY}
    Prompt("{text}", model="m", schema=LIST | {"additionalProperties": True}, each="other")
    Prompt("{text}", model="m", schema={"type": "object", "properties": {"a": listed}}, each="a")
    Prompt("{text}", model="m", schema={"$ref": "#/$defs/a", "$defs": {"a": LIST}}, each="list")


def test_a_recipe_is_refused_too(tmp_path):
    entry = {"prompt": "{text}", "model": "m", "schema": XY, "fields": ["z"]}
    recipe = tmp_path / "asked.yaml"
    recipe.write_text(json.dumps({"name": "asked", "steps": [entry]}))
    with pytest.raises(SettingError, match="no property"):
        Pipeline.from_yaml(str(recipe))


OPEN = [
    XY | {"additionalProperties": True}, XY | {"additionalProperties": {"type": "string"}},
    XY | {"patternProperties": {"^z": {}}}, {"type": "object"}, {"$ref": "#/$defs/a", "$defs": {}},
    {"allOf": [XY, {"properties": {"z": {}}}]}, XY | {"anyOf": [{"properties": {"z": {}}}, {}]},
]  # fmt: skip


@pytest.mark.parametrize("schema", OPEN, ids=list("abcdefg"))
def test_a_schema_may_allow_others(schema):
    assert Prompt("{text}", model="m", schema=schema, fields=["z"]).fields == (("z", "z"),)
