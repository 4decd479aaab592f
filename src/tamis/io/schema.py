"""Column types: told by the user, found in data, reconciled between files, as pandas dtypes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.errors import DataError, SettingError
from tamis.frame import STRING

TEXT = pa.large_string()
_NAMES = {
    "str": TEXT, "string": TEXT, "text": TEXT, "object": TEXT,
    "int": pa.int64(), "int64": pa.int64(), "uint64": pa.uint64(),
    "float": pa.float64(), "float64": pa.float64(), "double": pa.float64(),
    "bool": pa.bool_(), "boolean": pa.bool_(),
}  # fmt: skip
_MASKED = {
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(), pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}  # fmt: skip


def normal(type: pa.DataType) -> pa.DataType:
    """The type a column has in a frame: 64-bit text offsets, no dictionaries, no type null."""
    if pa.types.is_dictionary(type):
        return normal(type.value_type)
    if pa.types.is_string(type) or pa.types.is_null(type) or type == pa.string_view():
        return TEXT
    if pa.types.is_list(type) or pa.types.is_large_list(type):
        return pa.list_(normal(type.value_type))
    if pa.types.is_struct(type):
        return pa.struct([(field.name, normal(field.type)) for field in type])
    return type


def dtype(type: pa.DataType) -> Any:
    """The pandas dtype of a column: text, nullable integers and booleans, floats, else Arrow's own.

    >>> dtype(pa.int64()), dtype(pa.list_(pa.float32()))
    (Int64Dtype(), list<item: float>[pyarrow])
    """
    if type == TEXT:
        return STRING
    if type in _MASKED:
        return _MASKED[type]
    if pa.types.is_float32(type) or pa.types.is_float64(type):
        return type.to_pandas_dtype()
    return pd.ArrowDtype(type)


def declared(schema: Any, *, checked: Callable[[str, pa.DataType], None]) -> dict[str, pa.DataType]:
    """The user's `schema=` as column types: a pyarrow schema, or names and type names."""
    if isinstance(schema, pa.Schema):
        types = {field.name: field.type for field in schema}
    elif isinstance(schema, Mapping):
        types = {name: _named(name, given) for name, given in schema.items()}
    else:
        raise SettingError(
            f"schema must be a pyarrow schema or a mapping of column to type, found {schema!r}"
        )
    types = {name: normal(type) for name, type in types.items()}
    for name, type in types.items():
        checked(name, type)
    return types


def _named(name: str, given: Any) -> pa.DataType:
    if isinstance(given, pa.DataType):
        return given
    known = _NAMES.get(str(given).lower())
    if known is None:
        raise SettingError(
            f"schema: {given!r} is no type for column {name!r}; use one of "
            f"{', '.join(sorted(_NAMES))} or a pyarrow type"
        )
    return known


def json_type(name: str, type: pa.DataType) -> None:
    """Refuse a type that JSON cannot hold."""
    if pa.types.is_list(type):
        json_type(name, type.value_type)
    elif pa.types.is_struct(type):
        for field in type:
            json_type(f"{name}.{field.name}", field.type)
    elif type not in (TEXT, pa.int64(), pa.uint64(), pa.float64(), pa.bool_()):
        raise SettingError(
            f"schema: column {name!r} is {type}, which JSON has not; read it as string, int64, "
            "uint64, float64, bool, list or struct and convert it afterwards"
        )


def merge(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both without loss of kind; None if there is none.

    Null gives way to anything, integers widen (to float beside float), lists and structs merge
    inside, structs take the fields of both.
    """
    if a == b or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    if pa.types.is_list(a) and pa.types.is_list(b):
        inner = merge(a.value_type, b.value_type)
        return None if inner is None else pa.list_(inner)
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        return _merge_structs(a, b)
    if pa.types.is_integer(a) and pa.types.is_integer(b):
        return _merge_integers(a, b)
    numbers = [t for t in (a, b) if pa.types.is_integer(t) or pa.types.is_floating(t)]
    if len(numbers) == 2:
        small = all(t in (pa.float32(), pa.float16(), pa.int8(), pa.int16()) for t in numbers)
        return pa.float32() if small else pa.float64()
    return None


def _merge_structs(a: pa.StructType, b: pa.StructType) -> pa.DataType | None:
    fields = {field.name: field.type for field in a}
    for field in b:
        merged = merge(fields.get(field.name, pa.null()), field.type)
        if merged is None:
            return None
        fields[field.name] = merged
    return pa.struct(list(fields.items()))


def _merge_integers(a: pa.DataType, b: pa.DataType) -> pa.DataType:
    if pa.types.is_unsigned_integer(a) != pa.types.is_unsigned_integer(b):
        return pa.int64()
    return a if a.bit_width >= b.bit_width else b


def _short(type: pa.DataType) -> str:
    text = str(type)
    return text if len(text) <= 80 else text[:77] + "..."


def reconcile(found: list[tuple[str, dict[str, pa.DataType]]]) -> dict[str, pa.DataType]:
    """One type per column over all files; `DataError` naming two files that cannot agree."""
    types: dict[str, pa.DataType] = {}
    origin: dict[str, str] = {}
    for file, columns in found:
        for name, type in columns.items():
            merged = merge(types.get(name, pa.null()), type)
            if merged is None:
                raise DataError(
                    f"column {name!r} is {_short(types[name])} in {origin[name]} but "
                    f"{_short(type)} in {file}; "
                    "read them apart, or declare the column with schema= and rows that do not fit "
                    "are set aside"
                )
            if merged != types.get(name):
                types[name], origin[name] = merged, file
    return {name: normal(type) for name, type in types.items()}
