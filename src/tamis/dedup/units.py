"""Deduplication by line, by paragraph, and by runs of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import repeats
from tamis.dedup.candidates import unique_ids
from tamis.dedup.parts import PartDedup, buffers, tables
from tamis.dedup.repeats import Decided, Losses, Records, joined
from tamis.dedup.step import integer, required
from tamis.dedup.unit_sketches import Partition, Sizes
from tamis.errors import ColumnError, SettingError
from tamis.frame import text_buffers
from tamis.kernels.backing import CUT
from tamis.kernels.content import combine, hash_texts
from tamis.kernels.folding import IGNORED, folded
from tamis.kernels.unit_hash import hash_units
from tamis.kernels.unit_split import KINDS
from tamis.spelling import no_column
from tamis.steps import Columns

_NO_TABLE = np.empty(0, np.int32)
_NO_TABLE.flags.writeable = False


@dataclass(frozen=True, kw_only=True)
class UnitDedup(PartDedup):
    """What deduplications by line, paragraph and sentence share; use one of these."""

    ignore: tuple[str, ...] = ()
    min_length: int = 20
    per: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = (self.ignore,) if isinstance(self.ignore, str) else tuple(self.ignore)
        for what in given:
            if what not in IGNORED:
                raise SettingError(f"ignore: {what!r} is unknown (known: {', '.join(IGNORED)})")
        self._put(ignore=tuple(what for what in IGNORED if what in given))
        integer("min_length", self.min_length, 1, 2**31 - 1)
        if self.per is not None and (not isinstance(self.per, str) or not self.per):
            raise SettingError(f"per={self.per!r} is not the name of a column")

    @property
    def length(self) -> int:
        """How many units in a row are compared."""
        return 1

    @property
    def unit_kind(self) -> str:
        return self.kind

    def plan(self, columns: Columns, name: str) -> None:
        super().plan(columns, name)
        if self.per is not None and self.per not in columns:
            raise ColumnError(f"{name}: {no_column(self.per, columns, '; per= names it')}")

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), and lists over the units of each text.

        `hash_lo`, `hash_hi` (0 for a unit that nothing is left of), `size` in characters.
        """
        required(frame, self.columns(), self.name)
        texts = text_buffers(frame[self.on])
        offsets = np.zeros(len(frame) + 1, np.int64)
        table = folded(self.ignore) if self.ignore else _NO_TABLE
        low, high, sizes = hash_units(
            *buffers(texts), KINDS[self.kind], tables(), table, "spaces" in self.ignore, offsets
        )
        if self.per is not None:
            self._set_apart(frame, low, high, offsets)
        made = self._named(frame, frame[self.on])
        for name, values in (("hash_lo", low), ("hash_hi", high), ("size", sizes)):
            made[name] = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values))
        return pa.table(made)

    def _set_apart(
        self, frame: pd.DataFrame, low: np.ndarray, high: np.ndarray, offsets: np.ndarray
    ) -> None:
        """Mix the value of the column `per` into the hashes, so that only its equals agree."""
        required(frame, [self.per or ""], self.name)
        values = pa.array(frame[self.per], from_pandas=True)
        values = values.cast(pa.large_string())
        texts = text_buffers(values)
        own = np.zeros((2, len(frame)), np.uint64)
        hash_texts(*buffers(texts), own[0], own[1])
        own[:, ~texts.valid] = 0
        own = np.repeat(own, np.diff(offsets), axis=1)
        nothing = (low | high) == 0
        combine(low, high, own[0], own[1])
        low[nothing] = high[nothing] = 0

    def propose(self, sketches: Sequence[pa.Table]) -> Decided:
        """The verdicts, which no further evidence is needed for.

        Where runs of sentences are cut out, new neighbours are compared until no more are found.
        Raises `DataError` when an id occurs twice or is null.
        """
        unique_ids(sketches)
        records = Records(sketches)
        parts = [Partition(sketch, self.length, self.min_length) for sketch in sketches]
        losses = Losses(records, joined([part.totals for part in parts]))
        rules = self.rules
        while True:
            counts = [part.count for part in parts]
            firsts = np.cumsum([0, *counts])
            found = repeats.grouped(lambda k: parts[k].keys(), counts, self.min_copies)
            starts = [part.offsets[:-1] + n for part, n in zip(parts, firsts, strict=False)]
            settled = repeats.settle(
                found, self.length, np.append(joined(starts), firsts[-1]), Sizes(parts, firsts),
                records, losses.totals, losses.lost, rules,
            )  # fmt: skip
            del found
            losses.add(settled)
            if rules.action != CUT:
                break
            rules = rules._replace(min_left=1)  # what stays by now has backed cuts, and must stay
            cuts = np.searchsorted(settled.units, firsts)
            for k, part in enumerate(parts):
                losses.cut(k, *part.cut(settled.units[cuts[k] : cuts[k + 1]] - firsts[k]))
            if self.length == 1 or not len(settled.units):
                break
            for k, part in enumerate(parts):
                part.forget(losses.gone[slice(*records.offsets[k : k + 2])])
        nothing = tuple(np.empty(0, np.int64) for _ in sketches)
        return Decided(records.offsets, nothing, losses.verdicts())

    def decide(self, proposal: Any, evidence: Sequence[pa.Table | None]) -> pa.Table:
        return proposal.verdicts


