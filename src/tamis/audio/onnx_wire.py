"""The few messages of ONNX's file format (protocol buffers) that are read and written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_INTS = 7  # the type of an attribute that is a list of integers, 2: one integer
INT64 = 7  # of ONNX's element types


def fields(message: bytes | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The numbers and values of a message's fields; `ValueError` where it is none."""
    view, at = memoryview(message), 0
    while at < len(view):
        tag, at = _varint(view, at)
        kind, value = tag & 7, 0
        if kind == _VARINT:
            value, at = _varint(view, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(view, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        if at + size > len(view):
            raise ValueError("a field is longer than its message")
        yield tag >> 3, view[at : at + size]
        at += size


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    found, shift = 0, 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError("a number does not end")
        found |= (view[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not view[at - 1] & 0x80:
            return found, at


def number(field: int, value: int) -> bytes:
    """A field that is a whole number; negative ones as two's complement."""
    return _written(field << 3 | _VARINT) + _written(value & (1 << 64) - 1)


def piece(field: int, content: bytes | str) -> bytes:
    """A field that is text, bytes or a message."""
    data = content.encode() if isinstance(content, str) else content
    return _written(field << 3 | _BYTES) + _written(len(data)) + data


def _written(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], **settings: object) -> bytes:
    """A node of a graph; settings are integers or lists of them."""
    made = b"".join(piece(1, name) for name in inputs)
    made += b"".join(piece(2, name) for name in outputs) + piece(4, kind)
    for name, value in settings.items():
        one = piece(1, name)
        if isinstance(value, int):
            one += number(3, value) + number(20, 2)
        else:
            assert isinstance(value, list)
            one += b"".join(number(8, v) for v in value) + number(20, _INTS)
        made += piece(5, one)
    return piece(1, made)


def integers(name: str, values: Sequence[int]) -> bytes:
    """A constant of a graph: int64 of [values]."""
    data = b"".join(value.to_bytes(8, "little", signed=True) for value in values)
    return piece(5, number(1, len(values)) + number(2, INT64) + piece(8, name) + piece(9, data))


def floats(field: int, name: str, shape: Sequence[int | str]) -> bytes:
    """An input (11) or output (12) of a graph: float32 of a shape, in which names are any size."""
    sizes = b"".join(
        piece(1, number(1, size) if isinstance(size, int) else piece(2, size)) for size in shape
    )
    return piece(field, piece(1, name) + piece(2, piece(1, number(1, 1) + piece(2, sizes))))


def model(graph: bytes, opset: int) -> bytes:
    """A whole file."""
    return number(1, 8) + piece(8, piece(1, "") + number(2, opset)) + piece(7, graph)
