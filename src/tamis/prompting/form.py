"""The form that an answer must have: a JSON schema, always checked here."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError, SettingError
from tamis.prompting.reply import Unfit, encodable
from tamis.prompting.thoughts import unthought

Structured = Literal["schema", "object", "prompt"]
STRUCTURED = ("schema", "object", "prompt")
_FENCE = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_KINDS = {"number": "float64", "integer": "Int64", "boolean": "boolean"}
_WIDEST = 1 << 63
_COMPOSED = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else",
             "dependentSchemas", "patternProperties", "unevaluatedProperties"}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A JSON schema as text (so that it can be hashed), and how the endpoint is told of it."""

    schema: str
    structured: Structured = "schema"

    @classmethod
    def of(cls, schema: Any, structured: Any) -> Form:
        """From a mapping, its JSON text, or a class of pydantic's."""
        if structured not in STRUCTURED:
            raise SettingError(f"structured={structured!r}: one of {', '.join(STRUCTURED)}")
        if hasattr(schema, "model_json_schema"):
            schema = schema.model_json_schema()
        if isinstance(schema, str):
            try:
                schema = json.loads(schema)
            except ValueError as error:
                raise SettingError(f"schema= is not JSON: {error}") from None
        if not isinstance(schema, Mapping) or not schema:
            raise SettingError("schema= is a JSON schema: a mapping such as {'type': 'object', …}")
        try:
            text = json.dumps(schema, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise SettingError(f"schema= is not JSON: {error}") from None
        return cls(text, structured)

    @property
    def data(self) -> Any:
        """The schema itself."""
        return json.loads(self.schema)

    def validate(self) -> None:
        """Raise `SettingError` where the schema is none, as far as that can be told here."""
        try:
            _validator(self.schema)
        except MissingPackageError:
            return  # said before a run, for all packages that steps lack together

    def asked(self) -> dict[str, Any] | None:
        """The response format that the endpoint is asked for."""
        if self.structured == "prompt":
            return None
        if self.structured == "object":
            return {"type": "json_object"}
        named = {"name": "answer", "schema": self.data, "strict": _strict(self.data)}
        return {"type": "json_schema", "json_schema": named}

    def words(self) -> str:
        """The same said to the model."""
        return f"Answer with JSON alone, which fits this JSON schema:\n{self.schema}"

    def read(self, text: str) -> Any:
        """The answer as data that fits the schema; `BadRecord` says why it does not.

        A thought before it (`<think>…</think>`), a fence around it, and words before and behind it
        are left out.
        """
        words = unthought(text).strip()
        fenced = _FENCE.search(words) if words[:1] not in "{[" else None
        try:
            found = _parsed(fenced[1] if fenced else words)
        except (ValueError, RecursionError) as error:
            told = f"not JSON: {_syntax(error)}"
            raise Unfit("prompt.schema", told, f"{told}; it begins {text[:60]!r}") from None
        fault = _first_error(_validator(self.schema), found)
        if fault is not None:
            raise Unfit("prompt.schema", *fault)
        return found

    def items(self, each: str | None) -> Any:
        """The schema of the whole, or of the items of its list `each` ("" where it is the list)."""
        schema = self.data
        if each is None:
            return schema
        if each:
            schema = _object(schema.get("properties")).get(each)
        return _object(_object(schema).get("items"))

    def check_property(self, field: str, each: str | None, name: str) -> None:
        """Raise `SettingError` where an object that fits has no such property.

        One that the schema does not name is one only where it says that there are others, or is
        put together of other schemas.
        """
        told = _object(self.items(each))
        named = told.get("properties")
        if not isinstance(named, dict):
            if told.get("additionalProperties") is not False:
                return
            named = {}
        others = told.get("additionalProperties") not in (None, False)
        if field in named or others or _COMPOSED & set(told):
            return
        have = ", ".join(named) or "none"
        whose = "the schema" if each is None else f"items of {each!r}" if each else "items"
        raise SettingError(f"{name}: fields={field!r}: no property of {whose} (properties: {have})")

    def check_list(self, each: str, name: str) -> None:
        """Raise `SettingError` where what fits has no list of that name ("": is no list)."""
        told = self.data
        if each:
            named = _object(told).get("properties")
            if not isinstance(named, dict) or _COMPOSED & set(told):
                return
            if each not in named:
                if told.get("additionalProperties") in (None, False):
                    have = ", ".join(named) or "none"
                    raise SettingError(
                        f"{name}: each={each!r}: no property of the schema (properties: {have})"
                    )
                return
            told = _object(named[each])
        kind = told.get("type")
        if kind is not None and "array" not in (kind if isinstance(kind, list) else [kind]):
            raise SettingError(f"{name}: each={each!r}: the schema has no list there, but {kind}")

    def most_items(self, each: str) -> int | None:
        """The most items that the schema lets its list `each` have; None where it says nothing."""
        found = self.data
        if each:
            found = _object(_object(found).get("properties")).get(each)
        most = _object(found).get("maxItems")
        return int(most) if isinstance(most, int | float) and most >= 1 else None

    def dtype(self, field: str, each: str | None) -> str:
        """The dtype of the column that a property becomes: what is no scalar is text, as JSON."""
        told = _object(_object(self.items(each).get("properties")).get(field)).get("type")
        kinds = [k for k in (told if isinstance(told, list) else [told]) if k != "null"]
        return _KINDS.get(str(kinds[0]), "string") if len(kinds) == 1 else "string"


def column_value(value: Any, dtype: str) -> Any:
    """A value of JSON as a column of this dtype holds it; `BadRecord` where it cannot."""
    if value is None:
        return None
    if dtype == "string":
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return encodable(text)
    if dtype == "Int64":
        if not -_WIDEST <= value < _WIDEST:
            raise BadRecord("prompt.schema", "a number is wider than 64 bits")
        return int(value)
    return float(value) if dtype == "float64" else value


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    try:
        import jsonschema
        import referencing
    except ImportError as error:
        raise MissingPackageError(
            "schema= needs jsonschema: pip install 'tamis[prompt]'"
        ) from error
    data = json.loads(schema)
    kind = jsonschema.validators.validator_for(data, jsonschema.Draft202012Validator)
    try:
        kind.check_schema(data)
    except jsonschema.SchemaError as error:
        place = "/".join(map(str, error.absolute_path)) or "its top"
        raise SettingError(
            f"schema= is no JSON schema: at {place}: {error.message[:200]}"
        ) from None
    return kind(data, registry=referencing.Registry())  # which looks nothing up elsewhere


def _first_error(validator: Any, found: Any) -> tuple[str, str] | None:
    """Where data does not fit: the place and the rule, and the same with what stands there."""
    import jsonschema
    import referencing.exceptions

    try:
        errors = list(validator.iter_errors(found))
    except referencing.exceptions.Unresolvable as error:
        raise SettingError(f"schema= points to what is not in it: {error}"[:300]) from None
    except RecursionError:
        return "nested too deep", "nested too deep"
    if not errors:
        return None
    worst = jsonschema.exceptions.best_match(errors)
    place = "/".join(map(str, worst.absolute_path))
    full = " ".join(f"{place}: {worst.message}".strip(": ").split())[:200]
    return f"{_place(worst, validator.schema)}{_rule(worst)}"[:200], full


def _place(error: Any, schema: Any) -> str:
    """The path to what does not fit; names that the schema does not have are the model's: `*`."""
    known = set(_named(schema))
    path = [str(p) if isinstance(p, int) or p in known else "*" for p in error.absolute_path]
    return f"{'/'.join(path)}: " if path else ""


def _rule(error: Any) -> str:
    """The rule of the schema that is broken."""
    rule, value = str(error.validator), error.validator_value
    if rule == "required" and isinstance(value, list) and isinstance(error.instance, dict):
        missing = ", ".join(str(one) for one in value if one not in error.instance)
        return f"lacks {missing} (required)"
    told = json.dumps(value, ensure_ascii=False, default=str)
    if rule == "None":
        return "nothing fits there (false)"
    return f"does not fit {rule}" + (f" {told}" if len(told) <= 100 else "")


def _named(schema: Any) -> Iterator[str]:
    """All properties that a schema names, at any depth."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for one in schema:
            yield from _named(one)


def _parsed(words: str) -> Any:
    """JSON, or the only JSON that stands among words; `ValueError` where there is none."""
    try:
        return _JSON.decode(words)
    except json.JSONDecodeError:
        begin = re.search(r"[{\[]", words)
        if begin is None or not begin.start():
            raise
        try:
            found, end = _JSON.raw_decode(words, begin.start())
        except json.JSONDecodeError:
            found, end = None, 0
        if not end or re.search(r"[{\[]", words[end:]):
            raise
        return found


def _syntax(error: Exception) -> str:
    """What is wrong with JSON and where, without its text."""
    if isinstance(error, json.JSONDecodeError):
        wrong = error.msg.partition(":")[0]
        return f"{wrong} at line {error.lineno}, column {error.colno}"
    return (str(error) if isinstance(error, ValueError) else "") or "nested too deep"


def _strict(schema: Any) -> bool:
    """Whether all objects name all they have: what endpoints ask for, to promise the schema."""
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, dict):
        return True
    if isinstance(schema.get("properties"), dict):
        named, needed = set(schema["properties"]), schema.get("required", [])
        if schema.get("additionalProperties") is not False or named - set(needed):
            return False
    return all(map(_strict, schema.values()))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse)
