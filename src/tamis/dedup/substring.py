"""Deduplication of long substrings: runs of words or characters that stand before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import repeats
from tamis.dedup.candidates import unique_ids
from tamis.dedup.parts import PartDedup, buffers
from tamis.dedup.repeats import Losses, Records, joined
from tamis.dedup.step import integer, required
from tamis.dedup.unit_sketches import one
from tamis.errors import SettingError
from tamis.frame import Texts, text_buffers
from tamis.kernels.backing import CUT
from tamis.kernels.unit_split import KINDS
from tamis.kernels.windows import tokens_between, window_hashes, winnow

UNITS = ("words", "characters")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Stretches of tokens that may stand twice: per partition int64[n, 3] of row, first, end."""

    offsets: np.ndarray
    evidence: tuple[np.ndarray, ...]
    records: Records


@dataclass(frozen=True, kw_only=True)
class SubstringDedup(PartDedup):
    """Cut every run of at least `length` tokens that stands before, wherever it begins.

    Tokens are what lies between white space (`unit="words"`, compared byte for byte; what white
    space lies between them does not matter) or characters (`unit="characters"`; for scripts that
    are written without spaces). A run stands before if it does so in an earlier record, or earlier
    in the same one without overlapping. Exact: no run is missed, and none is cut that is not backed
    by one that stays. Lee et al. (2022) and RefinedWeb take 50 tokens of a byte-pair encoding,
    about 40 words.

    `min_copies`, `within`, `action`, `threshold`, `min_left` and `keep` are those of `LineDedup`.
    Cutting can bring together what then stands twice, at the seam; give the step twice to cut that
    as well.

    >>> docs = pd.DataFrame({"id": ["a", "b"], "text": ["x one two three y", "v one two three w"]})
    >>> SubstringDedup(length=3)(docs).text.tolist()
    ['x one two three y', 'v w']
    """

    length: int = 50
    unit: str = "words"
    kind: ClassVar[str] = "substrings"
    parts: ClassVar[str] = "substrings"

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("length", self.length, 2, 2**20)
        if self.unit not in UNITS:
            raise SettingError(f"unit={self.unit!r} is unknown (known: {', '.join(UNITS)})")

    @property
    def unit_kind(self) -> str:
        return self.unit

    @property
    def gram(self) -> int:
        """Tokens of the runs that are sketched: half of `length`, so one in `length / 4` is."""
        return (self.length + 1) // 2

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `size` in characters, and lists of picks.

        `key` is the hash of a picked run of tokens, `at` its first token, `tokens` their number.
        """
        required(frame, self.columns(), self.name)
        texts = text_buffers(frame[self.on])
        offsets, totals = np.zeros(len(frame) + 1, np.int64), np.zeros(len(frame), np.int64)
        counts = np.zeros(len(frame), np.int64)
        keys, places = winnow(
            *buffers(texts), KINDS[self.unit], self.length, self.gram, offsets, totals,
            counts,
        )  # fmt: skip
        made = self._named(frame, frame[self.on])
        made |= {"size": totals, "tokens": counts}
        for name, values in (("key", keys), ("at", places)):
            made[name] = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values))
        return pa.table(made)

    def propose(self, sketches: Sequence[pa.Table]) -> Candidates:
        """Where texts share a picked run, as far as a run of `length` around it reaches.

        Raises `DataError` when an id occurs twice or is null.
        """
        unique_ids(sketches)
        narrow = [sketch.drop_columns(["key", "at", "tokens"]) for sketch in sketches]
        records = Records(narrow)
        keys = [np.asarray(one(sketch["key"]).flatten()) for sketch in sketches]
        counts = [len(own) for own in keys]
        found = repeats.grouped(lambda k: (keys[k], keys[k]), counts)
        wanted, first = [], 0
        for sketch, count in zip(sketches, counts, strict=True):
            here = slice(*np.searchsorted(found.positions, [first, first + count]))
            wanted.append(self._stretches(sketch, found.positions[here] - first))
            first += count
        return Candidates(records.offsets, tuple(wanted), records)

    def _stretches(self, sketch: pa.Table, picks: np.ndarray) -> np.ndarray:
        """The tokens around some picks of a partition, stretches that touch made one."""
        starts = one(sketch["at"])
        offsets = np.asarray(starts.offsets, np.int64)
        rows = np.searchsorted(offsets - offsets[0], picks, side="right") - 1
        at = np.asarray(starts.flatten(), np.int64)[picks]
        first = np.maximum(at + self.gram - self.length, 0)
        end = np.minimum(at + self.length, sketch["tokens"].to_numpy()[rows])
        apart = np.ones(len(rows), bool)
        apart[1:] = (np.diff(rows) != 0) | (first[1:] > end[:-1])
        begins = np.flatnonzero(apart)
        ends = np.append(begins[1:], len(rows))[: len(begins)] - 1
        return np.stack([rows[begins], first[begins], end[ends]], axis=1)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """`token` (a 64-bit hash) and `size` (characters) of the tokens in stretches of texts."""
        of, starts = np.unique(rows[:, 0], return_index=True)
        column = pa.array(frame[self.on], from_pandas=True)
        texts: Texts = text_buffers(column.take(pa.array(of)))
        count = int((rows[:, 2] - rows[:, 1]).sum())
        hashes, sizes = np.empty(count, np.uint64), np.empty(count, np.int32)
        tokens_between(
            *buffers(texts), KINDS[self.unit], np.ascontiguousarray(rows[:, 1:]),
            np.append(starts, len(rows)), hashes, sizes,
        )  # fmt: skip
        return pa.table({"token": hashes, "size": sizes})

    def decide(self, proposal: Any, evidence: Sequence[pa.Table | None]) -> pa.Table:
        """The verdicts on runs of `length` tokens, each told by a 128-bit hash."""
        records: Records = proposal.records
        stretches = [
            _Stretches(rows, table) for rows, table in zip(proposal.evidence, evidence, strict=True)
        ]
        counts = [part.count for part in stretches]
        keys = [part.keys(self.length) for part in stretches]
        found = repeats.grouped(keys.__getitem__, counts, self.min_copies)
        del keys
        firsts = np.cumsum([0, *counts])
        offsets = [
            part.offsets(int(np.diff(records.offsets)[k])) + firsts[k]
            for k, part in enumerate(stretches)
        ]
        size = joined([part.sizes for part in stretches])
        losses = Losses(records, records.column("size").astype(np.int64))
        settled = repeats.settle(
            found, self.length, np.append(joined(offsets), firsts[-1]), lambda units: size[units],
            records, losses.totals, losses.lost, self.rules,
        )  # fmt: skip
        del found
        losses.add(settled)
        cuts = np.searchsorted(settled.units, firsts)
        for k, part in enumerate(stretches):
            if self.rules.action == CUT:
                losses.cut(k, *part.tokens(settled.units[cuts[k] : cuts[k + 1]] - firsts[k]))
        return losses.verdicts()


class _Stretches:
    """The tokens of the stretches of one partition, one stretch after another."""

    def __init__(self, rows: np.ndarray, table: pa.Table | None) -> None:
        self.rows = rows
        self.ends = np.cumsum(rows[:, 2] - rows[:, 1])
        self.count = int(self.ends[-1]) if len(rows) else 0
        self.table = table if len(rows) else None

    @property
    def sizes(self) -> np.ndarray:
        """Characters of each token."""
        return np.empty(0, np.int32) if self.table is None else self.table["size"].to_numpy()

    def keys(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """The hash of the run that begins at each token; 0 where its stretch is too short."""
        tokens = np.empty(0, np.uint64) if self.table is None else self.table["token"].to_numpy()
        low, high = np.empty((2, len(tokens)), np.uint64)
        window_hashes(tokens, self.ends, length, low, high)
        return low, high

    def offsets(self, rows: int) -> np.ndarray:
        """The first token of each of all rows of the partition."""
        before = np.concatenate([[0], self.ends])
        return before[np.searchsorted(self.rows[:, 0], np.arange(rows))]

    def tokens(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The row of some tokens, and their number among all tokens of its text."""
        which = np.searchsorted(self.ends, at, side="right")
        first = np.concatenate([[0], self.ends])[which]
        return self.rows[which, 0], self.rows[which, 1] + at - first
