"""Exact deduplication: records with the same text, told by a 128-bit hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.array_device import Device
from tamis.dedup import candidates, content, verdicts
from tamis.dedup.candidates import Proposal
from tamis.dedup.card import tried
from tamis.dedup.step import Dedup, path_of, required
from tamis.dedup.survivors import policy
from tamis.dedup.there import lent
from tamis.errors import SettingError
from tamis.viewing import Views


@dataclass(frozen=True)
class ExactDedup(Dedup):
    """Keep one record of all that have the same text, byte for byte.

    `on` names the column, or several that must all agree. A null text is a duplicate of nothing
    (of several columns: where all are null); two empty texts are duplicates. `keep` says which
    record stays: `"first"`, `"longest"`, `"best:<column>"` or `"source:<column>=<a>,<b>,…"` (see
    `tamis.dedup.survivors.policy`). Equality is that of a 128-bit hash: two different texts agree
    by chance with probability about 2**-128 a pair, so no text is fetched to make sure. What may be
    dropped is guarded by `max_cluster` and `min_survivors`, see `tamis.dedup.guards.Guarded`.

    `against` names an index (see `tamis.dedup.Index`) or files: a record that stands in them is
    dropped, whatever `keep` says, and theirs are not in the output.

    >>> docs = pd.DataFrame({"id": ["a", "b", "c"], "text": ["x", "y", "x"]})
    >>> ExactDedup()(docs).id.tolist()
    ['a', 'b']
    >>> ExactDedup().find(docs).duplicate_of.dropna().tolist()
    ['a']
    """

    on: str | tuple[str, ...] = "text"
    keep: str = "first"
    against: str | None = None
    name: str = "exact_dedup"
    kind: ClassVar[str] = "exact"
    banded: ClassVar[bool] = True
    compares: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if isinstance(self.on, list | tuple):
            self._put(on=tuple(self.on))
        elif not isinstance(self.on, str):
            raise SettingError(f"on={self.on!r} names no column; give a name, or several in a list")
        if not self.columns() or not all(isinstance(c, str) and c for c in self.columns()):
            raise SettingError(f"on={self.on!r} names no column")
        if policy(self.keep).kind == "longest" and len(self.columns()) > 1:
            raise SettingError("keep='longest' needs one column; on= names several")
        self._put(name=self.name or f"{self.kind}_dedup", against=path_of(self.against))
        super().__post_init__()

    @property
    def in_order(self) -> bool:
        return self.policy.kind == "first" and self.against is None

    def columns(self) -> tuple[str, ...]:
        return (self.on,) if isinstance(self.on, str) else self.on

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `valid`, `hash_lo`, `hash_hi` of each row."""
        required(frame, self.columns(), self.name)
        found = content.together([content.of_host(frame[column]) for column in self.columns()])
        return self._beside(frame, self._told(frame, found, frame[self.columns()[0]]))

    @property
    def looks_there(self) -> bool:
        return type(self).sketch is ExactDedup.sketch and self.against is None

    def sketch_there(self, frame: Any) -> pa.Table | None:
        """The same of a cuDF partition: columns of text are hashed where they lie."""
        if not self.looks_there:
            return None
        required(frame, self.columns(), self.name)
        if not any(content.is_text(frame[column]) for column in self.columns()):
            return None
        size = len(frame) * content.ROW
        return tried("the hashing of a partition", size, lambda there: self._hashed(frame, there))

    def _hashed(self, frame: Any, there: Device) -> pa.Table:
        texts = {c for c in self.columns() if content.is_text(frame[c])}
        copied = {c for c in self.columns() if c not in texts} | {c for c, _ in self.rule.columns}
        rows = lent(frame, copied | {"id", "source", self.policy.column})
        chosen = self.rule.rows(Views(rows))
        found = [
            content.of_device(frame[column], there, chosen)
            if column in texts
            else content.of_host(rows[column], chosen)
            for column in self.columns()
        ]
        lengths = None
        if self.policy.kind == "longest":
            lengths = content.lengths(frame[self.columns()[0]], there, chosen)
        return self._told(rows, content.together(found), lengths)

    def _told(self, frame: pd.DataFrame, found: content.Content, texts: Any) -> pa.Table:
        made = self._named(frame, texts)
        made |= {"valid": pa.array(found.valid), "hash_lo": found.low, "hash_hi": found.high}
        return pa.table(made)

    def propose(self, sketches: Sequence[pa.Table]) -> Proposal:
        return self._withheld(candidates.propose(sketches), sketches)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: a 128-bit hash is evidence enough."""
        return pa.table({"shingles": pa.array([], pa.large_list(pa.uint64()))})

    def decide(self, proposal: Proposal, evidence: Sequence[pa.Table | None]) -> pa.Table:
        return self._complete(verdicts.decide(proposal, evidence), proposal)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        what = "text" if self.columns() == ("text",) else " and ".join(self.columns())
        return f"dedup.exact: same {what} as {duplicate_of}"
