"""A comparison of more recordings than memory holds: a round for each block of them.

The words of fingerprints are dealt out to blocks of one size, in survivor order. In each round a
block is settled and all later ones are asked against those of it that stay, at the same time. A
task has the places of one block's words in memory, which the tasks of a process share. The
verdicts are those of `sound_blocks.settled`. Every file stands whole or not at all, so a run that
was cut off goes on from the last task that ended.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup import sound_blocks
from tamis.dedup.fingerprints import WORDS, places_of, sounds
from tamis.dedup.guards import largest_cluster
from tamis.dedup.sound_blocks import Bounds, Found, staying
from tamis.io.blocks import blocks_of, put_blocks, read_block
from tamis.io.store import Store
from tamis.kernels import recordings as kernel
from tamis.kernels.recordings import Places, Sounds
from tamis.passing import Passing, stem_of
from tamis.progress import Progress
from tamis.stages import Layout, Record, read_table, write_table

DEALT = pa.schema([("place", pa.int64()), ("words", WORDS)])
BLOCK = pa.schema([("words", WORDS)])
FOUND = pa.schema(  # of those that go: place in the block, and what was found
    [
        ("at", pa.int64()),
        ("witness", pa.int32()),
        ("similarity", pa.float64()),
        ("apart", pa.int64()),
    ]
)
EMPTY = 4096  # bytes, more than a file without rows has


class Rounds:
    """One comparison of the fingerprints of all partitions, settled block by block."""

    def __init__(
        self, number: int, token: str, step: Any, records: Sequence[Record], layout: Layout,
        bar: Progress,
    ) -> None:  # fmt: skip
        self.step, self.layout, self.store = step, layout, layout.store
        self.sketches = [record.file("sketch") for record in records]
        self.proposal = step.ordered([_narrow(self.store, name) for name in self.sketches])
        self.ends = self.proposal.ends
        self.count = len(self.ends) - 1
        stem = f"{stem_of(number, token)}-{self.count}"
        self.passing = Passing(layout.store, stem, step.name, bar)
        self.out = f"stages/{number}/verdicts.{token}.arrow"

    def settle(self) -> dict[str, Any]:
        """Decide on all rows: where the verdicts are, and what they come to."""
        words = self._words()
        settled: list[str] = []
        asked: list[Sequence[str]] = []  # per round the answers of all later blocks
        for k in range(self.count):
            answers = [names[k - earlier - 1] for earlier, names in enumerate(asked)]
            settled += self._settled(k, words[k], answers)
            asked.append(self._asked(k, words[k:], settled[k]))
        return self._verdicts(settled)

    def _settled(self, which: int, words: str, answers: Sequence[str]) -> Sequence[str]:
        """The file of who goes of a block."""
        call = (words, answers, self.step.bounds, int(self.ends[which]))
        label = f"settling block {which + 1} of {self.count}"
        return self.passing.each(
            label, f"settled-{which:05d}", settle_block, 1, lambda _, out: (*call, out)
        )

    def _asked(self, which: int, words: Sequence[str], settled: str) -> Sequence[str]:
        """The files of what each later block was answered; `words` are from this one on."""
        call = (self.step.bounds, int(self.ends[which]))
        label = f"asking block {which + 1} of {self.count}"
        return self.passing.each(
            label, f"asked-{which:05d}", ask_block, len(words) - 1,
            lambda later, out: (words[0], settled, words[1 + later], *call, out),
        )  # fmt: skip

    def _words(self) -> Sequence[str]:
        """A file of the words of each block."""
        rows, offsets = self.proposal.rows, self.proposal.offsets
        places = np.full(int(offsets[-1]), -1, np.int64)
        places[rows] = np.arange(rows.size)
        dealt = self.passing.each(
            "sending words", "dealt", deal_words, len(self.sketches),
            lambda k, out: (
                self.sketches[k], places[offsets[k] : offsets[k + 1]], self.ends, out,
            ),
        )  # fmt: skip
        words = self.passing.each(
            "gathering words", "words", gather_words, self.count, lambda k, out: (dealt, k, out)
        )
        for name in dealt:  # empty from now on: what is in them stands a second time
            if (self.store.size(name) or 0) > EMPTY:
                put_blocks(self.store, name, DEALT, [])
        return words

    def _verdicts(self, settled: Sequence[str]) -> dict[str, Any]:
        found = Found.nothing(int(self.ends[-1]))
        for name, first in zip(settled, self.ends.tolist(), strict=False):
            _take(found, read_table(self.store, name), first)
        verdicts = self.step.told(self.proposal, found)
        return write_table(verdicts, self.out, self.layout) | counted(verdicts) | {"stored": {}}


def deal_words(
    store: Store, sketch: str, places: np.ndarray, ends: np.ndarray, out: str
) -> str:  # fmt: skip
    """Deal the words of a partition out to blocks; `places` (-1: none) are in survivor order."""
    rows = np.flatnonzero(places >= 0)
    rows = rows[np.argsort(places[rows])]
    words = read_table(store, sketch, ["words"])["words"].take(pa.array(rows))
    table = pa.table([places[rows], words], DEALT)
    cuts = np.searchsorted(places[rows], ends)
    put_blocks(store, out, DEALT, blocks_of(table, np.arange(rows.size), cuts))
    return out


def gather_words(store: Store, names: Sequence[str], which: int, out: str) -> str:
    """The words of one block in survivor order."""
    table = pa.concat_tables([read_block(store, name, which) for name in names])
    order = np.argsort(table["place"].to_numpy())
    words = table.select(["words"]).take(pa.array(order)).combine_chunks()
    put_blocks(store, out, BLOCK, words.to_batches())
    return out


def settle_block(
    store: Store, words: str, answers: Sequence[str], bounds: Bounds, first: int, out: str
) -> str:
    """Who goes of a block whose first record is number `first`, by the answers of earlier ones."""
    own = _sounds(store, words)
    found = Found.nothing(own.telling.size)
    for name in answers:  # in the order of blocks: of equal answers the first one stands
        _take(found, read_table(store, name), 0)
    kernel.settle(places_of(own), own, *bounds, first, *found)
    return _put(store, found, out)


def ask_block(
    store: Store, words: str, settled: str, asked: str, bounds: Bounds, first: int, out: str
) -> str:
    """What the records of a later block are most like among those of this one that stay."""
    entered = _entered(store, words, settled)
    questions = _sounds(store, asked)
    found = Found.nothing(questions.telling.size)
    kernel.ask(entered.places, entered.sounds, questions, *bounds, first, *found)
    return _put(store, found, out)


class Entered:
    """A settled block with the places of the words of those that stay."""

    def __init__(self, store: Store, words: str, settled: str) -> None:
        self.sounds: Sounds = _sounds(store, words)
        found = Found.nothing(self.sounds.telling.size)
        _take(found, read_table(store, settled), 0)
        self.places: Places = staying(self.sounds, found.witness)


_held: weakref.WeakValueDictionary[tuple[str, str], Entered] = weakref.WeakValueDictionary()
_one_at_a_time = threading.Lock()


def _entered(store: Store, words: str, settled: str) -> Entered:
    """That block, once in a process for the tasks that need it at the same time."""
    key = (store.root, settled)
    with _one_at_a_time:
        held = _held.get(key)
        if held is None:
            _held[key] = held = Entered(store, words, settled)
        return held


def _sounds(store: Store, name: str) -> Sounds:
    return sounds(read_table(store, name)["words"])


def _take(found: Found, table: pa.Table, first: int) -> None:
    """Note the answers of a file where they are better than what is there."""
    at = table["at"].to_numpy() + first
    better = table["similarity"].to_numpy() > found.similarity[at]
    for values, name in zip(found, FOUND.names[1:], strict=True):
        values[at[better]] = table[name].to_numpy()[better]


def _put(store: Store, found: Found, out: str) -> str:
    at = np.flatnonzero(found.witness >= 0)
    table = pa.table([at, *(values[at] for values in found)], FOUND)
    put_blocks(store, out, FOUND, table.to_batches())
    return out


def _narrow(store: Store, name: str) -> pa.Table:
    """A sketch without its words, nothing of which stays in memory."""
    table = read_table(store, name)
    table = table.drop_columns(["words"])
    return table.take(pa.array(np.arange(table.num_rows)))


def counted(verdicts: pa.Table) -> dict[str, Any]:
    """What verdicts come to."""
    return {
        "clusters": len(verdicts["cluster"].unique()),
        "dropped": int(np.count_nonzero(~verdicts["keep"].to_numpy())),
        "largest": largest_cluster(verdicts),
    }


def worthwhile(step: Any, records: Sequence[Record]) -> bool:
    """Whether a comparison is of more than one block, by what its sketches take."""
    taken = sum(
        file["bytes"] for record in records for file in record.staged
        if file["name"] == record.file("sketch")
    )  # fmt: skip
    return bool(step.kind == "fingerprint" and taken > 4 * sound_blocks.BLOCK)
