"""Fuzzy deduplication: MinHash, banding, and the exact similarity of every pair that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import candidates, verdicts
from tamis.dedup.bands import choose
from tamis.dedup.candidates import Proposal
from tamis.dedup.families import FAMILIES, Family, Sketched
from tamis.dedup.step import Dedup, integer, required
from tamis.dedup.survivors import policy
from tamis.errors import SettingError
from tamis.frame import text_buffers


@dataclass(frozen=True)
class FuzzyDedup(Dedup):
    """Keep one record of those whose texts are nearly the same.

    Two texts are compared by the Jaccard similarity of their sets of shingles: runs of `ngram`
    words (lower-cased runs of letters, marks and digits; each letter a word in scripts without
    spaces) or of `ngram` characters. MinHash with banding proposes candidates; a record is dropped
    only when its exact similarity to a record that is *kept* reaches `threshold`. It is compared
    with the kept records of its own buckets, at most the first 8 of each, so that a bucket of a
    million costs a million.

    A text of fewer than `ngram` words is one shingle. Null and blank texts are duplicates of
    nothing; texts without any word (`"!!!"`) only of identical ones.

    - `keep`: which record stays, see `tamis.dedup.survivors.policy`.
    - `family`: `"tamis"` (the default: 256 hashes, words, 5), or `"curator"`, the published scheme
      of GPU curation (260 hashes in 20 bands of 13, 24 characters, MurmurHash3 of the text as it
      is, equal to cuDF's signatures); `"curator-64"` in 64 bits, `"curator-documented"` with
      the formula of cuDF's documentation. None for `ngram`, `unit`, `hashes` means the family's.
    - `bands`, `rows`: how the signature is cut (see `tamis.dedup.bands.choose`).
    - `verify=False`: trust the similarity that signatures estimate (their low bytes).
    - `max_cluster`, `min_survivors`: guards, see `tamis.dedup.guards.Guarded`.

    >>> docs = pd.DataFrame({"id": ["a", "b", "c"],
    ...     "text": ["One two three four five six.", "one two three four five SIX", "else"]})
    >>> FuzzyDedup()(docs).id.tolist()
    ['a', 'c']
    """

    on: str = "text"
    threshold: float = 0.8
    ngram: int | None = None
    unit: str | None = None
    hashes: int | None = None
    bands: int | None = None
    rows: int | None = None
    keep: str = "first"
    seed: int = 42
    family: str = "tamis"
    verify: bool = True
    name: str = "fuzzy_dedup"
    kind: ClassVar[str] = "fuzzy"
    banded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} names no column; fuzzy compares one")
        if isinstance(self.threshold, bool) or not isinstance(self.threshold, int | float):
            raise SettingError(f"threshold={self.threshold!r} is not a number")
        if not 0 < self.threshold <= 1:
            raise SettingError(f"threshold={self.threshold!r} is not above 0 and at most 1")
        if self.family not in FAMILIES:
            raise SettingError(f"family={self.family!r} is unknown (known: {', '.join(FAMILIES)})")
        policy(self.keep)
        integer("seed", self.seed, 0, 2**32 - 1)
        self.scheme.check(self.unit, self.ngram)
        for key in ("hashes", "bands", "rows"):
            if getattr(self, key) is not None:
                integer(key, getattr(self, key), 1, 65_536)
        bands, rows = self.cut
        if bands < 1 or bands * rows > self.scheme.hashes:
            raise SettingError(
                f"bands={bands} of rows={rows} need {bands * rows} hashes, "
                f"there are {self.scheme.hashes}"
            )
        self._put(name=self.name or f"{self.kind}_dedup")
        super().__post_init__()

    @property
    def scheme(self) -> Family:
        """The MinHash family with its settings filled in."""
        return FAMILIES[self.family].settle(self.unit, self.ngram, self.hashes, self.seed)

    @property
    def cut(self) -> tuple[int, int]:
        """Bands and rows."""
        hashes = self.scheme.hashes
        if self.bands is not None and self.rows is not None:
            return self.bands, self.rows
        if self.bands is not None:
            return self.bands, hashes // self.bands
        if self.rows is not None:
            return hashes // self.rows, self.rows
        return self.scheme.cut or choose(hashes, self.threshold)

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `valid`, `shingles`, `hash_lo`, `hash_hi`, `band_00`…

        And `signature`, a byte for each hash, with `verify=False`.
        """
        required(frame, self.columns(), self.name)
        bands, rows = self.cut
        texts = text_buffers(frame[self.on])
        sketched = Sketched.empty(len(frame), bands, 0 if self.verify else self.scheme.hashes)
        if len(frame):
            self.scheme.sign(texts, rows, sketched)
        made = self._named(frame, frame[self.on]) | {
            "valid": pa.array(texts.valid & ~sketched.blank),
            "shingles": sketched.shingles,
            "hash_lo": sketched.content[0],
            "hash_hi": sketched.content[1],
        }
        made |= {f"band_{k:02d}": keys for k, keys in enumerate(sketched.keys)}
        if not self.verify:
            flat = pa.py_buffer(np.ascontiguousarray(sketched.signatures))
            kind = pa.binary(sketched.signatures.shape[1])
            made["signature"] = pa.Array.from_buffers(kind, len(frame), [None, flat])
        return pa.table(made)

    def propose(self, sketches: Sequence[pa.Table]) -> Proposal:
        return candidates.propose(sketches, self.verify)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """`shingles`: the sorted set of 64-bit shingle hashes of each of these rows (positions)."""
        required(frame, self.columns(), self.name)
        ends = np.zeros(len(rows) + 1, np.int64)
        values = np.empty(0, np.uint64)
        if len(rows):
            texts = text_buffers(frame[self.on])
            values = self.scheme.sets(texts, np.asarray(rows, np.int64), ends)
        sets = pa.LargeListArray.from_arrays(pa.array(ends), pa.array(values))
        return pa.table({"shingles": sets})

    def decide(self, proposal: Proposal, evidence: Sequence[pa.Table | None]) -> pa.Table:
        return verdicts.decide(proposal, evidence, self.threshold)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        return f"dedup.fuzzy: similarity {similarity:.3f} to {duplicate_of}"
