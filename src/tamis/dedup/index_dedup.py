"""A deduplication by an index that remembers: a delivery compared with all before it, and added."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.against import SET
from tamis.dedup.guards import origins
from tamis.dedup.index import ledger
from tamis.dedup.index.changes import TwiceError
from tamis.dedup.index.delivery import Sketched, sketched
from tamis.dedup.index.index import Index
from tamis.dedup.index.records import from_sketch, to_sketch
from tamis.dedup.index.results import prefixed
from tamis.dedup.index.segment import spread
from tamis.dedup.step import Dedup, path_of, with_sets
from tamis.dedup.survivors import Policy
from tamis.dedup.verdicts import SCHEMA
from tamis.errors import DataError, SettingError
from tamis.io.store import Store
from tamis.steps import Columns
from tamis.where import Where


@dataclass(frozen=True)
class IndexProposal:
    """The verdicts that the index gives."""

    offsets: np.ndarray
    evidence: tuple[np.ndarray, ...]
    verdicts: pa.Table


@dataclass(frozen=True)
class IndexDedup(Dedup):
    """Keep the records that are new to an index, and add all that come to it.

    The verdicts are those of `Index.add`. A run adds the records once its guards have let the
    verdicts pass; run again, resumed, or run anew into another folder, it gets the verdicts that
    the index holds, and adds nothing. Called on a frame, explained or planned, it changes nothing
    and says what a run would say, or has said.

    - `path`: the folder of the index.
    - `source`: what `Index.remove` and other places call the delivery.
    - `prefix`: what stands before the ids of this delivery in the index, as `Index.add` has it: for
      deliveries whose ids are the same, such as those from names of files. The rows keep their ids;
      `duplicate_of` names a record of an earlier delivery as the index does.
    - `step`: how a new index compares (a deduplication, or its entry in a recipe); `FuzzyDedup()`
      if it is not said. An index that is there compares as it was made to.
    - `add`: False only asks, as `Index.query` does; then what the index holds is part of a run's
      fingerprint.

    >>> import tempfile
    >>> seen = tempfile.mkdtemp() + "/seen"
    >>> may = pd.DataFrame({"id": ["a", "b"], "text": ["one two three four five six", "else"]})
    >>> may.pipe(IndexDedup(seen, source="may")).id.tolist()
    ['a', 'b']
    """

    path: str
    source: str | None = None
    step: Any = None
    add: bool = True
    prefix: str = ""
    name: str = "index_dedup"
    kind: ClassVar[str] = "index"

    def __post_init__(self) -> None:
        path = path_of(self.path)
        if path is None:
            raise SettingError("path= is the folder of an index")
        if self.source is not None and not isinstance(self.source, str):
            raise SettingError(f"source={self.source!r} is no text")
        if not isinstance(self.prefix, str):
            raise SettingError(f"prefix={self.prefix!r} is no text")
        if isinstance(self.step, Mapping):
            self._put(step=_made(self.step))
        self._put(name=self.name or "index_dedup", path=path, add=bool(self.add))
        Index(path, self.step)  # which says where it cannot be
        if self.where is not None and Where.of(self.where, self.name).columns:
            raise SettingError(
                f"{self.name}: where= cannot be: an index holds all that comes to it; filter "
                "before, or deduplicate with against= and where="
            )
        super().__post_init__()

    @property
    def delivers(self) -> bool:  # type: ignore[override]
        """Whether a run adds to the index."""
        return self.add

    @property
    def index(self) -> Index:
        """The index."""
        return Index(self.path, self.step)

    @property
    def policy(self) -> Policy:
        return self.index.step.policy

    def columns(self) -> tuple[str, ...]:
        return self.index.step.columns()

    def plan(self, columns: Columns, name: str) -> None:
        self.index.step.plan(columns, name)

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """The records that an index holds, as columns, and the set or vector of each in `set`."""
        found = sketched(prefixed(frame, self.prefix), self.index.step)
        table = to_sketch(found.records, found.ids)
        told = origins(frame)
        if "source" in told.schema.names:
            table = table.append_column("source", told["source"])
        sizes = np.asarray(found.records["set_size"])
        ends = np.cumsum([0, *sizes.tolist()])
        at = np.asarray(found.records["set_at"])
        words = np.empty(0, np.uint64)
        if found.sets is not None and ends[-1]:
            _, words = spread(at, at + sizes, found.sets.view(np.int64))
        sets = pa.LargeListArray.from_arrays(pa.array(ends), pa.array(words.view(np.uint64)))
        return table.append_column("set", sets)

    def propose(self, sketches: Sequence[pa.Table]) -> IndexProposal:
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        nothing = tuple(np.empty(0, np.int64) for _ in sketches)
        with self._advising():
            found = self.index.tried(map(_restored, sketches), self.source, self.add)
        return IndexProposal(offsets, nothing, _verdicts(found, self.index.name, self.prefix))

    def restored(self, sketches: Sequence[pa.Table], stored: Mapping[str, pa.Table]) -> Any:
        raise SettingError(f"{self.name}: an index decides once; ask it: Index({self.path!r})")

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: the sketch holds all that is compared."""
        return pa.table({"set": pa.array([], pa.large_list(pa.uint64()))})

    def decide(self, proposal: Any, evidence: Sequence[pa.Table | None]) -> pa.Table:
        return proposal.verdicts

    def deliver(self, sketches: Iterable[pa.Table]) -> tuple[pa.Table, dict[str, Any]]:
        """Add the records; the verdicts that the index gives, and what changed of earlier ones."""
        index = self.index
        with self._advising():
            added = index.add_sketched(map(_restored, sketches), self.source)
        told = {"path": index.path, "source": added.source, "again": added.again}
        told["changed"] = len(added.changed)
        return _verdicts(added.verdicts, index.name, self.prefix), {"index": told}

    @contextlib.contextmanager
    def _advising(self) -> Iterator[None]:
        """Say of an id that stands twice how another delivery can have the same ids."""
        try:
            yield
        except TwiceError as error:
            raise DataError(
                f"{error}. Where each delivery has such ids, as those from names of files, put a "
                "text of its own before them in the index: prefix='june/'"
            ) from None

    def rehearsed(self, unknown: int = 0) -> IndexDedup:
        return dataclasses.replace(self.unguarded(), add=False)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        return self.index.step.reason(duplicate_of, similarity)

    def reasons(self, part: pa.Table) -> list[str]:
        step = self.index.step
        pairs = zip(part["duplicate_of"].to_pylist(), part["similarity"].to_pylist(), strict=True)
        return with_sets([step.reason(*pair) for pair in pairs], part)

    def to_dict(self) -> dict[str, Any]:
        entry = super().to_dict()
        return entry | ({} if self.step is None else {"step": self.step.to_dict()})

    def __dask_tokenize__(self) -> Any:
        """All settings. What the index holds is no part of them: a run adds to it itself."""
        settings = [getattr(self, field.name) for field in dataclasses.fields(self)]
        found = None if self.add else ledger.newest(Store(self.path))
        return (type(self).__qualname__, settings, found and found[1])


