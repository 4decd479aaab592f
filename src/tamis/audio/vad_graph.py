"""Silero's network with the weights of its package, computed as a few large products.

The graphs that the package ships convolve each frame by itself, which keeps a core waiting for
small loops: convolutions over three places are products of matrices here, of all frames of all
streams at once, and the recurrent layer goes through many streams side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tamis.audio.onnx_wire import fields, floats, integers, model, node, piece

_SHAPES = (
    (258, 1, 256), (128, 129, 3), (128,), (64, 128, 3), (64,), (64, 64, 3), (64,), (128, 64, 3),
    (128,), (1, 128, 1), (1,), (1, 512, 128), (1, 512, 128), (1, 1024),
)  # fmt: skip
_NAMES = (
    "stft", "w1", "b1", "w2", "b2", "w3", "b3", "w4", "b4", "wo", "bo",
    "lstm_w", "lstm_r", "lstm_b",
)  # fmt: skip
SAMPLES = 640  # of a frame: 64 before it, its 512, and its last 64 mirrored


class _Tensor(NamedTuple):
    """A constant of a graph, as it stands in the file."""

    name: str
    shape: tuple[int, ...]
    message: bytes


def products(file: Path) -> bytes | None:
    """The network of `silero_vad_16k_sequence.onnx` as a file of ONNX; None if it is another one.

    Inputs: `frames`, float32 of [time · streams, 5, 128], streams of one time beside each other;
    `h` and `c`, float32 of [1, streams, 128]. Outputs: `chances` of [time, streams, 1], `hn`, `cn`.
    """
    try:
        weights = _weights(file.read_bytes())
    except (OSError, ValueError):
        return None
    if weights is None or tuple(tensor.shape for tensor in weights) != _SHAPES:
        return None
    named = b"".join(_renamed(t, name) for t, name in zip(weights, _NAMES, strict=True))
    return model(_nodes() + named + _ends(), opset=16)


def _weights(file: bytes) -> list[_Tensor] | None:
    """Those of the convolutions in their order, then those of the recurrent layer."""
    graphs = [value for number, value in fields(file) if number == 7]
    if len(graphs) != 1 or isinstance(graphs[0], int):
        return None
    known: dict[str, _Tensor] = {}
    used: dict[str, list[list[str]]] = {"Conv": [], "LSTM": []}
    for number, value in fields(graphs[0]):
        if number == 5 and not isinstance(value, int):
            tensor = _tensor(value)
            known[tensor.name] = tensor
        elif number == 1 and not isinstance(value, int):
            parts = list(fields(value))
            kind = [bytes(v).decode() for k, v in parts if k == 4 and not isinstance(v, int)]
            inputs = [bytes(v).decode() for k, v in parts if k == 1 and not isinstance(v, int)]
            if kind and kind[0] in used:
                used[kind[0]].append(inputs)
    if len(used["LSTM"]) != 1:
        return None
    names = [name for inputs in used["Conv"] for name in inputs[1:]] + used["LSTM"][0][1:4]
    return [known[name] for name in names] if set(names) <= set(known) else None


def _tensor(message: memoryview) -> _Tensor:
    shape, name = list[int](), ""
    for number, value in fields(message):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 1 and not isinstance(value, int):  # packed: all below 128 are one byte
            shape += [one for _, one in fields(b"".join(b"\x08" + p for p in _packed(value)))
                      if isinstance(one, int)]  # fmt: skip
        elif number == 8 and not isinstance(value, int):
            name = bytes(value).decode()
    return _Tensor(name, tuple(shape), bytes(message))


def _packed(numbers: memoryview) -> list[bytes]:
    """The numbers of a packed field, as they are written."""
    found, start = list[bytes](), 0
    for at, byte in enumerate(numbers):
        if not byte & 0x80:
            found.append(bytes(numbers[start : at + 1]))
            start = at + 1
    return found


def _renamed(tensor: _Tensor, name: str) -> bytes:
    """A constant under another name: of a field that stands twice the last counts."""
    return piece(5, tensor.message + piece(8, name))


def _nodes() -> bytes:
    made: list[bytes] = []
    constants: dict[tuple[int, ...], str] = {}

    def whole(*values: int) -> str:
        if values not in constants:
            constants[values] = f"n{len(constants)}"
            made.append(integers(constants[values], values))
        return constants[values]

    def do(kind: str, inputs: Sequence[str], out: str, **settings: object) -> str:
        made.append(node(kind, inputs, [out], **settings))
        return out

    def part(of: str, axis: int, first: int, stop: int) -> str:
        given = [of, whole(first), whole(stop), whole(axis)]
        return do("Slice", given, f"{of}_{axis}_{first}_{stop}")

    def matrix(weight: str, taps: tuple[int, int], rows: int, columns: int) -> str:
        """A convolution's weight [out, in, taps] as [taps · in, out]."""
        used = part(weight, 2, *taps)
        turned = do("Transpose", [used], f"{weight}_turned", perm=[2, 1, 0])
        return do("Reshape", [turned, whole(rows, columns)], f"{weight}_matrix")

    def layer(given: str, weight: str, bias: str, out: str) -> str:
        added = do("Add", [do("MatMul", [given, weight], f"{out}_product"), bias], f"{out}_sum")
        return do("Relu", [added], out)

    flat = do("Reshape", ["stft", whole(258, 256)], "stft_flat")
    basis = do("Transpose", [flat], "basis", perm=[1, 0])
    halves = [part("frames", 1, 0, 4), part("frames", 1, 1, 5)]
    seen = do("Concat", halves, "windows", axis=2)
    spectrum = do("MatMul", [seen, basis], "spectrum")
    squares = [do("Mul", [p, p], f"{p}_square")
               for p in (part(spectrum, 2, 0, 129), part(spectrum, 2, 129, 258))]  # fmt: skip
    size = do("Sqrt", [do("Add", squares, "power")], "size")

    around = do("Pad", [size, whole(0, 1, 0, 0, 1, 0)], "around")
    three = do("Concat", [part(around, 1, k, k + 4) for k in range(3)], "three", axis=2)
    first = layer(three, matrix("w1", (0, 3), 387, 128), "b1", "first")

    before = do("Pad", [first, whole(0, 1, 0, 0, 0, 0)], "before")
    pairs = [do("Reshape", [part(before, 1, k, k + 3), whole(-1, 1, 384)], f"pair{k}")
             for k in (0, 2)]  # fmt: skip
    both = do("Concat", pairs, "both", axis=1)
    second = layer(both, matrix("w2", (0, 3), 384, 64), "b2", "second")
    joined = do("Reshape", [second, whole(-1, 128)], "joined")
    third = layer(joined, matrix("w3", (1, 3), 128, 64), "b3", "third")
    fourth = layer(third, matrix("w4", (1, 2), 64, 128), "b4", "fourth")

    streams = part(do("Shape", ["h"], "state_shape"), 0, 1, 2)
    shape = do("Concat", [whole(-1), streams, whole(128)], "by_time", axis=0)
    steps = do("Reshape", [fourth, shape], "steps")
    made.append(node("LSTM", [steps, "lstm_w", "lstm_r", "lstm_b", "", "h", "c"],
                     ["heard", "hn", "cn"], hidden_size=128))  # fmt: skip
    last = do("Relu", [do("Squeeze", ["heard", whole(1)], "squeezed")], "last")
    column = do("Reshape", ["wo", whole(128, 1)], "wo_column")
    score = do("Add", [do("MatMul", [last, column], "score_product"), "bo"], "score")
    do("Sigmoid", [score], "chances")
    return b"".join(made)


def _ends() -> bytes:
    state: list[int | str] = [1, "streams", 128]
    inputs = [
        floats(11, "frames", ["frames", 5, 128]),
        floats(11, "h", state),
        floats(11, "c", state),
    ]
    outputs = [
        floats(12, "chances", ["time", "streams", 1]),
        floats(12, "hn", state),
        floats(12, "cn", state),
    ]
    return piece(2, "silero") + b"".join(inputs + outputs)
