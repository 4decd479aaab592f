"""The words of transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

import tamis.views  # noqa: F401  registers `utf8`
from tamis.errors import DataError
from tamis.frame import Texts
from tamis.kernels import characters as character_kernel
from tamis.kernels import words as word_kernel
from tamis.kernels.transcripts import hash_words
from tamis.kernels.unicode import classes
from tamis.op import view


class Spoken(NamedTuple):
    """The words of all transcripts: those of transcript i are `offsets[i]` to `offsets[i + 1]`.

    `lengths` (int32) in characters; `hashes` 64 bits: equal words and, short of one chance in 2^64,
    only those have equal ones. `letters` is the sum of the lengths of a transcript's words.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    hashes: np.ndarray
    letters: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How many words each transcript has."""
        return np.diff(self.offsets)


@view
def spoken(utf8: Texts) -> Spoken:
    """The words of each transcript: `str.split()`."""
    return words_of(utf8)


@view
def unspoken(utf8: Texts) -> np.ndarray:
    """True where a transcript is null, empty or white space only."""
    result = np.empty(len(utf8.valid), bool)
    character_kernel.blank(*arrays(utf8), classes(), result)
    return result


def words_of(utf8: Texts) -> Spoken:
    """The words of texts, split at white space."""
    sizes = np.diff(utf8.offsets)
    if len(sizes) and sizes.max() >= 2**31 - 128:
        raise DataError(f"the text of row {int(sizes.argmax())} has {sizes.max():,} bytes")
    masks = np.empty(int(((sizes + 63) >> 6).sum()), np.uint64)
    counts = np.empty(len(sizes), np.int64)
    data, ends_at = arrays(utf8)
    word_kernel.find(data, ends_at, masks, counts)
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    total = int(offsets[-1])
    starts, ends = np.empty((2, total + 8), np.int32)
    word_kernel.spans(masks, ends_at, offsets, starts, ends)
    lengths, hashes = np.empty(total, np.int32), np.empty(total, np.uint64)
    letters = np.empty(len(sizes), np.int64)
    hash_words(data, ends_at, offsets, starts, ends, hashes, lengths, letters)
    return Spoken(offsets, lengths, hashes, letters)


def strings(utf8: Texts) -> Iterator[tuple[int, str]]:
    """Row and text of each transcript that is not null."""
    data, offsets = utf8.data.data, utf8.offsets.tolist()
    for row in np.flatnonzero(utf8.valid).tolist():
        yield row, str(data[offsets[row] : offsets[row + 1]], "utf-8")


def arrays(utf8: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and offsets as kernels take them: read-only always, so that each compiles once."""
    data, offsets = utf8.data.view(), np.ascontiguousarray(utf8.offsets).view()
    data.flags.writeable = offsets.flags.writeable = False
    return data, offsets
