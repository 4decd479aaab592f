"""Verdicts: of each cluster one record stays, and every other names it as its witness.

A cluster is a record that stays and the records that go because of it, each compared with it and
found similar enough. Candidates that nothing came of are in no cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.candidates import Proposal
from tamis.dedup.shared import known
from tamis.errors import AccountingError
from tamis.kernels.survivors import settle

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.large_string()),
        ("cluster", pa.large_string()),
        ("keep", pa.bool_()),
        ("duplicate_of", pa.large_string()),
        ("similarity", pa.float64()),
    ]
)


def decide(
    proposal: Proposal,
    evidence: Sequence[pa.Table | None],
    threshold: float = 1.0,
    contained: bool = False,
) -> pa.Table:
    """A verdict for every row of a cluster, ascending by global row number.

    `evidence` has the tables of all partitions in order; None, or no entry, where none was asked.
    `contained`: the similarity is containment (shared over the smaller set), not Jaccard's.
    The table's metadata says how many `comparisons` were made.
    """
    groups = int(proposal.group.max(initial=-1)) + 1
    addresses, sizes = _addresses(proposal, evidence)
    contested = proposal.contested
    witness = np.full(contested.size, -1, np.int32)
    similarity = np.zeros(contested.size, np.float64)
    comparisons = 0
    if contested.size:
        comparisons = settle(
            proposal.buckets,
            proposal.starts,
            addresses,
            sizes,
            proposal.signatures,
            float(threshold),
            witness,
            similarity,
            contained,
            0,
            known(proposal, addresses, sizes, threshold, contained),
        )
    of_group, value = np.arange(groups), np.ones(groups)
    gone = witness >= 0
    of_group[contested[gone]] = contested[witness[gone]]
    value[contested[gone]] = similarity[gone]
    made = table(proposal, of_group, value)
    return made.replace_schema_metadata({"comparisons": str(comparisons)})


def table(proposal: Any, of_group: np.ndarray, value: np.ndarray) -> pa.Table:
    """Verdicts from the group each group gives way to (itself if it stays), and how similar.

    `proposal` has `rows`, `group` and `ids` of its members, in survivor order.
    """
    _, heads = np.unique(proposal.group, return_index=True)
    target = heads[of_group[proposal.group]]  # the member that stays for each member
    members = np.arange(target.size)
    keep = target == members
    clustered = np.bincount(target, minlength=target.size)[target] > 1
    chosen = members[clustered][np.argsort(proposal.rows[clustered], kind="stable")]
    return told(
        proposal.rows[chosen],
        proposal.ids.take(chosen),
        proposal.ids.take(target[chosen]),
        keep[chosen],
        value[proposal.group[chosen]],
    )


def told(
    rows: np.ndarray, ids: Any, cluster: Any, keep: np.ndarray, similarity: np.ndarray
) -> pa.Table:
    """The table of verdicts: `cluster` is the id of the record that stays for each."""
    stays = pa.array(keep)
    witness = pc.if_else(stays, pa.scalar(None, pa.large_string()), cluster)
    columns = [pa.array(rows), ids, cluster, stays, witness, pa.array(similarity, mask=keep)]
    return pa.table(columns, schema=SCHEMA)


def _addresses(
    proposal: Proposal, evidence: Sequence[pa.Table | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Where the set of each contested group lies in memory, and its size.

    The tables stay where they are, memory-mapped as may be: nothing is copied.
    """
    found, counted = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for part in evidence:
        for chunk in part["shingles"].chunks if part is not None else ():
            at, size = located(chunk)
            found.append(at)
            counted.append(size)
    at, size = np.concatenate(found), np.concatenate(counted)
    if at.size != proposal.witnesses.size:
        raise AccountingError(
            f"evidence for {proposal.witnesses.size} rows was asked for, {at.size} came"
        )
    addresses, sizes = np.zeros_like(at), np.zeros_like(size)
    addresses[proposal.witnesses] = at
    sizes[proposal.witnesses] = size
    return addresses, sizes


def located(sets: pa.LargeListArray) -> tuple[np.ndarray, np.ndarray]:
    """Where each set lies in memory, and its size."""
    offsets = np.asarray(sets.offsets).astype(np.int64)
    start = np.asarray(sets.values).__array_interface__["data"][0]
    return (start + 8 * offsets[:-1]).astype(np.uint64), np.diff(offsets)