def _made(entry: Mapping[str, Any]) -> Any:
    """A deduplication from its entry in a recipe."""
    from tamis.dedup import DEDUPS

    given = dict(entry)
    kind = given.pop("dedup", None)
    if kind not in DEDUPS:
        raise SettingError(f"step={dict(entry)!r} is no deduplication such as {{'dedup': 'exact'}}")
    try:
        return DEDUPS[kind](**given)
    except TypeError as error:
        raise SettingError(str(error).replace(".__init__() got", " got")) from None


def _restored(sketch: pa.Table) -> Sketched:
    """What `sketched` made of a partition."""
    records, ids = from_sketch(sketch)
    sets = sketch["set"].combine_chunks()
    ends = np.asarray(sets.offsets).astype(np.int64)
    values = np.asarray(sets.values)[ends[0] : ends[-1]] if len(sets) else np.empty(0, np.uint64)
    records["set_at"], records["set_size"] = ends[:-1] - ends[:1], np.diff(ends)
    records["set_file"] = np.where(records["set_size"] > 0, 0, -1)
    return Sketched(records, ids, 0, values)


def _verdicts(found: pd.DataFrame, name: str, prefix: str) -> pa.Table:
    """The table of verdicts on a delivery: who goes, and whom of the delivery they go for.

    Records of the delivery are called as in its frame, others as in the index.
    """
    kind = pa.large_string()
    ids = pa.array(found["id"], from_pandas=True).cast(kind)
    other = pa.array(found["duplicate_of"], from_pandas=True).cast(kind)
    keep = found["keep"].to_numpy(bool)
    own = pc.is_in(other, value_set=ids.filter(pa.array(keep)))
    stays = pc.is_in(ids, value_set=other.filter(own)).to_numpy(zero_copy_only=False) & keep
    rows = np.flatnonzero(~keep | stays)
    held = pc.binary_join_element_wise(pa.scalar(name, kind), other, pa.scalar("/", kind))
    ids = pc.utf8_slice_codeunits(ids, len(prefix))
    other = pc.if_else(own, pc.utf8_slice_codeunits(other, len(prefix)), other)
    cluster = pc.if_else(pa.array(keep), ids, pc.if_else(own, other, held))
    apart = pc.if_else(pc.or_(pa.array(keep), own), pa.scalar(None, kind), pa.scalar(name, kind))
    columns = {"id": ids, "cluster": cluster, "keep": pa.array(keep), "duplicate_of": other}
    columns["similarity"] = pa.array(found["similarity"].to_numpy(np.float64), mask=keep)
    table = pa.table({"row": pa.array(np.arange(len(found)))} | columns).cast(SCHEMA)
    return table.append_column(SET, apart).take(pa.array(rows))
