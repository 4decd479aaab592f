"""A fastText classifier written as a `.bin` file, version 12, as fastText itself reads it."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

_BLOCK = 1 << 20


class Trained(NamedTuple):
    """What a file holds: words with how often they are met, labels likewise, and two matrices.

    `input` is float32 of [words and buckets, width], `output` of [labels, width].
    """

    words: Sequence[bytes]
    word_counts: np.ndarray
    labels: Sequence[str]
    label_counts: np.ndarray
    input: np.ndarray
    output: np.ndarray


def save(
    file: Path,
    made: Trained,
    *,
    epochs: int,
    min_count: int,
    word_ngrams: int,
    character_ngrams: tuple[int, int],
) -> None:
    """Write the file under another name, then put it in place; rows of zeros take no disk.

    The layout is that of fastText's `src/{fasttext,dictionary,args}.cc` (MIT).
    """
    words, labels, width = len(made.words), len(made.labels), made.input.shape[1]
    buckets = len(made.input) - words
    counted = int(made.word_counts.sum() + made.label_counts.sum())
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as stream:
            stream.write(struct.pack("<2i", 793712314, 12))
            stream.write(
                struct.pack(
                    "<12id",
                    width, 5, epochs, min_count, 5, word_ngrams, 3, 3, buckets, *character_ngrams,
                    100, 1e-4,
                )
            )  # fmt: skip
            stream.write(struct.pack("<3i2q", words + labels, words, labels, counted, -1))
            named = [*made.words, *(f"__label__{label}".encode() for label in made.labels)]
            counts = [*made.word_counts.tolist(), *made.label_counts.tolist()]
            for number, (name, count) in enumerate(zip(named, counts, strict=True)):
                stream.write(name + b"\0" + struct.pack("<qb", count, number >= words))
            _write(stream, made.input)
            _write(stream, made.output)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _write(stream: BinaryIO, matrix: np.ndarray) -> None:
    """That it is not quantised, its shape, its numbers; blocks of zeros are left out as holes."""
    stream.write(struct.pack("<?2q", False, *matrix.shape))
    numbers = np.ascontiguousarray(matrix, "<f4").reshape(-1)
    for first in range(0, len(numbers), _BLOCK // 4):
        block = numbers[first : first + _BLOCK // 4]
        if block.any():
            stream.write(block.data)
        else:
            stream.seek(block.nbytes, os.SEEK_CUR)
    stream.truncate()
