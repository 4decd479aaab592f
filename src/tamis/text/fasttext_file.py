"""Models of fastText, `.bin` and `.ftz`, read into arrays: classifiers only.

The layout is that of fastText's `src/{fasttext,dictionary,args,quantmatrix}.cc` (MIT), version 12
and, of the older 11, what has no n-grams of characters.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tamis.errors import DataError, SettingError, TamisError
from tamis.kernels import fasttext as kernel

_BUCKETS = 1 << 27  # of a pruned model, of which the file holds few
_MAGIC, _SUPERVISED, _CENTROIDS = 793712314, 3, 256
LOSSES = {1: "hierarchical", 2: "sampling", 3: "softmax", 4: "one-vs-all"}


class Model(NamedTuple):
    """A classifier: words as `kernels.fasttext` takes them, matrices, labels with their counts."""

    names: np.ndarray
    offsets: np.ndarray
    kinds: np.ndarray
    slots: np.ndarray
    buckets: np.ndarray
    rows: np.ndarray
    output: np.ndarray
    labels: tuple[str, ...]
    label_counts: np.ndarray
    shape: tuple[int, int, int]
    loss: str


def load(file: str, prefix: str = "__label__") -> Model:
    """The model in a file; unquantised matrices are mapped, not read.

    Raises `SettingError` where there is no such file or it is not a classifier, `DataError` where
    it is damaged.
    """
    path = Path(file)
    if not path.is_file():
        raise SettingError(f"model={file!r} is no file; give the path of a fastText model")
    with path.open("rb") as stream:
        if path.stat().st_size < 8:
            raise DataError(f"{file!r} is no model of fastText")
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return _read(_Reader(data), file, prefix)
    except TamisError:
        raise
    except (struct.error, LookupError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"the model {file!r} is damaged: {error}") from error


class _Reader:
    """Values one after another."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> Any:
        found = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return found if len(found) > 1 else found[0]

    def array(self, dtype: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.data, dtype, count, self.at)
        self.at += found.nbytes
        return found

    def name(self) -> bytes:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise ValueError("a word does not end")
        found = self.data[self.at : end]
        self.at = end + 1
        return found


def _read(reader: _Reader, file: str, prefix: str) -> Model:
    magic, version = reader.take("ii")
    if magic != _MAGIC or version not in (11, 12):
        raise DataError(f"{file!r} is no model of fastText of version 11 or 12")
    _, _, _, _, _, runs, loss, kind, bucket, shortest, longest, _ = reader.take("12i")
    reader.take("d")
    if kind != _SUPERVISED:
        raise SettingError(f"model={file!r} holds word vectors; a classifier is needed")
    if version == 11:
        longest = 0
    if loss not in LOSSES:
        raise ValueError(f"it names a loss, {loss}, that there is not")
    size, words, labels = reader.take("iii")
    _, pruned = reader.take("qq")
    room = len(reader.data)  # what it announces has to be in it
    in_use = pruned < 0 and (longest > 0 or runs > 1)  # a row for each
    if not 0 <= size <= room or not 0 <= bucket <= (room if in_use else _BUCKETS):
        raise ValueError("it announces more than it holds")
    if min(words, labels) < 0 or words + labels != size:
        raise ValueError("its numbers of words and labels do not fit together")
    if not 0 <= runs < 1000 or not 0 <= longest < 1000 or shortest < 0:
        raise ValueError("its n-grams are of no length")
    names, counts = [], np.empty(size, np.int64)
    kinds = np.empty(size, np.uint8)
    for number in range(size):
        names.append(reader.name())
        counts[number], kinds[number] = reader.take("qb")
    buckets = np.arange(words, words + max(bucket, 1), dtype=np.int32)
    if pruned >= 0:
        pairs = reader.array("<i4", 2 * pruned).reshape(-1, 2)
        buckets = np.full(max(bucket, 1), -1, np.int32)
        buckets[pairs[:, 0]] = words + pairs[:, 1]
    quantised = reader.take("?")
    rows = _matrix(reader, quantised)
    output = _matrix(reader, reader.take("?") and quantised)
    if not np.isfinite(output).all():
        raise ValueError("its output matrix holds what is no number")
    if len(output) != labels or output.shape[1] != rows.shape[1]:
        raise ValueError("its numbers of words, labels and rows do not fit together")
    if len(rows) < words or ((longest or runs > 1) and buckets.max(initial=-1) >= len(rows)):
        raise ValueError("it has fewer rows than n-grams")
    data = np.frombuffer(b"".join(names), np.uint8)
    offsets = np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype(np.int64)
    slots = np.full(1 << max(4, (2 * size).bit_length()), -1, np.int32)
    kernel.vocabulary(data, offsets, slots)
    called = tuple(name.decode("utf-8", "replace").removeprefix(prefix) for name in names[words:])
    return Model(
        data, offsets, kinds, slots, buckets, rows, np.array(output), called, counts[words:],
        (shortest, longest, runs), LOSSES[loss],
    )  # fmt: skip


def _matrix(reader: _Reader, quantised: bool) -> np.ndarray:
    """A matrix of float32, one row a word; product-quantised ones multiplied out."""
    if not quantised:
        height, width = reader.take("qq")
        return reader.array("<f4", height * width).reshape(height, width)
    normed = reader.take("?")
    height, width, size = reader.take("qqi")
    codes = reader.array("u1", size).reshape(height, -1)
    part, centroids = _centroids(reader)
    found = np.empty((height, width), np.float32)
    for k in range(codes.shape[1]):
        own = slice(k * part, min((k + 1) * part, width))
        found[:, own] = centroids[k][codes[:, k]]
    if normed:
        norms = reader.array("u1", height)
        found *= _centroids(reader)[1][0][norms]
    return found


def _centroids(reader: _Reader) -> tuple[int, list[np.ndarray]]:
    """How long the parts of a vector are, and the centroids of each part, [256, its length]."""
    width, parts, part, last = reader.take("iiii")
    numbers = reader.array("<f4", width * _CENTROIDS)
    stop = (parts - 1) * _CENTROIDS * part
    whole = numbers[:stop].reshape(parts - 1, _CENTROIDS, part)
    return part, [*whole, numbers[stop:].reshape(_CENTROIDS, last)]
