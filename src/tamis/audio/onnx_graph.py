"""A part of a model in ONNX: what is computed between two of its tensors.

Only a few fields of the file are read and the rest is copied: the nodes on the way, the weights
that they use. So no package for ONNX is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tamis.audio.onnx_wire import fields, floats, number, piece
from tamis.errors import DataError

_GRAPH, _NODE, _NAME, _INITIALIZER, _INPUT, _OUTPUT = 7, 1, 2, 5, 11, 12  # onnx.proto
_TENSOR_NAME = 8


class End(NamedTuple):
    """A tensor of float32 at which a part begins or ends; names of dimensions are any size."""

    name: str
    shape: Sequence[int | str]


def cut(model: bytes, given: End, wanted: End) -> bytes:
    """The model that computes `wanted` from `given`, both tensors of `model`."""
    try:
        return _cut(model, given, wanted)
    except ValueError as error:
        raise DataError(f"the file is no whole model in ONNX: {error}") from None


def _cut(model: bytes, given: End, wanted: End) -> bytes:
    head, graph = [], b""
    for field, value in fields(model):
        if field == _GRAPH:
            graph = _bytes(value)
        else:
            head.append(_again(field, value))
    nodes, weights = [], {}
    for field, value in fields(graph):
        if field == _NODE:
            names: dict[int, set[str]] = {1: set(), 2: set()}  # what it takes, what it gives
            for kind, name in fields(_bytes(value)):
                if kind in names:
                    names[kind].add(_bytes(name).decode())
            nodes.append((names[1], names[2], _again(field, value)))
        elif field == _INITIALIZER:
            (name,) = [v for kind, v in fields(_bytes(value)) if kind == _TENSOR_NAME]
            weights[_bytes(name).decode()] = _again(field, value)
    needed, kept = {wanted.name}, []
    for takes, gives, raw in reversed(nodes):
        if gives & needed:
            kept.append(raw)
            needed |= takes - {given.name}
    known = {name for _, gives, _ in nodes for name in gives} | weights.keys() | {given.name, ""}
    if not kept or not needed - {wanted.name} <= known:
        raise DataError(f"the model has no way from {given.name!r} to {wanted.name!r}")
    body = [*reversed(kept), piece(_NAME, "part")]
    body += [raw for name, raw in weights.items() if name in needed]
    body += [floats(_INPUT, *given), floats(_OUTPUT, *wanted)]
    return b"".join(head) + piece(_GRAPH, b"".join(body))


def _again(field: int, value: int | memoryview) -> bytes:
    """A field as it was."""
    return number(field, value) if isinstance(value, int) else piece(field, bytes(value))


def _bytes(value: int | memoryview) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return bytes(value)
