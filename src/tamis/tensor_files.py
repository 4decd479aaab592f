"""Safetensors files without the package: a length, JSON, numbers. No code is in them to be run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import DataError


def read_safetensors(file: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors of a safetensors file and its metadata: a length, JSON, numbers."""
    data = file.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    try:
        listed: dict[str, Any] = json.loads(data[8:start])
        told = listed.pop("__metadata__", {})
        return {name: _tensor(data[start:], entry) for name, entry in listed.items()}, told
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} is no whole safetensors file: {error}") from None


def write_safetensors(file: Path, tensors: Mapping[str, np.ndarray], told: dict[str, str]) -> None:
    """Tensors of float32 and what is said about them, the same bytes for the same content."""
    entries: dict[str, Any] = {"__metadata__": dict(sorted(told.items()))}
    pieces, at = [], 0
    for name, value in sorted(tensors.items()):
        raw = np.ascontiguousarray(value, "<f4").tobytes()
        entries[name] = {
            "dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]
        }  # fmt: skip
        pieces.append(raw)
        at += len(raw)
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(pieces))


def _tensor(data: bytes, entry: Mapping[str, Any]) -> np.ndarray:
    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    if entry["dtype"] not in kinds:
        raise ValueError(f"numbers of type {entry['dtype']}")
    low, high = entry["data_offsets"]
    numbers = np.frombuffer(data[low:high], kinds[entry["dtype"]])
    if entry["dtype"] == "BF16":
        numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
    return numbers.reshape(entry["shape"]).astype(np.float32)
