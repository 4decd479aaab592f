"""MinHash families: how a text becomes a signature, band keys and a set of shingles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tamis.dedup import on_card
from tamis.dedup.normalisation import AS_IT_IS, LOWER_WORDS, Normal, formed, simplified
from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import curator, minhash
from tamis.kernels.characters import blank
from tamis.kernels.content import hash_texts
from tamis.kernels.letters import letters
from tamis.kernels.sets import shingle_sets
from tamis.kernels.shingle import CHARACTERS, RAW, SPACED, WORDS
from tamis.kernels.unicode import classes

_UNITS = {"words": WORDS, "characters": CHARACTERS}
_SIMPLIFIED = {"words": SPACED, "characters": RAW}


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
    normal: Normal = LOWER_WORDS

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

    def settle(
        self,
        unit: str | None,
        ngram: int | None,
        hashes: int | None,
        seed: int,
        bits: int | None = None,
        normal: Normal | None = None,
    ) -> Family:
        """This family with what was given in place of its own settings."""
        unit = unit or self.unit
        if ngram is None:
            ngram = self.ngram if unit == self.unit else 24  # characters: as the published scheme
        cut = self.cut if hashes in (None, self.hashes) else None
        hashes = self.hashes if hashes is None else hashes
        return replace(
            self, unit=unit, ngram=ngram, hashes=hashes, cut=cut, seed=seed,
            bits=bits or self.bits, normal=normal or self.normal,
        )  # fmt: skip

    def normalised(self, texts: Texts, rows: np.ndarray) -> tuple[Texts, np.ndarray, int]:
        """Texts as the kernels take them, where those at `rows` are in them, and their units.

        What the kernels do by themselves, lower-cased runs of letters and digits or the text as it
        is, costs nothing here.
        """
        if self.curator and self.normal == AS_IT_IS:
            return texts, rows, RAW
        if not self.curator and self.normal == LOWER_WORDS:
            return texts, rows, _UNITS[self.unit]
        told = formed(texts, rows, self.normal.form)
        rows = rows if told is texts else np.arange(rows.size)
        if not self.curator and self.normal._replace(form="none") == LOWER_WORDS:
            return told, rows, _UNITS[self.unit]
        told = simplified(told, rows, self.normal, self.unit == "words")
        return told, np.arange(rows.size), _SIMPLIFIED[self.unit]

    def sign(self, texts: Texts, rows: int, into: Sketched) -> None:
        """Sketch texts with bands of `rows`."""
        blank(texts.data, texts.offsets, classes(), into.blank)
        told, _, unit = self.normalised(texts, np.arange(texts.valid.size))
        if self.curator:
            self._sign_as_published(told, rows, into)
            self._wordless(texts, into)
            return
        factors, terms = _permutations(self.hashes, self.seed)
        minhash.sign_texts(
            told.data,
            told.offsets,
            unit,
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
        told, rows, unit = self.normalised(texts, rows)
        return shingle_sets(told.data, told.offsets, rows, unit, self.ngram, *letters(), ends)

    def _wordless(self, texts: Texts, into: Sketched) -> None:
        """Texts without a shingle are told apart by their bytes."""
        if (into.shingles > 0).all():
            return
        exact = np.zeros_like(into.content)
        hash_texts(texts.data, texts.offsets, exact[0], exact[1])
        without = into.shingles == 0
        into.content[:, without] = ~exact[:, without]

    def _sign_as_published(self, texts: Texts, rows: int, into: Sketched) -> None:
        found = self.signatures(texts, into.shingles)
        curator.band_keys(found, rows, into.keys)
        hash_texts(texts.data, texts.offsets, into.content[0], into.content[1])
        if into.signatures.shape[1]:
            into.signatures[:] = (found & np.uint8(0xFF)).astype(np.uint8)

    def signatures(self, texts: Texts, counts: np.ndarray) -> np.ndarray:
        """The published signatures, uint32 or uint64[texts, hashes]; `counts` takes the windows.

        MurmurHash3 is seeded with the first factor, as nemo-curator does. On a GPU where cuDF and a
        device are there.
        """
        factors, terms = _curator(self.hashes, self.seed, self.bits)
        there = on_card.signatures(self, texts, factors, terms, counts)
        if there is not None:
            return there
        found = np.zeros((counts.size, self.hashes), factors.dtype)
        given = (texts.data, texts.offsets, self.ngram, factors[0], factors, terms)
        if self.bits == 32:
            curator.sign32(*given, self.documented, counts, found)
        else:
            curator.sign64(*given, counts, found)
        return found


@cache
def _permutations(hashes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return minhash.permutations(hashes, seed)


@cache
def _curator(hashes: int, seed: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    return curator.permutations(hashes, seed, bits)


_PUBLISHED = Family("characters", 24, 260, cut=(20, 13), curator=True, normal=AS_IT_IS)

FAMILIES = {
    "tamis": Family("words", 5, 256),
    "curator": _PUBLISHED,
    "curator-64": replace(_PUBLISHED, bits=64),
    "curator-documented": replace(_PUBLISHED, documented=True),
}
