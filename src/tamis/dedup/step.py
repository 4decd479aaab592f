"""What exact and fuzzy deduplication share as steps of a pipeline."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.chosen import Chosen
from tamis.dedup.guards import Guarded, origins
from tamis.dedup.removal import explain_duplicates, find_duplicates, remove_duplicates
from tamis.dedup.survivors import Policy, policy, priority
from tamis.errors import ColumnError, SettingError
from tamis.frame import library
from tamis.spelling import no_column
from tamis.steps import Columns, Step
from tamis.where import Where

if TYPE_CHECKING:
    from tamis.dedup.duplicates import Duplicates


class Dedup(Chosen, Guarded, Step):
    """Four phases: `sketch` a partition, `propose` over all, `evidence` of a partition, `decide`.

    Sketches and evidence are narrow tables: no text leaves its partition. The phases serve an eager
    pandas frame, a lazy Dask frame and a durable run alike.
    """

    word = "dedup"
    shuffles = True
    kind: ClassVar[str]
    bound: ClassVar[str | None] = None  # the setting that says how alike duplicates are
    whole: ClassVar[bool] = True  # whole records are compared, not parts of them
    banded: ClassVar[bool] = False  # candidates share a `hash_lo` or a `band_…` of the sketch
    compares: ClassVar[bool] = True  # evidence is gathered and compared
    delivers: ClassVar[bool] = False  # a run hands the records on, see `deliver`
    keep: str
    against: str | None = None

    def __post_init__(self) -> None:
        self._put(where=Where.of(self.where, self.name))
        self.check_guards()

    def columns(self) -> tuple[str, ...]:
        """The columns that are compared: all that `evidence` reads."""
        raise TypeError(f"{type(self).__name__} does not say what it compares")

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """One partition's narrow table: id, validity, priority of survivors, keys."""
        raise TypeError(f"{type(self).__name__} does not say how it sketches")

    def sketch_chosen(self, frame: pd.DataFrame) -> pa.Table:
        """`sketch`, in which rows that `where` does not choose are duplicates of nothing."""
        return self.sketch(self.compared(frame, self.columns()))

    @property
    def looks_there(self) -> bool:
        """Whether columns of text of a cuDF partition are compared on its card."""
        return False

    def sketch_there(self, frame: Any) -> pa.Table | None:
        """`sketch_chosen` of a cuDF partition, made on its card; None where that is not done."""
        return None

    def evidence_there(self, frame: Any, rows: np.ndarray) -> pa.Table | None:
        """`evidence` of a cuDF partition, made on its card; None where that is not done."""
        return None

    @property
    def edits(self) -> bool:
        """Whether a partition is `edited` beside losing rows."""
        return type(self).edited is not Dedup.edited

    def propose(self, sketches: Sequence[pa.Table]) -> Any:
        """The candidates among all partitions' sketches, given in the order of the rows.

        A value with `offsets` (the first row of each partition, and the end) and `evidence` (per
        partition the rows it is wanted of), such as a `Proposal`.
        """
        raise TypeError(f"{type(self).__name__} does not say how it proposes")

    def propose_from(
        self, sketches: Sequence[pa.Table], reads: Sequence[Callable[[], pa.Table]]
    ) -> Any:
        """`propose` in a run, where each of `reads` gives a sketch in another process as well."""
        return self.propose(sketches)

    def deliver(self, sketches: Iterable[pa.Table]) -> tuple[pa.Table, dict[str, Any]]:
        """What a run does once guards have let the verdicts pass: the last verdicts, and figures.

        Again with the same sketches it does nothing more, and gives the same.
        """
        raise TypeError(f"{type(self).__name__} delivers nothing")

    def rehearsed(self, unknown: int = 0) -> Dedup:
        """The step as a plan tries it: nothing stops it, and it changes nothing."""
        return self.unguarded()

    def restored(self, sketches: Sequence[pa.Table], stored: Mapping[str, pa.Table]) -> Any:
        """The proposal of a finished run, from its sketches and what `stored` kept."""
        return self.propose(sketches)

    @property
    def in_order(self) -> bool:
        """Whether what becomes of a record depends on those before it alone.

        Then a lazy frame is settled partition by partition, see `tamis.dedup.in_order`.
        """
        return False

    def settling(self, proposal: Any) -> Any:
        """What settles a proposal partition by partition, where that can be (`in_order`)."""
        raise TypeError(f"{type(self).__name__} does not settle in order")

    def wanted(self, proposal: Any) -> tuple[np.ndarray, ...]:
        """Per partition the rows (positions, ascending) that `evidence` is asked for."""
        wanted: tuple[np.ndarray, ...] = proposal.evidence
        return wanted

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """One partition's evidence on some of its rows."""
        raise TypeError(f"{type(self).__name__} does not say what its evidence is")

    def decide(self, proposal: Any, evidence: Sequence[pa.Table | None]) -> pa.Table:
        """The verdicts: `row, id, cluster, keep, duplicate_of, similarity` of clustered rows."""
        raise TypeError(f"{type(self).__name__} does not say how it decides")

    def stored(self, proposal: Any) -> dict[str, pa.Table]:
        """Tables that a run keeps beside the verdicts, by name; none unless a kind says so."""
        return {}

    def reason(self, duplicate_of: str, similarity: float) -> str:
        """`dropped_why` of a record that goes."""
        raise TypeError(f"{type(self).__name__} gives no reasons")

    def reasons(self, part: pa.Table) -> list[str]:
        """`dropped_why` of each record of some verdicts, all of which go."""
        pairs = zip(part["duplicate_of"].to_pylist(), part["similarity"].to_pylist(), strict=True)
        return with_sets([self.reason(*pair) for pair in pairs], part)

    def at(self, value: Any) -> Dedup:
        """This step with another bound, proposing the same candidates.

        Raises `SettingError` where there is no bound, or where the candidates do not reach so far.
        """
        if self.bound is None:
            raise SettingError(
                f"{self.name}: {self.kind} deduplication has no bound to move; for other settings "
                "run the step again with them"
            )
        return dataclasses.replace(self, **{self.bound: value})

    def connected(self, proposal: Any) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records that were proposed as duplicates of one another, and their group.

        By whatever chain of others. Whoever is similar enough to another and shares a key with it
        is in its group.
        """
        return proposal.ids, proposal.component

    def added(self, name: str) -> dict[str, Any]:
        """Columns (name to dtype) the verdicts add beside those that every kind adds."""
        return {}

    def hidden(self, name: str) -> tuple[str, ...]:
        """Those of them that are in the ledger but not in what is kept."""
        return ()

    def figures(self, verdicts: pa.Table) -> dict[str, Any]:
        """What a run notes of the verdicts beside rows and clusters."""
        return {}

    def edited(self, frame: pd.DataFrame, verdicts: pa.Table, first: int, name: str) -> Any:
        """A partition as its verdicts leave it, rows apart: texts cut, columns added.

        Its first row is number `first` of all rows; `verdicts` are those on its rows.
        """
        return frame

    def find(self, frame: Any) -> Any:
        """The clusters: `id, cluster, keep, duplicate_of, similarity`; lazily for a Dask frame.

        `cluster` is the id of the record that stays, `similarity` null for that record. Records
        without duplicates are not listed.
        """
        self._check(frame)
        return find_duplicates(frame, self)

    def compare(self, frame: Any) -> Duplicates:
        """The clusters, to be looked at and decided on anew at another bound; computed at once.

        What stays in memory is what decides: of fuzzy deduplication the shingles of the candidates,
        some 1.3 times the text of those records.
        """
        from tamis.dedup.duplicates import compared

        self._check(frame)
        return compared(frame, self)

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
        self.rule.check(columns, name)
        needed = ["id", *self.columns()]
        if self.policy.column is not None:
            needed.append(self.policy.column)
        for column in needed:
            if column in columns:
                continue
            hint = "pass on=…" if column in self.columns() else "readers make one, or rename yours"
            if column == self.policy.column:
                hint = f"keep={self.keep!r} names it"
            raise ColumnError(f"{name}: {no_column(column, columns, f'; {hint}')}")
        if self.against is not None:
            _against().check(self)

    def __dask_tokenize__(self) -> Any:
        """All settings; with `against` also what that set is at present, so that changes show."""
        settings = [getattr(self, field.name) for field in dataclasses.fields(self)]
        now = None if self.against is None else _against().fingerprint(self)
        return (type(self).__qualname__, settings, now)

    @property
    def policy(self) -> Policy:
        """Which record of a cluster stays."""
        return policy(self.keep)

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.kind}
        for setting in dataclasses.fields(self):
            value = getattr(self, setting.name)
            default = f"{self.kind}_dedup" if setting.name == "name" else setting.default
            if setting.name == "where":
                entry |= self.rule.to_dict()
            elif value != default:
                entry[setting.name] = list(value) if isinstance(value, tuple) else value
        return entry

    def _check(self, frame: Any) -> None:
        library(frame)  # raises for what is no frame
        meta = frame._meta if hasattr(frame, "_meta") else frame
        self.plan(dict(meta.dtypes), self.name)

    def _put(self, **values: Any) -> None:
        """Set fields of the frozen value while it is made."""
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def _beside(self, frame: pd.DataFrame, sketch: pa.Table) -> pa.Table:
        """A sketch that leaves out what `against` holds."""
        return sketch if self.against is None else _against().marked(self, frame, sketch)

    def _withheld(self, proposal: Any, sketches: Sequence[pa.Table]) -> Any:
        """A proposal that remembers what `against` holds."""
        return proposal if self.against is None else _against().noted(proposal, sketches)

    def _complete(self, verdicts: pa.Table, proposal: Any) -> pa.Table:
        """Verdicts with those on what `against` holds."""
        return verdicts if self.against is None else _against().added(verdicts, proposal)

    def _named(self, frame: pd.DataFrame, texts: Any) -> dict[str, Any]:
        """The columns every sketch has: id, source if there is one, what the policy looks at."""
        if "id" not in frame.columns:
            raise ColumnError(f"{self.name}: {no_column('id', frame.columns)}")
        found = origins(frame)
        made: dict[str, Any] = dict(zip(found.schema.names, found.columns, strict=True))
        if self.policy.column is not None or self.policy.kind != "first":
            made["priority"] = pa.array(priority(self.policy, frame, texts), pa.float64())
        return made


def required(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise `ColumnError` unless the columns are there."""
    for column in columns:
        if column not in frame.columns:
            raise ColumnError(f"{name}: {no_column(column, frame.columns, '; pass on=…')}")


def with_sets(reasons: list[str], part: pa.Table) -> list[str]:
    """Reasons that name the set where a record stands in another one (`against=`)."""
    if "against" not in part.column_names:
        return reasons
    sets = part["against"].to_pylist()
    pairs = zip(reasons, sets, strict=True)
    return [why if name is None else f"{why} in {name}" for why, name in pairs]


def path_of(value: Any) -> str | None:
    """The setting `against` as plain data."""
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise SettingError(f"against={value!r} is not the path of an index or of files")
    return str(os.fspath(value))


def _against() -> Any:
    """The module that compares with another set: imported by those who have one."""
    from tamis.dedup import against

    return against


def integer(name: str, value: Any, least: int, most: int) -> int:
    """A setting that is a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SettingError(f"{name}={value!r} is not a whole number from {least} to {most}")
    return value
