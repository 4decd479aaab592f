"""Deduplication of recordings: those that are the same sound, by their acoustic fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import sound_blocks
from tamis.dedup.candidates import ID, unique_ids
from tamis.dedup.fingerprints import WORDS, as_column, read_words, sounds
from tamis.dedup.members import clustered, ids_at, taken
from tamis.dedup.sound_blocks import Bounds, Found, block_ends, joined, settled
from tamis.dedup.step import Dedup, path_of, required, with_sets
from tamis.dedup.survivors import policy, ranks
from tamis.errors import DataError, SettingError
from tamis.kernels.alignment import SECONDS
from tamis.kernels.recordings import Sounds

MEASURES = ("jaccard", "containment")
OFFSET = "offset"  # column of verdicts: words from the beginning of the one to that of the other


@dataclass(frozen=True, eq=False)
class Recordings:
    """Every record that has a fingerprint, in survivor order."""

    offsets: np.ndarray  # int64: the global number of each partition's first row, and of the end
    rows: np.ndarray  # int64 per record: its global row number
    ends: np.ndarray  # int64: the record that each block of them begins with, and the end
    words: tuple[pa.ChunkedArray, ...]  # of each partition; none where they are elsewhere
    names: tuple[pa.ChunkedArray, ...]  # the ids of each partition
    evidence: tuple[np.ndarray, ...]  # per partition: no rows
    withheld: pa.Table | None = None  # verdicts on rows that another set holds (`against=`)

    def ids(self, rows: np.ndarray) -> pa.ChunkedArray:
        """The ids of some rows."""
        return ids_at(self.names, self.offsets, rows)

    def block(self, which: int) -> Sounds:
        """The recordings of one block, copied."""
        rows = self.rows[self.ends[which] : self.ends[which + 1]]
        return sounds(taken(self.words, self.offsets, rows, WORDS))


@dataclass(frozen=True)
class FingerprintDedup(Dedup):
    """Keep one record of those that are the same sound: coded anew, louder, longer, cut out.

    `on` names a column of fingerprints, as `audio.fingerprint` makes them. Two are laid side by
    side at the offset in time at which most agrees; a stretch of a second is the same sound if at
    most 24 % of the bits differ (of shorter clips 15 %). What says nothing (silence, tones that do
    not change) counts neither way. `similarity` is the time that is the same sound over

    - `measure="jaccard"`: all the time of both. At 0.5, the default, a clip of 6 s and one that
      begins 2 s later are duplicates, and a jingle of 3 s makes none of two recordings of 10 s.
    - `measure="containment"`: the time of the one that has less, for clips that were cut out of
      longer recordings; give `keep="longest"` with it, so that the contained one goes.

    A record goes only if its true similarity to one that is *kept* reaches `threshold`, and names
    the most similar of those that were proposed; the reason says how far the one begins before the
    other. Proposed are recordings that share a word of 32 bits within a stretch that is the same;
    those of less than 10 s also with one bit changed. The first 16 records of a value are looked
    at, so that a hum that a million recordings share costs a million times 16.

    Null, silence and less than 0.3 s are duplicates of nothing. `keep` is as
    everywhere (`tamis.dedup.survivors.policy`); `"longest"` is the one of most words. `against`
    names files with such a column (and `id`): records that are the same sound as one there are
    dropped. Some 600 hours of sound are held in memory at a time, 1.5 GB; a run keeps the rest in
    files, and compares 600 hours with 600 hours (see `tamis.rounds`).

    >>> import base64
    >>> noise = np.random.default_rng(0).integers(1, 2**32, (2, 300), np.uint32)
    >>> made = [base64.b64encode(w.tobytes()).decode() for w in (noise[0], noise[1], noise[0, 60:])]
    >>> clips = pd.DataFrame({"id": ["a", "b", "c"], "fingerprint": made})
    >>> FingerprintDedup().explain(clips).dropped_why.dropna().tolist()
    ['dedup.fingerprint: similarity 0.800 to a, begins 1.92 s into it']
    """

    on: str = "fingerprint"
    threshold: float = 0.5
    measure: str = "jaccard"
    keep: str = "first"
    against: str | None = None
    name: str = "fingerprint_dedup"
    kind: ClassVar[str] = "fingerprint"
    bound: ClassVar[str] = "threshold"

    def __post_init__(self) -> None:
        if not isinstance(self.on, str) or not self.on:
            raise SettingError(f"on={self.on!r} names no column; fingerprint compares one")
        share = self.threshold
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise SettingError(f"threshold={share!r} is not a share above 0 and up to 1")
        if self.measure not in MEASURES:
            known = ", ".join(MEASURES)
            raise SettingError(f"measure={self.measure!r} is unknown (known: {known})")
        policy(self.keep)
        self._put(name=self.name or f"{self.kind}_dedup", against=path_of(self.against))
        super().__post_init__()

    @property
    def bounds(self) -> Bounds:
        """The settings as comparing takes them."""
        return Bounds(self.contained, float(self.threshold))

    @property
    def contained(self) -> bool:
        """Whether time is shared over that of the shorter one."""
        return self.measure == "containment"

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `valid`, `size`, `words` of each row."""
        required(frame, self.columns(), self.name)
        found = read_words(frame[self.on], frame.get("id"))
        texts = pd.Series("", index=frame.index, dtype="str")  # nobody measures these
        made = self._named(frame, texts) | {
            "valid": pa.array(found.valid),
            "size": pa.array(np.diff(found.ends), pa.uint32()),
            "words": as_column(found),
        }
        if self.policy.kind == "longest":
            made["priority"] = pa.array(np.diff(found.ends).astype(np.float64))
        return self._beside(frame, pa.table(made))

    def propose(self, sketches: Sequence[pa.Table]) -> Recordings:
        return replace(self.ordered(sketches), words=tuple(sketch["words"] for sketch in sketches))

    def ordered(self, sketches: Sequence[pa.Table]) -> Recordings:
        """The proposal without words, of which the sketches need none."""
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        count = int(offsets[-1])
        if count >= 2**31 - 1:
            raise DataError(f"{count:,} rows at once; one machine compares 2**31 - 2")
        unique_ids(sketches)
        valid = np.concatenate([np.empty(0, bool), *(np.asarray(s["valid"]) for s in sketches)])
        sizes = np.concatenate([np.empty(0, np.int64), *(np.asarray(s["size"]) for s in sketches)])
        rows = np.flatnonzero(valid)
        if sketches and "priority" in sketches[0].schema.names:
            priorities = np.concatenate([np.asarray(sketch["priority"]) for sketch in sketches])
            ids = pa.chunked_array([c for s in sketches for c in s["id"].chunks], ID.type)
            places = ranks(rows, priorities[rows], ids.take(pa.array(rows)))
            rows = rows[np.argsort(places)]
        found = Recordings(
            offsets=offsets,
            rows=rows,
            ends=block_ends(sizes[rows], sound_blocks.BLOCK),
            words=(),
            names=tuple(sketch["id"] for sketch in sketches),
            evidence=tuple(np.empty(0, np.int64) for _ in sketches),
        )
        return self._withheld(found, sketches)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: the sketch holds the whole fingerprint."""
        return pa.table({"words": pa.array([], WORDS)})

    def decide(self, proposal: Recordings, evidence: Sequence[pa.Table | None]) -> pa.Table:
        return self.told(proposal, settled(proposal.block, proposal.ends, self.bounds))

    def told(self, proposal: Recordings, found: Found) -> pa.Table:
        """The verdicts, from what was found of each record."""
        witness, rows = found.witness, proposal.rows
        numbers = np.arange(rows.size)
        target = np.where(witness >= 0, witness, numbers)
        table = clustered(rows, numbers, target, found.similarity, proposal.ids)
        by_row = np.argsort(rows)
        at = by_row[np.searchsorted(rows[by_row], table["row"].to_numpy())]
        table = table.append_column(OFFSET, pa.array(found.apart[at], mask=witness[at] < 0))
        return self._complete(table, proposal)

    def connected(self, proposal: Recordings) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records joined by a chain of others that are the same sound, their group."""
        group = joined(proposal.block, proposal.ends, self.bounds)
        several = np.bincount(group, minlength=1)[group] > 1
        return proposal.ids(proposal.rows[several]), group[several]

    def reasons(self, part: pa.Table) -> list[str]:
        """`dropped_why` of the records of some verdicts: similarity, and offset in seconds."""
        names, values = part["duplicate_of"].to_pylist(), part["similarity"].to_pylist()
        found = [self.reason(*pair) for pair in zip(names, values, strict=True)]
        if OFFSET in part.column_names:
            apart = part[OFFSET].to_pylist()
            found = [why + _placed(words) for why, words in zip(found, apart, strict=True)]
        return with_sets(found, part)

    def reason(self, duplicate_of: str, similarity: float) -> str:
        what = "containment" if self.contained else "similarity"
        joint = "with" if self.contained else "to"
        return f"dedup.fingerprint: {what} {similarity:.3f} {joint} {duplicate_of}"


def _placed(words: int | None) -> str:
    """Where a record begins in, or before, the one it duplicates."""
    if not words:
        return ""
    return f", begins {abs(words) * SECONDS:.2f} s {'before' if words > 0 else 'into'} it"
