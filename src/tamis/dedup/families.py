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

    @property
    def kernel_unit(self) -> int:
        """The units that kernels cut its texts into."""
        if self.curator:
            return RAW
        plain = self.normal._replace(form="none") == LOWER_WORDS
        return (_UNITS if plain else _SIMPLIFIED)[self.unit]

    @property
    def permutations(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors and terms, one for each hash."""
        if self.curator:
            return _curator(self.hashes, self.seed, self.bits)
        factors, terms = _permutations(self.hashes, self.seed)
        return factors[: self.hashes], terms[: self.hashes]

    def sign(self, texts: Texts, rows: int, into: Sketched) -> None:
        """Sketch texts with bands of `rows`; on a GPU where there is one and enough of text."""
        told, _, unit = self.normalised(texts, np.arange(texts.valid.size))
        there = on_card.begun(self, told, unit, rows, into)
        blank(texts.data, texts.offsets, classes(), into.blank)
        if self.curator:
            hash_texts(told.data, told.offsets, into.content[0], into.content[1])
        if there is None or not there.finished():
            self._sign_here(told, unit, rows, into)
        self._wordless(texts, into)

    def _sign_here(self, texts: Texts, unit: int, rows: int, into: Sketched) -> None:
        """On the processor."""
        if self.curator:
            found = self._signatures_here(texts, into.shingles)
            curator.band_keys(found, rows, into.keys)
            if into.signatures.shape[1]:
                into.signatures[:] = (found & np.uint8(0xFF)).astype(np.uint8)
            return
        factors, terms = _permutations(self.hashes, self.seed)
        minhash.sign_texts(
            texts.data,
            texts.offsets,
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

    def sets(self, texts: Texts, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The sets of shingles of the texts at `rows`, one after another up to each of `ends`."""
        told, rows, unit = self.normalised(texts, rows)
        return shingle_sets(told.data, told.offsets, rows, unit, self.ngram, *letters(), ends)

    def _wordless(self, texts: Texts, into: Sketched) -> None:
        """Texts without a shingle are told apart by their bytes."""
        without = np.flatnonzero(into.shingles == 0)
        if not without.size:
            return
        own = chosen(texts, without)
        exact = np.zeros((2, without.size), np.uint64)
        hash_texts(own.data, own.offsets, exact[0], exact[1])
        into.content[:, without] = ~exact

    def signatures(self, texts: Texts, counts: np.ndarray) -> np.ndarray:
        """The published signatures, uint32 or uint64[texts, hashes]; `counts` takes the windows.

        MurmurHash3 is seeded with the first factor, as nemo-curator does.
        """
        there = on_card.signatures(self, texts, RAW, counts)
        return self._signatures_here(texts, counts) if there is None else there

    def _signatures_here(self, texts: Texts, counts: np.ndarray) -> np.ndarray:
        factors, terms = _curator(self.hashes, self.seed, self.bits)
        found = np.zeros((counts.size, self.hashes), factors.dtype)
        given = (texts.data, texts.offsets, self.ngram, factors[0], factors, terms)
        if self.bits == 32:
            curator.sign32(*given, self.documented, counts, found)
        else:
            curator.sign64(*given, counts, found)
        return found


def chosen(texts: Texts, rows: np.ndarray) -> Texts:
    """A copy of the texts at these rows."""
    begins, sizes = texts.offsets[rows], np.diff(texts.offsets)[rows]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    data = np.zeros(ends[-1], np.uint8)
    for k in np.flatnonzero(sizes).tolist():
        data[ends[k] : ends[k + 1]] = texts.data[begins[k] : begins[k] + sizes[k]]
    data.flags.writeable = ends.flags.writeable = False
    return Texts(data, ends, texts.valid[rows])


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