@dataclass(frozen=True, kw_only=True)
class LineDedup(UnitDedup):
    """Cut lines that stand before: in an earlier record, or earlier in the same one.

    Lines end at `\\n` and are compared without the white space around them; blank ones are none.
    What CCNet and Dolma call paragraphs are lines.

    - `ignore`: what lines may differ in, of "case", "digits" (each counts as 0), "punctuation",
      "accents" and "spaces". CCNet (Wenzek et al., 2020): the first four.
    - `min_length`: characters a line needs to be compared. Shorter ones ("Home", "}", "Yes.") stand
      in unrelated texts by nature; CCNet and Dolma compare every line: `min_length=1`.
    - `min_copies`: how often a line must stand to be duplicated. Llama 3 (2024) takes 7.
    - `within`: whether a line repeated inside one record counts.
    - `per`: a column; only records with the same value in it are compared.
    - `action`: "unit" cuts the lines, and drops a record with fewer than `min_left` characters
      left; "record" drops a record whose share of duplicated characters reaches `threshold`;
      "score" only adds that share as a column, called as the step.
    - `keep`: which record keeps its lines, as for `ExactDedup`.

    Every copy that goes is backed by one that stays. The share that was cut is in the ledger, in a
    column called as the step. Equality is that of a 128-bit hash.

    >>> texts = ["One line.\\nSame here.", "Same here.\\nTwo."]
    >>> docs = pd.DataFrame({"id": ["a", "b"], "text": texts})
    >>> LineDedup(min_length=1)(docs).text.tolist()
    ['One line.\\nSame here.', 'Two.']
    """

    kind: ClassVar[str] = "lines"
    parts: ClassVar[str] = "lines"


@dataclass(frozen=True, kw_only=True)
class ParagraphDedup(UnitDedup):
    """Cut paragraphs that stand before: in an earlier record, or earlier in the same one.

    A paragraph is a run of lines that are not blank. Settings are those of `LineDedup`.

    >>> texts = ["One.\\n\\nSame\\nhere.", "Same\\nhere.\\n\\nTwo."]
    >>> docs = pd.DataFrame({"id": ["a", "b"], "text": texts})
    >>> ParagraphDedup(min_length=1)(docs).text.tolist()
    ['One.\\n\\nSame\\nhere.', 'Two.']
    """

    kind: ClassVar[str] = "paragraphs"
    parts: ClassVar[str] = "paragraphs"


@dataclass(frozen=True, kw_only=True)
class SentenceDedup(UnitDedup):
    """Cut runs of `n` sentences that stand before: in an earlier record, or in the same one.

    Sentences are those of `text.sentence_count`, and a text with fewer than `n` has no such run.
    `min_length` is that of the run. Two runs of one record that overlap are no duplicates. C4
    (Raffel et al., 2020) takes `n=3`. Other settings are those of `LineDedup`. Sentences that come
    to stand together because others were cut are compared again, so a second time cuts nothing; of
    every sentence that is cut a copy stays. `min_left` is judged before that.

    >>> texts = ["It is. Is it? So. Yes.", "It is. Is it? So. No."]
    >>> docs = pd.DataFrame({"id": ["a", "b"], "text": texts})
    >>> SentenceDedup(min_length=1)(docs).text.tolist()
    ['It is. Is it? So. Yes.', 'No.']
    """

    n: int = 3
    kind: ClassVar[str] = "sentences"
    parts: ClassVar[str] = "runs of sentences"

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n", self.n, 1, 1000)

    @property
    def length(self) -> int:
        return self.n
