"""A proposal settled partition by partition, in the order of the rows.

Where the first record of a cluster stays, whether a record goes is known as soon as those before
it are settled. So the sets of a partition are needed only while it is settled, but for those of
records that stay and will be compared with later ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup.candidates import Proposal
from tamis.dedup.shared import nothing
from tamis.dedup.verdicts import located, told
from tamis.errors import AccountingError
from tamis.kernels.survivors import settle_these


class Settling:
    """Takes the evidence of partitions in their order, and tells the verdicts on their rows.

    The proposal must have its groups in the order of rows (`keep="first"`). A partition that was
    taken before changes nothing: its verdicts are told again.
    """

    def __init__(self, proposal: Proposal, threshold: float, contained: bool) -> None:
        self.proposal, self.threshold, self.contained = proposal, float(threshold), contained
        count = proposal.contested.size
        self.cuts = np.cumsum([0, *map(len, proposal.evidence)])
        self.until = _awaited(proposal)
        self.taken = 0
        self.sizes = np.zeros(count, np.int64)
        self.addresses = np.zeros(count, np.uint64)
        self.kept: list[tuple[np.ndarray, pa.LargeListArray]] = []  # groups, their sets
        self.filled = np.zeros(proposal.starts.size - 1, np.int32)
        self.staying = np.zeros(proposal.starts[-1], np.int32)
        self.seen = np.full(count, -1, np.int32)
        self.witness, self.similarity = np.full(count, -1, np.int32), np.zeros(count)
        groups = int(proposal.group.max(initial=-1)) + 1
        self.of_group, self.value = np.arange(groups), np.ones(groups)
        _, self.heads = np.unique(proposal.group, return_index=True)
        self.by_row = np.argsort(proposal.rows, kind="stable")
        self.members = np.searchsorted(proposal.rows[self.by_row], proposal.offsets)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process the sets lie elsewhere."""
        self.__dict__.update(state)
        for groups, sets in self.kept:
            self.addresses[groups] = located(sets)[0]

    def take(self, which: int, evidence: pa.Table | None) -> pa.Table:
        """The verdicts on the rows of partition number `which` that go."""
        if which == self.taken:
            self._settle(which, evidence)
            self.taken += 1
        start, end = self.members[which : which + 2]
        member = self.by_row[start:end]
        proposal = self.proposal
        target = self.heads[self.of_group[proposal.group[member]]]
        gone = target != member
        member, target = member[gone], target[gone]
        return told(
            proposal.rows[member], proposal.ids.take(member), proposal.ids.take(target),
            np.zeros(member.size, np.bool_), self.value[proposal.group[member]],
        )  # fmt: skip

    def _settle(self, which: int, evidence: pa.Table | None) -> None:
        start, end = self.cuts[which : which + 2]
        groups = self.proposal.witnesses[start:end]
        if not groups.size:
            return
        came = 0
        for sets in evidence["shingles"].chunks if evidence is not None else ():
            part = groups[came : came + len(sets)]
            self.addresses[part], self.sizes[part] = located(sets)
            self.kept.append((part, sets))
            came += len(sets)
        if came != groups.size:
            raise AccountingError(f"evidence for {groups.size} rows was asked for, {came} came")
        proposal = self.proposal
        settle_these(
            groups, proposal.buckets, proposal.starts, self.addresses, self.sizes,
            proposal.signatures, self.threshold, self.witness, self.similarity, self.contained, 0,
            self.filled, self.staying, self.seen, nothing(),
        )  # fmt: skip
        gone = groups[self.witness[groups] >= 0]
        contested = proposal.contested
        self.of_group[contested[gone]] = contested[self.witness[gone]]
        self.value[contested[gone]] = self.similarity[gone]
        kept = (self._needed(*old, end) for old in self.kept)
        self.kept = [part for part in kept if part is not None]

    def _needed(
        self, groups: np.ndarray, sets: pa.LargeListArray, end: int
    ) -> tuple[np.ndarray, pa.LargeListArray] | None:
        """Of some sets those that a later row is compared with, copied once half are done with."""
        needed = (self.witness[groups] < 0) & (self.until[groups] >= end)
        left = np.count_nonzero(needed)
        if not left:
            return None
        if 2 * left > groups.size and self.witness[groups].max() < 0:
            return groups, sets
        groups, sets = groups[needed], sets.take(pa.array(np.flatnonzero(needed)))
        self.addresses[groups] = located(sets)[0]
        return groups, sets


def _awaited(proposal: Proposal) -> np.ndarray:
    """For each contested group the place, by row, of the last that it shares a bucket with."""
    last = np.zeros(proposal.starts.size, np.int64)
    until = np.zeros(proposal.contested.size, np.int64)
    groups = proposal.witnesses
    for band in range(proposal.buckets.shape[1]):
        buckets = proposal.buckets[groups, band]
        places = np.flatnonzero(buckets >= 0)
        shared = buckets[places]
        last[shared] = places  # ascending: of those that share a bucket the last one stands
        until[groups[places]] = np.maximum(until[groups[places]], last[shared])
    return until
