"""Values between a decoder's process and ours: JSON and raw buffers, never pickle.

What comes back may have been written by hostile code, so everything in it is checked: sizes,
dtypes and shapes, and the only classes it can name are tuples of fields in modules that decode.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

KINDS = "biufc"  # of numpy's dtypes: numbers only, no objects
Buffer = bytes | bytearray | memoryview


class Nonsense(ValueError):
    """A message that no decoder of ours writes."""


def pack(value: Any) -> tuple[bytes, list[Any]]:
    """A value as JSON and the buffers that it refers to by number.

    Plain values, bytes, lists, tuples, named tuples, dicts and numpy arrays of numbers; anything
    else is a `TypeError`.

    >>> pack({"width": 3, "data": b"abc"})
    (b'{"d":[["width",3],["data",{"b":0}]]}', [b'abc'])
    """
    buffers: list[Any] = []
    return json.dumps(_plain(value, buffers), separators=(",", ":")).encode(), buffers


def unpack(text: Buffer, buffers: Sequence[Any], trusted: Callable[[str], bool]) -> Any:
    """The value of `pack`; `trusted` says from which modules named tuples may be.

    >>> unpack(*pack({"width": 3, "data": b"abc"}), trusted=lambda module: False)
    {'width': 3, 'data': b'abc'}
    """
    try:
        return _value(json.loads(bytes(text)), buffers, trusted)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Nonsense(str(error)) from error


def _plain(value: Any, buffers: list[Any]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        buffers.append(bytes(value))
        return {"b": len(buffers) - 1}
    if isinstance(value, list):
        return {"l": [_plain(v, buffers) for v in value]}
    if isinstance(value, dict):
        return {"d": [[_plain(k, buffers), _plain(v, buffers)] for k, v in value.items()]}
    if isinstance(value, tuple):
        parts = [_plain(v, buffers) for v in value]
        if not hasattr(value, "_fields"):
            return {"t": parts}
        kind = type(value)
        return {"n": [kind.__module__, kind.__qualname__], "v": parts}
    return _array(value, buffers)


def _array(value: Any, buffers: list[Any]) -> Any:
    import numpy as np

    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in KINDS:
        array = np.ascontiguousarray(value)
        buffers.append(array.reshape(-1).view(np.uint8).data)
        tag = "a" if isinstance(value, np.ndarray) else "g"
        return {tag: len(buffers) - 1, "k": array.dtype.str, "s": list(value.shape)}
    raise TypeError(
        f"{type(value).__name__} cannot pass between processes: plain values and arrays only"
    )


def _value(part: Any, buffers: Sequence[Any], trusted: Callable[[str], bool]) -> Any:
    if not isinstance(part, dict):
        if isinstance(part, list):
            raise Nonsense("a list without a tag")
        return part
    tag = next(iter(part), "")
    if tag == "b":
        return bytes(buffers[part[tag]])
    if tag in ("a", "g"):
        return _numbers(part, tag, buffers)
    if tag == "l":
        return [_value(v, buffers, trusted) for v in part[tag]]
    if tag == "t":
        return tuple(_value(v, buffers, trusted) for v in part[tag])
    if tag == "d":
        return {_value(k, buffers, trusted): _value(v, buffers, trusted) for k, v in part[tag]}
    if tag == "n":
        return _named(part[tag], [_value(v, buffers, trusted) for v in part["v"]], trusted)
    raise Nonsense(f"an unknown tag {tag[:20]!r}")


def _numbers(part: Any, tag: str, buffers: Sequence[Any]) -> Any:
    import numpy as np

    dtype, shape, data = np.dtype(str(part["k"])), part["s"], buffers[part[tag]]
    sizes = all(type(n) is int and n >= 0 for n in shape) and len(shape) <= 8
    if dtype.kind not in KINDS or not sizes or math.prod(shape) * dtype.itemsize != len(data):
        raise Nonsense("an array's size is not that of its data")
    array = np.empty(tuple(shape), dtype)
    array.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, np.uint8)
    return array[()] if tag == "g" else array


def _named(name: Any, values: list[Any], trusted: Callable[[str], bool]) -> Any:
    module, qualified = name
    if not trusted(module):
        raise Nonsense("a tuple of a module that does not decode")
    __import__(module)
    kind: Any = sys.modules[module]
    for attribute in qualified.split("."):
        kind = getattr(kind, attribute)
    if not (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")):
        raise Nonsense("not a tuple of fields")
    return kind(*values)
