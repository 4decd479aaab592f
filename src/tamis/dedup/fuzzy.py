"""Fuzzy deduplication: MinHash, banding, and the exact similarity of every pair that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.array_device import Device
from tamis.dedup import candidates, content, sets_there, verdicts
from tamis.dedup.bands import MISSED, choose, jaccard_of, probability
from tamis.dedup.candidates import Proposal
from tamis.dedup.card import tried
from tamis.dedup.families import FAMILIES, Family, Sketched
from tamis.dedup.normalisation import Normal
from tamis.dedup.settling import Settling
from tamis.dedup.step import Dedup, integer, path_of, required
from tamis.dedup.survivors import policy
from tamis.dedup.there import lent
from tamis.errors import SettingError
from tamis.frame import text_buffers
from tamis.viewing import Views

MEASURES = ("jaccard", "containment")
_RATIO = 0.5  # sizes for which bands are chosen where containment is measured
REACHED = 0.5  # of the pairs at a lower threshold, the share that candidates must hold


@dataclass(frozen=True, kw_only=True)
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
    - `measure`: `"jaccard"` (shared over all shingles of both) or `"containment"` (shared over
      those of the smaller), for texts that stand within longer ones; give `keep="longest"` with
      it, so that the contained one goes. Candidates still come from MinHash, which sees Jaccard
      similarity: bands are chosen for texts up to twice as long, longer ones are found more seldom
      (docs/guide/deduplication.md has figures).
    - `form`, `case`, `digits`, `punctuation`, `whitespace`: what is made of a text before it is cut
      into shingles, see `tamis.dedup.normalisation`. None means the family's: `tamis` takes the
      lower case and lets punctuation separate words, `curator` takes the text as it is.
    - `family`: `"tamis"` (the default: 256 hashes, words, 5), or `"curator"`, the published scheme
      of GPU curation (260 hashes in 20 bands of 13, 24 characters, MurmurHash3 of the text as it
      is, equal to cuDF's signatures); `"curator-64"`, or `bits=64`, in 64 bits;
      `"curator-documented"` with the formula of cuDF's documentation. None for `ngram`, `unit`,
      `hashes`, `bits` means the family's.
    - `bands`, `rows`: how the signature is cut. Without them it is cut so that a pair at the
      threshold is missed at most in the share `missed` of cases (`tamis.dedup.bands.choose`; 0.01
      where nothing is given; the curator families keep their published cut).
    - `verify=False`: trust the similarity that signatures estimate (their low bytes).
    - `against`: an index (see `tamis.dedup.Index`) or files; a record that is similar to one of
      theirs is dropped, whatever `keep` says, and theirs are not in the output.
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
    missed: float | None = None
    measure: str = "jaccard"
    form: str | None = None
    case: str | None = None
    digits: str | None = None
    punctuation: str | None = None
    whitespace: str | None = None
    keep: str = "first"
    seed: int = 42
    family: str = "tamis"
    bits: int | None = None
    verify: bool = True
    against: str | None = None
    name: str = "fuzzy_dedup"
    kind: ClassVar[str] = "fuzzy"
    bound: ClassVar[str] = "threshold"
    banded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} names no column; fuzzy compares one")
        _share("threshold", self.threshold, most=1)
        if self.missed is not None:
            _share("missed", self.missed)
        if self.measure not in MEASURES:
            known = ", ".join(MEASURES)
            raise SettingError(f"measure={self.measure!r} is unknown (known: {known})")
        if self.measure == "containment" and not self.verify:
            raise SettingError(
                "verify=False has signatures to go by, which tell Jaccard similarity; "
                "measure='containment' needs verify=True"
            )
        if self.family not in FAMILIES:
            raise SettingError(f"family={self.family!r} is unknown (known: {', '.join(FAMILIES)})")
        policy(self.keep)
        if not isinstance(self.verify, bool):
            raise SettingError(f"verify={self.verify!r} is not True or False")
        integer("seed", self.seed, 0, 2**32 - 1)
        self._checked_bits()
        self.scheme.check(self.unit, self.ngram)
        self.scheme.normal.check(self.scheme.unit == "words")
        for key in ("hashes", "bands", "rows"):
            if getattr(self, key) is not None:
                integer(key, getattr(self, key), 1, 65_536)
        bands, rows = self.cut
        if bands < 1 or bands * rows > self.scheme.hashes:
            raise SettingError(
                f"bands={bands} of rows={rows} need {bands * rows} hashes, "
                f"there are {self.scheme.hashes}"
            )
        self._put(name=self.name or f"{self.kind}_dedup", against=path_of(self.against))
        super().__post_init__()

    @property
    def scheme(self) -> Family:
        """The MinHash family with its settings filled in."""
        family = FAMILIES[self.family]
        given = {name: getattr(self, name) for name in Normal._fields}
        normal = family.normal._replace(**{k: v for k, v in given.items() if v is not None})
        return family.settle(self.unit, self.ngram, self.hashes, self.seed, self.bits, normal)

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
        own = self.missed is None and self.measure == "jaccard"
        if own and self.scheme.cut is not None:
            return self.scheme.cut
        return choose(hashes, self.sought, MISSED if self.missed is None else self.missed)

    @property
    def sought(self) -> float:
        """The Jaccard similarity that bands are chosen for: the threshold.

        For containment that of a pair at the threshold, one text twice as long as the other.
        """
        contained = self.measure == "containment"
        return jaccard_of(self.threshold, _RATIO) if contained else float(self.threshold)

    def _checked_bits(self) -> None:
        if self.bits is None:
            return
        if not self.family.startswith("curator"):
            raise SettingError(
                f"bits={self.bits!r} is for the curator families; the {self.family} family has 32, "
                "where two shingles of a text of a million meet by chance once in 4,000"
            )
        if self.bits not in (32, 64) or isinstance(self.bits, bool):
            raise SettingError(f"bits={self.bits!r} is not 32 or 64")
        if self.bits != FAMILIES[self.family].bits and self.family != "curator":
            raise SettingError(f"family={self.family!r} has {FAMILIES[self.family].bits} bits")

    @property
    def in_order(self) -> bool:
        return self.policy.kind == "first" and self.against is None and self.verify

    def settling(self, proposal: Proposal) -> Settling:
        return Settling(proposal, self.threshold, self.measure == "containment")

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def at(self, value: Any) -> FuzzyDedup:
        """This step at another threshold with the same bands, which propose the same candidates.

        Raises `SettingError` for a lower one at which they would miss more pairs than they propose.
        """
        bands, rows = self.cut
        moved = replace(self, threshold=value, bands=bands, rows=rows)
        share = probability(value, bands, rows)
        if value < self.threshold and share < REACHED:
            raise SettingError(
                f"{self.name}: {bands} bands of {rows} rows for threshold={self.threshold:g} "
                f"propose {share:.0%} of the pairs at {value:g}; run with threshold={value:g} anew"
            )
        return moved

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
        valid = texts.valid & ~sketched.blank
        return self._beside(frame, self._told(frame, frame[self.on], valid, sketched))

    @property
    def looks_there(self) -> bool:
        return sets_there.unit_of(self.scheme) is not None and self.against is None

    def sketch_there(self, frame: Any) -> pa.Table | None:
        """The same of a cuDF partition, made where the texts lie."""
        if not self.looks_there or not self._there(frame) or not len(frame):
            return None
        size = len(frame) * content.ROW
        return tried("the sketch of a partition", size, lambda there: self._signed(frame, there))

    def _there(self, frame: Any) -> bool:
        """Whether the texts of a cuDF partition are looked at as they lie there."""
        required(frame, self.columns(), self.name)
        return sets_there.unit_of(self.scheme) is not None and content.is_text(frame[self.on])

    def _signed(self, frame: Any, there: Device) -> pa.Table | None:
        bands, cut = self.cut
        sketched = Sketched.empty(len(frame), bands, 0 if self.verify else self.scheme.hashes)
        valid = sets_there.sketched(self.scheme, frame[self.on], cut, sketched, there)
        if valid is None:
            return None
        looked = {column for column, _ in self.rule.columns}
        rows = lent(frame, looked | {"id", "source", self.policy.column})
        chosen = self.rule.rows(Views(rows))
        if chosen is not None:
            valid = valid & chosen
        lengths = None
        if self.policy.kind == "longest":
            lengths = content.lengths(frame[self.on], there, chosen)
        return self._told(rows, lengths, valid & ~sketched.blank, sketched)

    def _told(
        self, frame: pd.DataFrame, texts: Any, valid: np.ndarray, sketched: Sketched
    ) -> pa.Table:
        made = self._named(frame, texts) | {
            "valid": pa.array(valid),
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
        return self._withheld(candidates.propose(sketches, self.verify), sketches)

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

    def evidence_there(self, frame: Any, rows: np.ndarray) -> pa.Table | None:
        """The same of a cuDF partition, made where the texts lie."""
        if not self._there(frame):
            return None
        size = sets_there.SPACE * sets_there.LEAST
        return tried(
            "the sets of a partition", size,
            lambda there: sets_there.evidence(self.scheme, frame[self.on], rows, there),
        )  # fmt: skip

    def decide(self, proposal: Proposal, evidence: Sequence[pa.Table | None]) -> pa.Table:
        contained = self.measure == "containment"
        found = verdicts.decide(proposal, evidence, self.threshold, contained)
        return self._complete(found, proposal)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        if self.measure == "containment":
            return f"dedup.fuzzy: containment {similarity:.3f} with {duplicate_of}"
        return f"dedup.fuzzy: similarity {similarity:.3f} to {duplicate_of}"


def _share(name: str, value: object, most: float | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"{name}={value!r} is not a number")
    if not 0 < value < 1 and value != most:
        upto = "at most 1" if most else "below 1"
        raise SettingError(f"{name}={value!r} is not above 0 and {upto}")
