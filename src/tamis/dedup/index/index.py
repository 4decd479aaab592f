"""The index: what it holds, asked and changed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.index import changes, compaction, ledger, repeated, results, revision
from tamis.dedup.index.advice import advising
from tamis.dedup.index.delivery import (
    Delivered,
    Sketched,
    Written,
    deliver,
    deliver_sketched,
    held,
    together,
    withdraw,
)
from tamis.dedup.index.ledger import State
from tamis.dedup.index.results import Addition, Removal
from tamis.dedup.index.segment import REMOVED, STAYS
from tamis.dedup.index.settings import agree, check_kind, noted, restored
from tamis.dedup.index.view import View
from tamis.errors import DataError
from tamis.frame import strings
from tamis.io import target
from tamis.io.store import Store

ATTEMPTS = 50
FOLDED = 16  # files of changes after which they are written into the verdicts

Made = tuple[State | None, Any]


class Index:
    """A folder that remembers records, so that a new delivery is compared with all before it.

    `step` says how records are compared and who stays; by default what the folder's index was made
    with, and `FuzzyDedup()` for a new one. Adding deliveries one after another gives the verdicts
    that one pass over all of them would, removing one those of never having added it. With
    `FuzzyDedup(verify=False)` no shingles are stored, a tenth of the disk, and similarities are
    estimates.

    Several processes may add at once: each addition is there as a whole or not at all, and they
    count in the order in which they end. Readers see the version that stood when they looked.

    Raises `SettingError` where `step` differs from what the index was made with.

    >>> import tempfile
    >>> index = Index(tempfile.mkdtemp() + "/index")
    >>> may = pd.DataFrame({"id": ["a", "b"], "text": ["one two three four five six", "else"]})
    >>> june = pd.DataFrame({"id": ["c", "d"], "text": ["One two three four five six!", "new"]})
    >>> index.add(may, source="may").verdicts.keep.tolist()
    [True, True]
    >>> added = index.add(june, source="june")
    >>> added.verdicts.duplicate_of.dropna().tolist(), added.kept(june).id.tolist()
    (['a'], ['d'])
    >>> index.remove(source="may").promoted.id.tolist()
    ['c']
    """

    def __init__(self, path: str | os.PathLike[str], step: Any = None) -> None:
        self.store = Store(path)
        self.path = self.store.root
        self._step = step
        if step is not None:
            check_kind(step)
        found = ledger.newest(self.store)
        if found is not None and step is not None:
            agree(self.path, found[0].settings, step)

    @property
    def name(self) -> str:
        """The name of the folder: what reasons call the index by."""
        return os.path.basename(self.path)

    @property
    def step(self) -> Any:
        """The deduplication that the index was made with, or will be."""
        found = ledger.newest(self.store)
        if found is not None:
            return restored(found[0].settings)
        return FuzzyDedup() if self._step is None else self._step

    @property
    def fingerprint(self) -> str:
        """A short text that is another one after every change of the index."""
        return self._open()[1]

    def add(self, frame: Any, *, source: str | None = None, prefix: str = "") -> Addition:
        """Add a delivery, a pandas or Dask frame, under the name of its source.

        The verdicts are those of one pass over all deliveries in order. `source` is what `remove`
        knows the records by; several deliveries may share one, and without one they are
        `delivery-1`, `delivery-2`, … `prefix` is put before every id, in the index and in what is
        kept: for deliveries whose ids are the same, such as those from names of files.

        The same delivery again (source, ids, contents) adds nothing and gives the verdicts that
        stand, so that whoever was stopped after adding can go on. Raises `DataError` for an id
        that the index holds otherwise.
        """
        found = ledger.newest(self.store)
        step = self.step
        if found is None:
            target.refuse_foreign(self.store, known=())
        frame = results.prefixed(frame, prefix)
        self._check(frame, step)
        with advising(frame, prefix):
            return self._enter(deliver(self.store, step, frame), step, source, prefix)

    def add_sketched(self, parts: Iterable[Sketched], source: str | None = None) -> Addition:
        """As `add`, of partitions that `delivery.sketched` has made of frames."""
        if ledger.newest(self.store) is None:
            target.refuse_foreign(self.store, known=())
        return self._enter(deliver_sketched(self.store, parts), self.step, source)

    def tried(self, parts: Iterable[Sketched], source: str | None, adding: bool) -> pd.DataFrame:
        """What `add_sketched` would say, or `query` where it is not `adding`; nothing changes.

        Of a delivery that is held already it is what stands.
        """
        found, step = ledger.newest(self.store), self.step
        state = State(0, noted(step)) if found is None else found[0]
        view = revision.opened(self.store, state)
        segments = [Written("", segment) for segment in together(parts)]
        same = repeated.held(view, state, segments, source) if adding else None
        if same is not None:
            return results.shown(view, same[1])
        start = len(view)
        view, _ = changes.added(view, state, segments, step, source or "new", not adding)
        return results.shown(view, np.arange(start, len(view)))

    def _enter(
        self, delivered: Delivered, step: Any, source: str | None, prefix: str = ""
    ) -> Addition:
        """Commit a delivery whose files are in place."""

        def make(state: State | None) -> Made:
            state = state or State(0, noted(step))
            agree(self.path, state.settings, step)
            view = revision.opened(self.store, state)
            same = repeated.held(view, state, delivered.segments, source)
            if same is not None:
                name, at = same
                shown = results.shown(view, at)
                return None, Addition(name, shown, results.shown(view, at[:0]), again=True)
            name = source or f"delivery-{len(state.deliveries) + 1}"
            return revision.added(self.store, state, delivered.segments, step, name)

        result: Addition = self._commit(make)
        if result.again:
            withdraw(self.store, delivered)
        return dataclasses.replace(result, passed=delivered.passed, prefix=prefix)

    def query(self, frame: Any, *, prefix: str = "") -> pd.DataFrame:
        """The verdicts that adding this frame would give it: `id, keep, duplicate_of, similarity`.

        Nothing is added, and nothing else told. Ids may stand in the index: a record that is there
        itself is a duplicate of the record that stays, which may be the one of its own id. The
        frame is held in memory as sketches and sets of shingles.
        """
        state, _ = self._open()
        frame = results.prefixed(frame, prefix)
        step, view = restored(state.settings), revision.opened(self.store, state)
        self._check(frame, step)
        start = len(view)
        segments = [Written("", segment) for segment in held(frame, step)]
        with advising(frame, prefix):
            view, _ = changes.added(view, state, segments, step, "query", asking=True)
        return results.shown(view, np.arange(start, len(view)))

    def remove(self, *, source: str | None = None, ids: Iterable[str] | None = None) -> Removal:
        """Take out the records of a source, or those with some ids.

        Afterwards the index is as if they had never been added: the best of the duplicates they
        suppressed is promoted. Raises `DataError` for a source or an id that the index has not.
        """
        if (source is None) == (ids is None):
            raise DataError("remove takes a source or ids: remove(source='…') or remove(ids=[…])")
        wanted = None if ids is None else pa.array([ids] if isinstance(ids, str) else list(ids))
        self._open()

        def make(state: State | None) -> Made:
            assert state is not None
            step, view = restored(state.settings), revision.opened(self.store, state)
            if wanted is None:
                positions = self._of_source(state, view, str(source))
            else:
                positions = self._of_ids(view, wanted)
            made = changes.removed(view, positions, step)
            gone = pd.DataFrame({"id": strings(view.ids(positions), pd.RangeIndex(len(positions)))})
            after = view.with_changes(made)
            touched = after.positions(made["serial"][made["witness"] != REMOVED])
            removal = Removal(gone, results.shown(after, touched))
            return (revision.changed(self.store, state, made) if len(made) else None, removal)

        result: Removal = self._commit(make)
        return result

    def find(self) -> pd.DataFrame:
        """The clusters of all that is held, as the step's own `find` gives them."""
        state, _ = self._open()
        view = revision.opened(self.store, state)
        shown = results.shown(view, np.arange(len(view)))
        cluster = shown["duplicate_of"].fillna(shown["id"])
        shown.insert(1, "cluster", cluster)
        return shown[cluster.duplicated(keep=False)].reset_index(drop=True)

    def stats(self) -> dict[str, Any]:
        """What the index holds: records, sources, segments, settings, bytes on disk by kind."""
        state, _ = self._open()
        view = revision.opened(self.store, state)
        witness = view.verdicts(np.arange(len(view)))["witness"]
        alive = witness != REMOVED
        sources: dict[str, dict[str, int]] = {}
        for delivery in state.deliveries:
            counted = sources.setdefault(delivery["source"], dict.fromkeys(_COUNTED, 0))
            part = view.between(delivery["first"], delivery["first"] + delivery["rows"])
            counted["deliveries"] += 1
            counted["records"] += int(alive[part].sum())
            counted["kept"] += int((witness[part] == STAYS).sum())
        sizes: dict[str, int] = {}
        for name in sorted(state.used()):
            kind = _kind(name)
            if kind == "sets" and state.settings["dedup"] == "semantic":
                kind = "vectors"
            sizes[kind] = sizes.get(kind, 0) + state.files[name]
        records = int(alive.sum())
        return {
            "version": state.version,
            "settings": dict(state.settings),
            "verified": changes.verified(restored(state.settings)),
            "records": records,
            "kept": int((witness == STAYS).sum()),
            "suppressed": int((witness >= 0).sum()),
            "removed": int((~alive).sum()),
            "sources": sources,
            "segments": len(state.segments),
            "bytes": sizes,
            "bytes_per_record": sum(sizes.values()) / records if records else 0.0,
        }

    def compact(self, *, grace: float = 3600.0) -> None:
        """Write everything as one segment, without removed records, and delete what is left over.

        Files that no version needs are deleted once they are older than `grace` seconds: younger
        ones may belong to somebody who is adding. Additions merge segments by themselves; this
        gives back the disk of removed records.
        """
        self._open()

        def make(state: State | None) -> Made:
            assert state is not None
            count = len(state.segments)
            removed = self._removed(state)
            loose = sum(len(entry["sets"]) > 1 for entry in state.segments)
            if count < 2 and not (removed or loose or state.changes):
                return None, None
            return revision.merged(self.store, state, count, True), None

        self._commit(make)
        ledger.tidy(self.store, grace)

    def _open(self) -> tuple[State, str]:
        found = ledger.newest(self.store)
        if found is None:
            raise DataError(f"no index in {self.path}; add a delivery to it first")
        return found

    def _commit(self, make: Callable[[State | None], Made]) -> Any:
        """Work a change out on the newest version until no other writer has been faster."""
        for _ in range(ATTEMPTS):
            found = ledger.newest(self.store)
            made = make(found[0] if found else None)
            state, result = made
            if state is None or ledger.claim(self.store, state):
                if state is not None:
                    self._tend(state)
                return result
        raise DataError(f"{self.path}: {ATTEMPTS} times another writer was faster; try again")

    def _removed(self, state: State) -> int:
        view = revision.opened(self.store, state)
        return int((view.verdicts(np.arange(len(view)))["witness"] == REMOVED).sum())

    def _tend(self, state: State) -> None:
        """Merge segments and fold changes where there are many; another writer may do it too."""
        count = compaction.due([entry["rows"] for entry in state.segments])
        if not count and len(state.changes) < FOLDED:
            return
        if ledger.claim(self.store, revision.merged(self.store, state, count, False)):
            ledger.tidy(self.store)

    def _of_source(self, state: State, view: View, source: str) -> np.ndarray:
        known = [delivery for delivery in state.deliveries if delivery["source"] == source]
        if not known:
            names = dict.fromkeys(delivery["source"] for delivery in state.deliveries)
            raise DataError(f"{self.path}: no source {source!r} (has: {', '.join(names)})")
        found = [view.between(d["first"], d["first"] + d["rows"]) for d in known]
        return view.alive(np.sort(np.concatenate(found)))

    def _of_ids(self, view: View, ids: pa.Array) -> np.ndarray:
        ids = ids.cast(pa.large_string())
        rows, positions = changes.by_id(view, ids)
        missing = np.setdiff1d(np.arange(len(ids)), rows)
        if len(missing):
            name = ids[int(missing[0])].as_py()
            raise DataError(f"{self.path}: no id {name!r} ({len(missing):,} such ids)")
        return np.unique(positions)

    def _check(self, frame: Any, step: Any) -> None:
        """Raise where the columns that are compared are not there."""
        meta = frame._meta if hasattr(frame, "_meta") else frame
        step.plan(dict(meta.dtypes), f"index {self.name}")

    def __repr__(self) -> str:
        return f"Index({self.path!r})"


def _kind(name: str) -> str:
    """What a file of an index is for."""
    top, _, base = name.partition("/")
    inner = base.rsplit("/", 1)[-1].removesuffix(".npy")
    return _KINDS.get(inner, inner) if top == "segments" else top


_COUNTED = ("deliveries", "records", "kept")
_KINDS = {"keys": "bands", "rows": "bands", "id_data": "ids", "id_ends": "ids", "serials": "ids"}
