"""A part of a model in ONNX: what is computed between two of its tensors.

ONNX is a protocol buffer, of which only a few fields are read here and the rest is copied byte for
byte: the nodes on the way, the weights that they use. So no package for ONNX is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tamis.errors import DataError

_GRAPH, _NODE, _NAME, _INITIALIZER, _INPUT, _OUTPUT = 7, 1, 2, 5, 11, 12  # onnx.proto
_TENSOR_NAME, _FLOAT = 8, 1


class End(NamedTuple):
    """A tensor of float32 at which a part begins or ends; names of dimensions are any size."""

    name: str
    shape: Sequence[int | str]


def cut(model: bytes, given: End, wanted: End) -> bytes:
    """The model that computes `wanted` from `given`, both tensors of `model`."""
    head, graph = [], b""
    for number, value, raw in _fields(model):
        if number == _GRAPH:
            graph = value
        else:
            head.append(raw)
    nodes, weights = [], {}
    for number, value, raw in _fields(graph):
        if number == _NODE:
            names: dict[int, set[str]] = {1: set(), 2: set()}  # what it takes, what it gives
            for kind, name, _ in _fields(value):
                if kind in names:
                    names[kind].add(name.decode())
            nodes.append((names[1], names[2], raw))
        elif number == _INITIALIZER:
            (name,) = [v for kind, v, _ in _fields(value) if kind == _TENSOR_NAME]
            weights[name.decode()] = raw
    needed, kept = {wanted.name}, []
    for takes, gives, raw in reversed(nodes):
        if gives & needed:
            kept.append(raw)
            needed |= takes - {given.name}
    known = {name for _, gives, _ in nodes for name in gives} | weights.keys() | {given.name, ""}
    if not kept or not needed - {wanted.name} <= known:
        raise DataError(f"the model has no way from {given.name!r} to {wanted.name!r}")
    body = [*reversed(kept), _bytes(_NAME, b"part")]
    body += [raw for name, raw in weights.items() if name in needed]
    body += [_bytes(_INPUT, _tensor(given)), _bytes(_OUTPUT, _tensor(wanted))]
    return b"".join(head) + _bytes(_GRAPH, b"".join(body))


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The number of each field, its value (of fields of bytes), and the field as it is."""
    at = 0
    try:
        while at < len(data):
            start = at
            key, at = _number(data, at)
            value = b""
            if key & 7 == 0:
                _, at = _number(data, at)
            elif key & 7 == 2:
                length, at = _number(data, at)
                value, at = data[at : at + length], at + length
            else:
                at += {1: 8, 5: 4}[key & 7]
            if at > len(data):
                raise DataError("the file of ONNX ends early")
            yield key >> 3, value, data[start:at]
    except (IndexError, KeyError):
        raise DataError("the file is no whole model in ONNX") from None


def _number(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7


def _spelled(number: int) -> bytes:
    made = b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


def _bytes(field: int, value: bytes) -> bytes:
    return _spelled(field << 3 | 2) + _spelled(len(value)) + value


def _tensor(end: End) -> bytes:
    """A ValueInfoProto: name, and a type of float32 with its dimensions."""
    dimensions = b"".join(
        _bytes(1, _bytes(2, one.encode()) if isinstance(one, str) else b"\x08" + _spelled(one))
        for one in end.shape
    )
    kind = _bytes(1, b"\x08" + _spelled(_FLOAT) + _bytes(2, dimensions))
    return _bytes(1, end.name.encode()) + _bytes(2, kind)
