"""What deduplications of parts of a text share: cut the part, drop the record, or only count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.repeats import ACTIONS, Rules
from tamis.dedup.step import Dedup, integer
from tamis.dedup.survivors import policy
from tamis.errors import AccountingError, ColumnError, SettingError
from tamis.frame import Texts, strings, text_buffers
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.kernels.unit_cut import cut_units
from tamis.kernels.unit_split import KINDS
from tamis.steps import Columns, add_column


@dataclass(frozen=True, kw_only=True)
class PartDedup(Dedup):
    """Settings and verdicts of deduplications that look at parts of a text."""

    on: str = "text"
    min_copies: int = 2
    within: bool = True
    action: str = "unit"
    threshold: float = 0.5
    min_left: int = 1
    keep: str = "first"
    name: str = ""
    kind: ClassVar[str]
    whole: ClassVar[bool] = False
    parts: ClassVar[str]
    """What the parts are called in reasons."""

    def __post_init__(self) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} is not the name of a column")
        if self.action not in ACTIONS:
            raise SettingError(f"action={self.action!r} is unknown (known: {', '.join(ACTIONS)})")
        if not isinstance(self.within, bool):
            raise SettingError(f"within={self.within!r} is neither true nor false")
        share = self.threshold
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise SettingError(f"threshold={share!r} is not a share above 0 and up to 1")
        integer("min_copies", self.min_copies, 2, 2**31 - 1)
        integer("min_left", self.min_left, 1, 2**31 - 1)
        policy(self.keep)
        self._put(name=self.name or f"{self.kind}_dedup", threshold=float(share))
        super().__post_init__()

    @property
    def rules(self) -> Rules:
        """The settings as the kernel takes them."""
        return Rules(ACTIONS[self.action], self.within, self.min_left, self.threshold)

    @property
    def unit_kind(self) -> str:
        """The kind of units that verdicts count, a key of `unit_split.KINDS`."""
        raise TypeError(f"{type(self).__name__} does not say what it counts")

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def plan(self, columns: Columns, name: str) -> None:
        super().plan(columns, name)
        if not pd.api.types.is_string_dtype(columns[self.on]):
            raise ColumnError(
                f"{name}: column {self.on!r} holds {columns[self.on]}, not text; "
                "convert it with .astype('string')"
            )
        add_column(dict(columns), name, np.dtype("float64"))

    def connected(self, proposal: Any) -> tuple[pa.ChunkedArray, np.ndarray]:
        raise SettingError(
            f"{self.name} compares parts of texts and joins no records; take a step that compares "
            "whole ones: exact, fuzzy, semantic, perceptual, fingerprint or url"
        )

    def added(self, name: str) -> dict[str, Any]:
        return {name: np.dtype("float64")}

    def hidden(self, name: str) -> tuple[str, ...]:
        return () if self.action == "score" else (name,)

    def figures(self, verdicts: pa.Table) -> dict[str, Any]:
        """Characters of the units compared, of those duplicated, and of those cut out of texts."""
        noted = verdicts.schema.metadata or {}
        return {key.decode(): int(value) for key, value in noted.items()}

    def edited(self, frame: pd.DataFrame, verdicts: pa.Table, first: int, name: str) -> Any:
        """A partition with what is duplicated cut out, and its share of the text as a column."""
        at = verdicts["row"].to_numpy() - first
        shares = np.where(self.compared(frame, (self.on,))[self.on].isna(), np.nan, 0.0)
        shares[at] = verdicts["similarity"].to_numpy()
        changed = {name: pd.Series(shares, frame.index)}
        asked = np.asarray(pc.list_value_length(verdicts["cut"])) > 0
        if asked.any():
            chosen = verdicts.filter(pa.array(asked))
            texts = self._cut(frame[self.on], at[asked], chosen["cut"].combine_chunks())
            changed[self.on] = texts.astype(frame[self.on].dtype)
        return frame.assign(**changed)

    def _cut(self, texts: pd.Series, at: np.ndarray, runs: Any) -> pd.Series:
        column = pa.array(texts, from_pandas=True)
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        column = column.cast(pa.large_string())
        old = text_buffers(column.take(pa.array(at)))
        if isinstance(runs, pa.ChunkedArray):
            runs = pa.concat_arrays(runs.chunks)
        out = np.empty(int(old.offsets[-1] - old.offsets[0]), np.uint8)
        offsets = np.zeros(len(at) + 1, np.int64)
        units = np.asarray(runs.flatten(), np.int32)
        starts = np.asarray(runs.offsets, np.int64) - runs.offsets[0].as_py()
        lacking = cut_units(
            *buffers(old), KINDS[self.unit_kind], tables(), units, starts, out, offsets
        )
        if lacking >= 0:
            raise AccountingError(
                f"{self.name}: row {at[lacking]} of a partition has fewer {self.unit_kind} than "
                "were to be cut out of it; its text is not the one that was compared"
            )
        made = pa.LargeStringArray.from_buffers(len(at), pa.py_buffer(offsets), pa.py_buffer(out))
        mask = np.zeros(len(texts), bool)
        mask[at] = True
        return strings(pc.replace_with_mask(column, pa.array(mask), made), texts.index, texts.name)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: a 128-bit hash is evidence enough."""
        return pa.table({})

    def reason(self, duplicate_of: str | None, similarity: float) -> str:
        most = f", most of them in {duplicate_of}" if duplicate_of else ""
        left = "" if self.action == "record" else f"; fewer than {self.min_left} would be left"
        return (
            f"dedup.{self.kind}: {similarity:.1%} of its characters stand before, in "
            f"{self.parts}{most}{left}"
        )


def tables() -> tuple[np.ndarray, np.ndarray]:
    """The character classes that splitting a text needs."""
    return classes(), letter_classes()


def buffers(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """The two arrays that kernels take, both read-only."""
    return texts.data, texts.offsets
