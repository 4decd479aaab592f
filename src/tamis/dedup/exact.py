"""Exact deduplication: records with the same text, told by a 128-bit hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import candidates, verdicts
from tamis.dedup.candidates import Proposal
from tamis.dedup.step import Dedup, path_of, required
from tamis.dedup.survivors import policy
from tamis.errors import ColumnError, SettingError
from tamis.frame import Texts, text_buffers
from tamis.kernels.content import combine, hash_texts


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
        count = len(frame)
        hashes = np.zeros((2, count), np.uint64)
        valid = np.zeros(count, np.bool_)
        for k, column in enumerate(self.columns()):
            texts = _texts(frame[column]) if count else None
            if texts is None:
                continue
            own = np.zeros((2, count), np.uint64)
            hash_texts(texts.data, texts.offsets, own[0], own[1])
            own[:, ~texts.valid] = 0  # a null is not an empty text
            valid |= texts.valid
            if k == 0:
                hashes = own
            else:
                combine(hashes[0], hashes[1], own[0], own[1])
        made = self._named(frame, frame[self.columns()[0]])
        made |= {"valid": pa.array(valid), "hash_lo": hashes[0], "hash_hi": hashes[1]}
        return self._beside(frame, pa.table(made))

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


def _texts(values: pd.Series) -> Texts:
    """A column as texts; numbers and times as they are written."""
    try:
        return text_buffers(values)
    except ColumnError:
        array: Any = pa.array(values, from_pandas=True)
        if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
            return _bytes(array.cast(pa.large_binary()))
        try:
            return text_buffers(array.cast(pa.large_string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ColumnError(
                f"column {values.name!r} holds {array.type}, which cannot be compared as text"
            ) from error


def _bytes(array: pa.Array | pa.ChunkedArray) -> Texts:
    """A column of bytes, which need be no text; a null spans none."""
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    valid = np.asarray(whole.is_valid())
    filled = whole.fill_null(b"") if whole.null_count else whole
    _, offsets, data = filled.buffers()
    return Texts(
        np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8),
        np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1],
        valid,
    )
