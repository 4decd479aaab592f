"""The files that settings name (lists, models, tokenizers): other contents are other work."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

RUN = "run.json"  # in the folder of a run, put in place last
_MOST = 1000  # values of one setting that are looked at: longer ones are lists given inline
_FILES = 10_000  # of one folder
_MODELS = (  # what the folder of a model has: such a one may be called by a name alone
    "config.json", "modules.json", "model.onnx", "onnx", "adapter_config.json", "meta.json",
    "gliner_config.json", "tokenizer.json",
)  # fmt: skip


def states(value: Any) -> list[tuple[str, int, int]]:
    """Path, size and time of every local file that a value names, itself or as its folder.

    A name may stand behind a kind (`"timm:models/x"`). Names of folders have a separator in them,
    unless they are of models; of the folder of a run its `run.json` tells.

    >>> states({"language": "en", "symbols": ("#", "...", "/")})
    []
    """
    return sorted(set(_found(value)))


def contents(steps: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Of every local file that the settings of steps name, its size and SHA-256."""
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        told = getattr(step, "settings", None) or getattr(
            getattr(step, "score", None), "settings", ()
        )
        for place, size, _ in states(told):
            if place not in found and size >= 0:
                found[place] = {"bytes": size, "sha256": sha256(place)}
    return found


def sha256(place: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file in hex; of one that has not changed since it was asked for, at once."""
    return _digest(*_state(os.fspath(place)))


@functools.lru_cache(10_000)
def _digest(place: str, size: int, changed: int) -> str:
    with open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _found(value: Any) -> Iterator[tuple[str, int, int]]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        if len(value) <= _MOST:
            for one in value:
                yield from _found(one)
    elif isinstance(value, str):
        for name in {value, value.partition(":")[2]}:
            yield from _of_name(name)


def _of_name(name: str) -> Iterator[tuple[str, int, int]]:
    if os.path.isfile(name):
        yield _state(name)
        if name.endswith(".onnx"):
            yield from (_state(one) for one in _beside(name) if os.path.isfile(one))
    elif os.path.isfile(run := os.path.join(name, RUN)):
        yield _state(run)
    elif name.strip("./~") and os.path.isdir(name) and (os.sep in name or _is_model(name)):
        within = (os.path.join(at, file) for at, _, files in os.walk(name) for file in files)
        for place, _ in zip(within, range(_FILES), strict=False):
            yield _state(place)


def _beside(file: str) -> Iterator[str]:
    """What belongs to a file of ONNX: weights that it keeps outside of itself, its tokenizer."""
    folder = os.path.dirname(file)
    if os.path.basename(folder) == "onnx":
        yield os.path.join(os.path.dirname(folder), "tokenizer.json")
    yield from (os.path.join(folder, "tokenizer.json"), f"{file}_data", f"{file}.data")


def _is_model(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, one)) for one in _MODELS)


def _state(place: str) -> tuple[str, int, int]:
    try:
        found = os.stat(place)
    except OSError:  # a link to nothing, or gone by now
        return place, -1, -1
    return place, found.st_size, found.st_mtime_ns
