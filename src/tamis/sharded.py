"""A comparison of more rows than memory holds: exchange, components, shards.

The verdicts are those of the comparison in memory. Every file stands whole or not at all under a
name with the token of the work, so a run that was cut off goes on from the last task that ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.dedup.components import EDGE, lowest_rows, stars
from tamis.dedup.memory import NODE, blocks, budget
from tamis.errors import DataError
from tamis.exchange import KEY, columns_of, group_keys, label_rows, split_keys, write_labels
from tamis.io.blocks import Numbered, read_notes
from tamis.passing import SHARD, Passing, stem_of
from tamis.progress import Progress
from tamis.shards import answer, ask, merge, settle_shard, take_rows
from tamis.stages import Layout, Record, read_table

SETTLED = 8  # times its sketch: what a row takes while its shard is settled, its evidence included


class Sharded:
    """One comparison of the sketches of all partitions, settled shard by shard."""

    def __init__(
        self, number: int, token: str, step: Any, records: Sequence[Record], layout: Layout,
        bar: Progress,
    ) -> None:  # fmt: skip
        self.step, self.records, self.store, self.bar = step, records, layout.store, bar
        self.offsets = np.cumsum([0, *(record.rows_kept for record in records)])
        self.rows, self.parts = int(self.offsets[-1]), len(records)
        self.sketches = [record.file("sketch") for record in records]
        names = read_table(self.store, self.sketches[0]).schema.names
        self.columns = len(columns_of(names))
        self.blocks = min(blocks(self.rows * self.columns * KEY), self.rows)
        self.width = min(blocks(self.rows * EDGE), self.rows)  # blocks of edges
        # the number of blocks is part of what a file is
        stem = f"{stem_of(number, token)}-{self.blocks}"
        self.passing = self.staying = Passing(layout.store, stem, step.name, bar)
        if step.bound is not None:
            stem = f"{stem_of(number, token, SHARD)}-{self.blocks}"
            self.staying = Passing(layout.store, stem, step.name, bar)
        self.out = f"stages/{number}/verdicts.{token}.arrow"

    def settle(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Decide on all rows: where the verdicts are, and what they come to."""
        labels = self._labels(self._edges())
        members = sum(int(read_notes(self.store, name)["rows"]) for name in labels)
        width = sum(self.store.size(name) or 0 for name in self.sketches) / self.rows
        shards = max(1, min(members, blocks(int(members * width * SETTLED))))
        taken = self.staying.each(
            "sharding", f"rows-{shards}", take_rows, self.parts,
            lambda k, out: (self.sketches[k], labels, *self._place(k), shards, out),
        )  # fmt: skip
        asked = self.passing.each(
            "proposing", f"asked-{shards}", ask, shards,
            lambda k, out: (self.step, taken, self.offsets, k, out),
        )  # fmt: skip
        answers = self.staying.each(
            "gathering evidence", f"answers-{shards}", answer, self.parts,
            lambda k, out: (
                self.step, self.records[k].file("rows"), columns, asked, *self._place(k), out,
            ),
        )  # fmt: skip
        settled = self.passing.each(
            "settling", f"settled-{shards}", settle_shard, shards,
            lambda k, out: (self.step, taken, answers, k, out),
        )  # fmt: skip
        found = merge(self.store, settled, self.rows, self.out)
        if self.step.bound is not None:
            files = {"taken": list(taken), "answers": list(answers)}
            found["shards"] = {"count": shards} | files
        return found

    def _edges(self) -> Sequence[str]:
        """Files of edges between rows that share a key, each in `self.width` blocks."""
        keys = self.passing.each(
            "sending keys", "keys", split_keys, self.parts,
            lambda k, out: (self.sketches[k], k, self.blocks, out),
        )  # fmt: skip
        edges = self.passing.each(
            "grouping keys", "edges", group_keys, self.blocks,
            lambda k, out: (keys, self.offsets, self.columns, k, self.width, out),
        )  # fmt: skip
        for name in edges:
            self._refuse_repeated(read_notes(self.store, name))
        return edges

    def _labels(self, edges: Sequence[str]) -> Sequence[str]:
        """Files with the component of each row that shares one, a block for each partition."""
        if self.rows * NODE > budget():
            self.bar.begin("joining components", 0, 0)
            found = stars(self.store, edges, self.width, self.passing.name("stars"), lambda _: None)
            return self.passing.each(
                "naming components", "labels", label_rows, self.width,
                lambda k, out: (found, self.offsets, k, out),
            )  # fmt: skip
        names = Numbered(self.passing.name("joined-{:05d}.arrow"), 1)
        if self.store.size(names[0]) is None:
            self.bar.begin("joining components", 1, 0)
            parent = lowest_rows(
                self.rows, lambda: (read_table(self.store, name) for name in edges)
            )
            rows = np.flatnonzero(np.bincount(parent, minlength=1)[parent] > 1)
            write_labels(self.store, names[0], rows, parent[rows], self.offsets)
        return names

    def _place(self, part: int) -> tuple[int, int]:
        """A partition's first row, and its number."""
        return int(self.offsets[part]), part

    def _refuse_repeated(self, notes: dict[str, str]) -> None:
        """Raise `DataError` for an id that stands twice; one hash of two ids is no matter."""
        for pair in zip(*(notes[side].split(",") for side in ("first", "again")), strict=True):
            if pair == ("", ""):
                continue
            rows = [int(row) for row in pair]
            parts = (np.searchsorted(self.offsets, rows, side="right") - 1).tolist()
            at = [row - int(self.offsets[part]) for row, part in zip(rows, parts, strict=True)]
            first, again = (
                read_table(self.store, self.sketches[part], ["id"])["id"][row].as_py()
                for part, row in zip(parts, at, strict=True)
            )
            if first == again:
                raise DataError(
                    f"id {first!r} occurs twice: row {at[0]:,} of partition {parts[0]} and row "
                    f"{at[1]:,} of partition {parts[1]}; ids must be unique"
                )
