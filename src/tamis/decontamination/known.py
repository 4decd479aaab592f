"""The n-grams of benchmarks, in the tables that other texts are looked at by."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tamis.decontamination.benchmarks import Benchmark
from tamis.dedup.normalisation import Normal, table_of
from tamis.errors import DataError
from tamis.frame import Texts, text_buffers
from tamis.kernels import contamination as kernels
from tamis.resources import resource


class Words(NamedTuple):
    """How texts are taken apart: `ngram` words, the `shortest` of benchmark texts, punctuation."""

    ngram: int
    shortest: int
    punctuation: str

    @property
    def table(self) -> Any:
        """What becomes of each character."""
        return table_of(Normal(case="lower", punctuation=self.punctuation))


class Known(NamedTuple):
    """N-grams by number, and tables that find their numbers.

    `texts` are those of the benchmarks, `example` the id of each one's example, `owner` the number
    of its benchmark. N-gram `i` first stands in text `text[i]`, bytes `place[i]`; the benchmarks
    that have it are `owners[owned[i]:owned[i + 1]]`.
    """

    words: Words
    names: tuple[str, ...]
    texts: Texts
    example: pa.Array
    owner: np.ndarray
    text: np.ndarray
    place: np.ndarray
    owned: np.ndarray
    owners: np.ndarray
    tables: tuple[np.ndarray, ...]

    @property
    def size(self) -> int:
        """How many n-grams there are."""
        return len(self.text)

    def ngram(self, which: int) -> str:
        """An n-gram as it first stands in a benchmark."""
        begin = int(self.texts.offsets[self.text[which]])
        start, end = self.place[which].tolist()
        return str(self.texts.data[begin + start : begin + end].tobytes(), "utf-8")

    def benchmarks(self, which: int) -> list[str]:
        """The names of the benchmarks that have an n-gram."""
        own = self.owners[self.owned[which] : self.owned[which + 1]]
        return [self.names[number] for number in own.tolist()]

    def hits(self, utf8: Texts) -> tuple[np.ndarray, np.ndarray]:
        """What `kernels.find` finds in texts, and its figures."""
        figures = np.zeros((len(utf8.valid), 2), np.int64)
        data, offsets = _arrays(utf8)
        found = kernels.find(
            data, offsets, *self.words.table, self.words.shortest, *self.tables, figures
        )
        return found, figures


@resource
def known(
    benchmarks: tuple[Benchmark, ...], fingerprints: tuple[str, ...], words: Words,
    passages: bool, ignore: tuple[str, ...],
) -> Known:  # fmt: skip
    """The n-grams of benchmarks; `ignore` are texts whose n-grams are left out.

    `fingerprints` say what the files were when the work was planned: others are other work.
    """
    for benchmark, before in zip(benchmarks, fingerprints, strict=True):
        if benchmark.fingerprint() != before:
            raise DataError(f"benchmarks: {benchmark.path} changed while it was used; run again")
    examples: list[str] = []
    texts: list[str] = []
    owner: list[int] = []
    for number, benchmark in enumerate(benchmarks):
        for example, text in benchmark.texts(passages):
            examples.append(example)
            texts.append(text)
            owner.append(number)
    found = np.array(owner, np.int32)
    counts = _counts(texts, words)
    for number, benchmark in enumerate(benchmarks):
        longest = int(counts[found == number].max(initial=0))
        if longest < words.shortest:
            raise DataError(
                f"benchmarks: {benchmark.path} would find nothing: its longest text has {longest} "
                f"words, and shortest={words.shortest}"
            )
    names = tuple(benchmark.name for benchmark in benchmarks)
    return _entered(names, examples, texts, found, words, ignore)


def _entered(
    names: tuple[str, ...], examples: Sequence[str], texts: Sequence[str], owner: np.ndarray,
    words: Words, ignore: Sequence[str],
) -> Known:  # fmt: skip
    utf8 = text_buffers(pa.array(texts, pa.large_string()))
    keys, checks, heads, text, word, size, begins, ends = _windows(utf8, words)
    if ignore:
        kept = ~np.isin(keys, _windows(text_buffers(pa.array(ignore, pa.large_string())), words)[0])
        keys, checks, heads, text, word, size = (
            column[kept] for column in (keys, checks, heads, text, word, size)
        )
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    pairs = np.unique(inverse.astype(np.int64) * max(len(names), 1) + owner[text])
    owned = np.searchsorted(pairs, np.arange(unique.size + 1) * max(len(names), 1))
    last = word[first] + size[first] - 1
    place = np.stack([begins[word[first]], ends[last]], axis=1)
    masks = np.left_shift(np.uint64(1), size[first].astype(np.uint64))
    numbers = np.arange(unique.size, dtype=np.uint64)
    head_slots, head_masks, bits = _room(unique.size, 16)
    kernels.enter(heads[first], masks, head_slots, head_masks, bits)
    slots, held, spare = _room(unique.size, 1)
    kernels.enter(unique, numbers, slots, held, spare)
    tables = (head_slots, head_masks, bits, slots, held, checks[first])
    return Known(
        words, names, utf8, pa.array(examples, pa.large_string()), owner, text[first], place,
        owned, (pairs % max(len(names), 1)).astype(np.int32), tables,
    )  # fmt: skip


def _windows(utf8: Texts, words: Words) -> tuple[np.ndarray, ...]:
    """Of all n-grams of texts: keys, checks, heads, text, first word, words; places of all words.

    The number of the first word is among the words of all texts.
    """
    counts = np.zeros(len(utf8.valid), np.int64)
    hashes, begins, ends = kernels.split_all(*_arrays(utf8), *words.table, counts)
    length = np.minimum(counts, words.ngram)
    total = int(np.where(length >= words.shortest, counts - length + 1, 0).sum())
    keys, checks, heads = np.empty((3, total), np.uint64)
    text, word, size = np.empty((3, total), np.int64)
    kernels.windows(
        hashes, counts, words.ngram, words.shortest, keys, checks, heads, text, word, size
    )
    return keys, checks, heads, text, word, size, begins, ends


def _counts(texts: Sequence[str], words: Words) -> np.ndarray:
    """How many words each text has."""
    utf8 = text_buffers(pa.array(texts, pa.large_string()))
    counts = np.zeros(len(texts), np.int64)
    kernels.split_all(*_arrays(utf8), *words.table, counts)
    return counts


def _room(count: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Empty slots for so many keys, at most half of them full; the filter has `bits` for each."""
    slots = 1 << max(4, (2 * count - 1).bit_length() if count else 4)
    filter_ = 1 << max(0, (bits * count // 64).bit_length())
    return np.zeros(slots, np.uint64), np.zeros(slots, np.uint64), np.zeros(filter_, np.uint64)


def _arrays(utf8: Texts) -> tuple[np.ndarray, np.ndarray]:
    data, offsets = utf8.data.view(), np.ascontiguousarray(utf8.offsets).view()
    data.flags.writeable = offsets.flags.writeable = False
    return data, offsets


def ignored(given: str | os.PathLike[str] | Sequence[str]) -> tuple[str, ...]:
    """N-grams to leave out: given as texts, or as a file with one in a line."""
    if not isinstance(given, str | os.PathLike):
        return tuple(given)
    try:
        with open(given, encoding="utf-8") as file:
            return tuple(line for line in file.read().splitlines() if line.strip())
    except (OSError, ValueError) as error:
        raise DataError(f"ignore={os.fspath(given)!r} cannot be read: {error}") from None
