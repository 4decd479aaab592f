"""MinHash families: how a text becomes a signature, band keys and a set of shingles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import curator, minhash
from tamis.kernels.blank import blank
from tamis.kernels.content import hash_texts
from tamis.kernels.letters import letters
from tamis.kernels.sets import shingle_sets
from tamis.kernels.shingle import CHARACTERS, RAW, WORDS

_UNITS = {"words": WORDS, "characters": CHARACTERS}


@dataclass
class Sketched:
    """What signing a partition gives; arrays with one entry per text in their last dimension."""

    keys: np.ndarray  # uint64[bands, texts]
    content: np.ndarray  # uint64[2, texts]: equal where the runs of shingles are
    shingles: np.ndarray  # int64[texts]: how many there are, 0 where the keys mean nothing
    blank: np.ndarray  # bool[texts]: null, empty or white space
    signatures: np.ndarray  # uint8[texts, hashes], or of no columns

    @classmethod
    def empty(cls, texts: int, bands: int, hashes: int) -> Sketched:
        """Room for so many texts."""
        return cls(
            np.zeros((bands, texts), np.uint64),
            np.zeros((2, texts), np.uint64),
            np.zeros(texts, np.int64),
            np.zeros(texts, np.bool_),
            np.zeros((texts, hashes), np.uint8),
        )


@dataclass(frozen=True)
class Family:
    """A named way to make signatures, with its settings."""

    unit: str
    ngram: int
    hashes: int
    cut: tuple[int, int] | None = None
    seed: int = 42
    curator: bool = False
    bits: int = 32
    documented: bool = False

    def check(self, unit: str | None, ngram: int | None) -> None:
        """Raise `SettingError` for a unit or length of shingles this family has not."""
        if unit not in (None, "words", "characters"):
            raise SettingError(f"unit={unit!r} is not 'words' or 'characters'")
        if self.curator and unit == "words":
            raise SettingError("unit='words' is not of the curator families: they take characters")
        least = 2 if self.curator else 1
        if isinstance(self.ngram, bool) or not isinstance(self.ngram, int):
            raise SettingError(f"ngram={ngram!r} is not a whole number")
        if not least <= self.ngram <= 1000:
            raise SettingError(f"ngram={ngram!r} is not from {least} to 1000")

    def settle(self, unit: str | None, ngram: int | None, hashes: int | None, seed: int) -> Family:
        """This family with what was given in place of its own settings."""
        unit = unit or self.unit
        if ngram is None:
            ngram = self.ngram if unit == self.unit else 24  # characters: as the published scheme
        cut = self.cut if hashes in (None, self.hashes) else None
        hashes = self.hashes if hashes is None else hashes
        return replace(self, unit=unit, ngram=ngram, hashes=hashes, cut=cut, seed=seed)

    def sign(self, texts: Texts, rows: int, into: Sketched) -> None:
        """Sketch texts with bands of `rows`."""
        data = _frozen(texts.data)
        blank(data, texts.offsets, into.blank)
        if self.curator:
            self._sign_as_published(texts, rows, into)
            return
        factors, terms = _permutations(self.hashes, self.seed)
        minhash.sign_texts(
            data,
            texts.offsets,
            _UNITS[self.unit],
            self.ngram,
            *letters(),
            factors,
            terms,
            rows,
            into.keys,
            into.content[0],
            into.content[1],
            into.shingles,
            into.signatures,
        )
        self._wordless(texts, into)

    def sets(self, texts: Texts, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The sets of shingles of the texts at `rows`, one after another up to each of `ends`."""
        unit = RAW if self.curator else _UNITS[self.unit]
        data = _frozen(texts.data)
        return shingle_sets(data, texts.offsets, rows, unit, self.ngram, *letters(), ends)

    def _wordless(self, texts: Texts, into: Sketched) -> None:
        """Texts without a shingle are told apart by their bytes."""
        if (into.shingles > 0).all():
            return
        exact = np.zeros_like(into.content)
        hash_texts(_frozen(texts.data), texts.offsets, exact[0], exact[1])
        without = into.shingles == 0
        into.content[:, without] = ~exact[:, without]

    def _sign_as_published(self, texts: Texts, rows: int, into: Sketched) -> None:
        data, factors_terms = _frozen(texts.data), _curator(self.hashes, self.seed, self.bits)
        kind = np.uint32 if self.bits == 32 else np.uint64
        signatures = np.zeros((into.shingles.size, self.hashes), kind)
        if self.bits == 32:
            curator.sign32(
                data,
                texts.offsets,
                self.ngram,
                *factors_terms,
                self.documented,
                into.shingles,
                signatures,
            )
        else:
            curator.sign64(
                data, texts.offsets, self.ngram, *factors_terms, into.shingles, signatures
            )
        curator.band_keys(signatures, rows, into.keys)
        hash_texts(data, texts.offsets, into.content[0], into.content[1])
        if into.signatures.shape[1]:
            into.signatures[:] = signatures & kind(0xFF)


def signatures(texts: Texts, family: str = "curator", **settings: int) -> np.ndarray:
    """The signatures of a curator family: uint32 or uint64, one row per text.

    Settings are `ngram` (the width), `hashes` and `seed`; a null text has the row of an empty one.
    """
    made = FAMILIES[family].settle(
        None, settings.get("ngram"), settings.get("hashes"), settings.get("seed", 42)
    )
    count = texts.valid.size
    kind = np.uint32 if made.bits == 32 else np.uint64
    found, counts = np.zeros((count, made.hashes), kind), np.zeros(count, np.int64)
    given = (_frozen(texts.data), texts.offsets, made.ngram)
    factors, terms = _curator(made.hashes, made.seed, made.bits)
    if made.bits == 32:
        curator.sign32(*given, factors, terms, made.documented, counts, found)
    else:
        curator.sign64(*given, factors, terms, counts, found)
    return found


def _frozen(data: np.ndarray) -> np.ndarray:
    """The same bytes, read-only: so that a kernel is compiled for one kind of array only."""
    view = data.view()
    view.flags.writeable = False
    return view


@cache
def _permutations(hashes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return minhash.permutations(hashes, seed)


@cache
def _curator(hashes: int, seed: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    return curator.permutations(hashes, seed, bits)


_PUBLISHED = Family("characters", 24, 260, cut=(20, 13), curator=True)

FAMILIES = {
    "tamis": Family("words", 5, 256),
    "curator": _PUBLISHED,
    "curator-64": replace(_PUBLISHED, bits=64),
    "curator-documented": replace(_PUBLISHED, documented=True),
}
