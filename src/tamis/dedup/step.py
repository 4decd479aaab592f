"""What exact and fuzzy deduplication share as steps of a pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.candidates import Proposal
from tamis.dedup.guards import Guarded, origins
from tamis.dedup.removal import explain_duplicates, find_duplicates, remove_duplicates
from tamis.dedup.survivors import Policy, policy, priority
from tamis.errors import ColumnError, SettingError
from tamis.steps import Columns, Step


class Dedup(Guarded, Step):
    """Four phases: `sketch` a partition, `propose` over all, `evidence` of a partition, `decide`.

    Sketches and evidence are narrow tables: no text leaves its partition. The phases serve an eager
    pandas frame, a lazy Dask frame and a durable run alike.
    """

    word = "dedup"
    shuffles = True
    kind: ClassVar[str]
    banded: ClassVar[bool] = False  # candidates share a `hash_lo` or a `band_…` of the sketch
    keep: str

    def __post_init__(self) -> None:
        self.check_guards()

    def columns(self) -> tuple[str, ...]:
        """The columns that are compared: all that `evidence` reads."""
        raise TypeError(f"{type(self).__name__} does not say what it compares")

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """One partition's narrow table: id, validity, priority of survivors, keys."""
        raise TypeError(f"{type(self).__name__} does not say how it sketches")

    def propose(self, sketches: Sequence[pa.Table]) -> Proposal:
        """The candidates among all partitions' sketches, given in the order of the rows."""
        raise TypeError(f"{type(self).__name__} does not say how it proposes")

    def wanted(self, proposal: Proposal) -> tuple[np.ndarray, ...]:
        """Per partition the rows (positions, ascending) that `evidence` is asked for."""
        return proposal.evidence

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """One partition's evidence on some of its rows."""
        raise TypeError(f"{type(self).__name__} does not say what its evidence is")

    def decide(self, proposal: Proposal, evidence: Sequence[pa.Table | None]) -> pa.Table:
        """The verdicts: `row, id, cluster, keep, duplicate_of, similarity` of clustered rows."""
        raise TypeError(f"{type(self).__name__} does not say how it decides")

    def reason(self, duplicate_of: str, similarity: float) -> str:
        """`dropped_why` of a record that goes."""
        raise TypeError(f"{type(self).__name__} gives no reasons")

    def find(self, frame: Any) -> Any:
        """The clusters: `id, cluster, keep, duplicate_of, similarity`; lazily for a Dask frame.

        `cluster` is the id of the record that stays, `similarity` null for that record. Records
        without duplicates are not listed.
        """
        self._check(frame)
        return find_duplicates(frame, self)

    def __call__(self, frame: Any) -> Any:
        """The records that stay, of a pandas or Dask frame; lazily for Dask."""
        self._check(frame)
        return remove_duplicates(frame, self.name, self)

    def explain(self, frame: Any) -> Any:
        """Every record, with `dropped_by`, `dropped_why`, `duplicate_of` and `similarity`."""
        self._check(frame)
        return explain_duplicates(frame, self.name, self)

    def plan(self, columns: Columns, name: str) -> None:
        """Check that the columns needed are there; adds none."""
        needed = ["id", *self.columns()]
        if self.policy.column is not None:
            needed.append(self.policy.column)
        for column in needed:
            if column in columns:
                continue
            hint = "pass on=…" if column in self.columns() else "readers make one, or rename yours"
            if column == self.policy.column:
                hint = f"keep={self.keep!r} names it"
            raise ColumnError(f"{name}: no column {column!r} (have: {', '.join(columns)}); {hint}")

    @property
    def policy(self) -> Policy:
        """Which record of a cluster stays."""
        return policy(self.keep)

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.kind}
        for setting in dataclasses.fields(self):
            value = getattr(self, setting.name)
            default = f"{self.kind}_dedup" if setting.name == "name" else setting.default
            if value != default:
                entry[setting.name] = list(value) if isinstance(value, tuple) else value
        return entry

    def _check(self, frame: Any) -> None:
        meta = frame._meta if hasattr(frame, "_meta") else frame
        self.plan(dict(meta.dtypes), self.name)

    def _put(self, **values: Any) -> None:
        """Set fields of the frozen value while it is made."""
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def _named(self, frame: pd.DataFrame, texts: pd.Series) -> dict[str, Any]:
        """The columns every sketch has: id, source if there is one, what the policy looks at."""
        if "id" not in frame.columns:
            have = ", ".join(map(str, frame.columns))
            raise ColumnError(f"{self.name}: no column 'id' (have: {have})")
        found = origins(frame)
        made: dict[str, Any] = dict(zip(found.schema.names, found.columns, strict=True))
        if self.policy.column is not None or self.policy.kind != "first":
            made["priority"] = pa.array(priority(self.policy, frame, texts), pa.float64())
        return made


def required(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise `ColumnError` unless the columns are there."""
    for column in columns:
        if column not in frame.columns:
            have = ", ".join(map(str, frame.columns))
            raise ColumnError(f"{name}: no column {column!r} (have: {have}); pass on=…")


def integer(name: str, value: Any, least: int, most: int) -> int:
    """A setting that is a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SettingError(f"{name}={value!r} is not a whole number from {least} to {most}")
    return value
