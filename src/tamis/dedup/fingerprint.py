"""Deduplication of recordings: those that are the same sound, by their acoustic fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.candidates import ID, check_ids
from tamis.dedup.fingerprints import as_column, places_of, read_words, sounds
from tamis.dedup.members import clustered, ids_at
from tamis.dedup.step import Dedup, path_of, required, with_sets
from tamis.dedup.survivors import policy, ranks
from tamis.errors import DataError, SettingError
from tamis.kernels import recordings as kernel
from tamis.kernels.alignment import SECONDS
from tamis.kernels.recordings import Sounds

MEASURES = ("jaccard", "containment")
OFFSET = "offset"  # column of verdicts: words from the beginning of the one to that of the other


@dataclass(frozen=True, eq=False)
class Recordings:
    """Every record that has a fingerprint, in survivor order."""

    offsets: np.ndarray  # int64: the global number of each partition's first row, and of the end
    rows: np.ndarray  # int64 per record: its global row number
    sounds: Sounds
    names: tuple[pa.ChunkedArray, ...]  # the ids of each partition
    evidence: tuple[np.ndarray, ...]  # per partition: no rows
    withheld: pa.Table | None = None  # verdicts on rows that another set holds (`against=`)

    def ids(self, rows: np.ndarray) -> pa.ChunkedArray:
        """The ids of some rows."""
        return ids_at(self.names, self.offsets, rows)


@dataclass(frozen=True)
class FingerprintDedup(Dedup):
    """Keep one record of those that are the same sound: coded anew, louder, longer, cut out.

    `on` names a column of fingerprints, as `audio.fingerprint` makes them. Two are laid side by
    side at the offset in time at which most agrees; a stretch of a second is the same sound if at
    most 22 % of the bits differ (of shorter clips 15 %). What says nothing (silence, tones that do
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
    dropped. Fingerprints are held in memory while they are compared, with the places of their
    words some 2 MB for an hour of sound.

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
    def contained(self) -> bool:
        """Whether time is shared over that of the shorter one."""
        return self.measure == "containment"

    def columns(self) -> tuple[str, ...]:
        return (self.on,)

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """`id`, `priority` (not for "first"), `valid`, `words` of each row."""
        required(frame, self.columns(), self.name)
        found = read_words(frame[self.on], frame.get("id"))
        texts = pd.Series("", index=frame.index, dtype="str")  # nobody measures these
        made = self._named(frame, texts) | {
            "valid": pa.array(found.valid),
            "words": as_column(found),
        }
        if self.policy.kind == "longest":
            made["priority"] = pa.array(np.diff(found.ends).astype(np.float64))
        return self._beside(frame, pa.table(made))

    def propose(self, sketches: Sequence[pa.Table]) -> Recordings:
        offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])
        count = int(offsets[-1])
        if count >= 2**31 - 1:
            raise DataError(f"{count:,} rows at once; one machine compares 2**31 - 2")
        check_ids(sketches, offsets, np.empty(1 << (2 * count + 1).bit_length(), np.int32))
        valid = np.concatenate([np.empty(0, bool), *(np.asarray(s["valid"]) for s in sketches)])
        rows = np.flatnonzero(valid)
        chunks = [chunk for sketch in sketches for chunk in sketch["words"].chunks]
        words = pa.chunked_array(chunks, pa.large_list(pa.uint32()))
        if sketches and "priority" in sketches[0].schema.names:
            priorities = np.concatenate([np.asarray(sketch["priority"]) for sketch in sketches])
            ids = pa.chunked_array([c for s in sketches for c in s["id"].chunks], ID.type)
            places = ranks(rows, priorities[rows], ids.take(pa.array(rows)))
            rows = rows[np.argsort(places)]
        if rows.size < count or (np.diff(rows) < 0).any():
            words = words.take(pa.array(rows))
        found = Recordings(
            offsets=offsets,
            rows=rows,
            sounds=sounds(words),
            names=tuple(sketch["id"] for sketch in sketches),
            evidence=tuple(np.empty(0, np.int64) for _ in sketches),
        )
        return self._withheld(found, sketches)

    def evidence(self, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
        """Nothing: the sketch holds the whole fingerprint."""
        return pa.table({"words": pa.array([], pa.large_list(pa.uint32()))})

    def decide(self, proposal: Recordings, evidence: Sequence[pa.Table | None]) -> pa.Table:
        count = proposal.rows.size
        witness, apart = np.full(count, -1, np.int32), np.zeros(count, np.int64)
        similarity = np.ones(count)
        if count > 1:
            kernel.settle(
                places_of(proposal.sounds), proposal.sounds, self.contained, float(self.threshold),
                witness, similarity, apart,
            )  # fmt: skip
        target = np.where(witness >= 0, witness, np.arange(count))
        table = clustered(proposal.rows, np.arange(count), target, similarity, proposal.ids)
        by_row = np.argsort(proposal.rows)
        at = by_row[np.searchsorted(proposal.rows[by_row], table["row"].to_numpy())]
        table = table.append_column(OFFSET, pa.array(apart[at], mask=witness[at] < 0))
        return self._complete(table, proposal)

    def connected(self, proposal: Recordings) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records joined by a chain of others that are the same sound, their group."""
        parent = np.arange(proposal.rows.size, dtype=np.int32)
        if parent.size > 1:
            kernel.connect(
                places_of(proposal.sounds), proposal.sounds, self.contained, float(self.threshold),
                parent,
            )  # fmt: skip
        group = parent.astype(np.int64)
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
