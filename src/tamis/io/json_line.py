"""One line of JSON read with care: its values in the columns' types, or why it cannot be.

This is the judge of every line the compiled parser does not vouch for, and the meaning of the
format: Python's own parser, strict about what RFC 8259 leaves out (NaN, lone surrogates).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa

from tamis.codes import BadRecord
from tamis.io.schema import TEXT

DEPTH = 512  # of nested objects and arrays
_DIGITS = 1000  # of an integer
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass(frozen=True)
class Layout:
    """What the columns of a JSON Lines data set are.

    `known` are all keys with their types, `kept` those read, `id_key` the one that becomes `id`;
    `ignore` passes over keys that are not known. Columns in `as_json` are text: the JSON of values
    of any shape.
    """

    known: tuple[tuple[str, pa.DataType], ...]
    kept: tuple[str, ...]
    id_key: str | None
    ignore: bool
    max_line: int
    as_json: tuple[str, ...] = ()

    def __dask_tokenize__(self) -> str:
        known = [(name, str(type)) for name, type in self.known]
        return repr((known, self.kept, self.id_key, self.ignore, self.max_line, self.as_json))

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The types of the keys that are read."""
        known = dict(self.known)
        return {name: known[name] for name in self.kept}


def read_line(raw: bytes, layout: Layout) -> dict[str, Any]:
    """The values of the kept keys of one line; raises `BadRecord`."""
    if len(raw) > layout.max_line:
        raise BadRecord(
            "json.too_long",
            f"the line has more than {layout.max_line} bytes; set max_line to read it",
        )
    found = load_line(raw)
    known = dict(layout.known)
    if not layout.ignore:
        for name in found:
            if name not in known:
                raise BadRecord("schema.column", _unknown(name))
    values = {}
    for name in layout.kept:
        value = found.get(name)
        if name == layout.id_key and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if name in layout.as_json:
            values[name] = json_text(value, name)
            continue
        try:
            values[name] = fit(value, known[name], name, layout.ignore)
        except BadRecord as error:
            if not (pa.types.is_nested(known[name]) and error.code.startswith("schema.")):
                raise
            advice = f"as_json=[{name!r}] keeps it as text, whatever its shape"
            raise BadRecord(error.code, f"{error.detail}; {advice}") from None
    return values


def load_line(raw: bytes) -> dict[str, Any]:
    """The object of one line as Python values; raises `BadRecord`."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"{error.reason} at byte {error.start + 1} of the line"
        raise BadRecord("text.utf8", detail) from None
    if text.count("[") + text.count("{") > DEPTH and _depth(text) > DEPTH:
        raise BadRecord("json.depth", f"values are nested more than {DEPTH} deep")
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at character {error.pos + 1}"
        if text.strip() in ("[", "{", "[{"):
            detail += "; JSON Lines has a whole object on each line"
        raise BadRecord("json.syntax", detail) from None
    except RecursionError:
        raise BadRecord("json.depth", "values are nested too deep") from None
    if not isinstance(found, dict):
        kind = {list: "an array", str: "a string", type(None): "null"}.get(type(found), "a value")
        raise BadRecord("json.not_object", f"the line is {kind}, not an object")
    return found


def json_text(value: Any, name: str) -> str | None:
    """A value of any shape as compact JSON; null stays null. Raises `BadRecord`."""
    if value is None:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        detail = f"column {name!r} holds a number that does not fit a double"
        raise BadRecord("json.number", detail) from None
    return _text(text, name)


def fit(value: Any, type: pa.DataType, name: str, ignore: bool) -> Any:
    """The value as its column holds it; `BadRecord` when it is of another type."""
    if value is None:
        return None
    if type == TEXT:
        if isinstance(value, str):
            return _text(value, name)
    elif pa.types.is_integer(type):
        if isinstance(value, int) and not isinstance(value, bool):
            low, high = (-(2**63), 2**63) if type == pa.int64() else (0, 2**64)
            if low <= value < high:
                return value
            raise BadRecord("json.number", f"column {name!r}: {_short(value)} does not fit {type}")
    elif pa.types.is_floating(type):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _float(value, name)
    elif pa.types.is_boolean(type):
        if isinstance(value, bool):
            return value
    elif pa.types.is_list(type):
        if isinstance(value, list):
            return [fit(item, type.value_type, f"{name}[]", ignore) for item in value]
    elif isinstance(value, dict):
        return _fit_struct(value, type, name, ignore)
    raise BadRecord("schema.type", f"column {name!r} is {_short(type)}, found {_kind(value)}")


def _fit_struct(value: dict[str, Any], type: pa.StructType, name: str, ignore: bool) -> Any:
    types = {field.name: field.type for field in type}
    if not ignore:
        for key in value:
            if key not in types:
                raise BadRecord("schema.column", _unknown(f"{name}.{key}"))
    return {
        key: fit(value.get(key), inner, f"{name}.{key}", ignore) for key, inner in types.items()
    }


def _unknown(name: str) -> str:
    return f"{_short(name)} is not in the schema; add it with schema=, or pass unknown='ignore'"


def _text(value: str, name: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        half = f"\\u{ord(value[error.start]):04x}"
        detail = f"column {name!r} holds half of a character ({half}, a lone surrogate)"
        raise BadRecord("text.surrogate", detail) from None
    return value


def _float(value: float, name: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise BadRecord("json.number", f"column {name!r}: {_short(value)} does not fit a double")
    return number


def _constant(name: str) -> NoReturn:
    raise BadRecord("json.number", f"{name} is not JSON; null stands for a missing number")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise BadRecord("json.number", f"an integer of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_int=_integer)


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"{'text' if isinstance(value, str) else 'the value'} {_short(json.dumps(value))}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
