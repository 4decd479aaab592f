"""What the sets of candidates share, counted on a card before verdicts are settled.

Who is compared with whom depends on who stays, and is told on the processor: pairs are asked for as
if those not counted yet were similar, counted on the card, and asked for again. Verdicts are then
settled as ever; a pair that was never asked for is counted on the way.
"""

from __future__ import annotations

import numpy as np

from tamis.array_device import Device
from tamis.dedup.candidates import Proposal
from tamis.dedup.card import on_host, room, tried
from tamis.kernels import cuda_sets
from tamis.kernels.cuda import per_item
from tamis.kernels.survivors import Known, gather, unknown

WORTH = 1 << 28  # hashes in sets: a second of a core, as long as it takes to compile a kernel
PIECE = 1 << 27  # hashes on the card at a time: 1 GiB, or a quarter of what is free
LEAST = 1 << 20  # … and no fewer
ROUNDS = 3  # times that pairs are asked for


def nothing() -> Known:
    """No pair is known."""
    return Known(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))


def known(
    proposal: Proposal, addresses: np.ndarray, sizes: np.ndarray, threshold: float, contained: bool
) -> Known:
    """What pairs share that will be looked at, if there is a card and it is worth it."""
    if int(sizes.sum()) < WORTH:
        return nothing()
    size = 32 * min(LEAST, int(sizes.sum()))
    found = tried(
        "the comparison of sets", size,
        lambda there: counted(there, proposal, addresses, sizes, threshold, contained),
    )  # fmt: skip
    return nothing() if found is None else found


def counted(
    there: Device, proposal: Proposal, addresses: np.ndarray, sizes: np.ndarray, threshold: float,
    contained: bool,
) -> Known:  # fmt: skip
    """Pairs asked for and counted, a few times."""
    groups = sizes.size
    found = Known(np.zeros(groups + 1, np.int64), *nothing()[1:])
    for _ in range(ROUNDS):
        pairs = unknown(
            proposal.buckets, proposal.starts, sizes, float(threshold), contained, found
        )
        if not len(pairs):
            break
        shared = np.concatenate([found.shared, _shared(there, pairs, addresses, sizes)])
        others = np.concatenate([found.others, pairs[:, 1]])
        group = np.concatenate([np.repeat(np.arange(groups), np.diff(found.starts)), pairs[:, 0]])
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(groups + 1))
        found = Known(starts, others[order], shared[order])
    return found


def _shared(
    there: Device, pairs: np.ndarray, addresses: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """How many hashes each pair shares; `pairs` ascend by their first group."""
    found = np.empty(len(pairs), np.int64)
    ends_of = np.cumsum(
        sizes[pairs[:, 0]] + sizes[pairs[:, 1]]
    )  # sets that several have counted so
    piece = min(PIECE, room(there) // 32)
    at, before = 0, 0
    while at < len(pairs):
        stop = max(at + 1, int(np.searchsorted(ends_of, before + piece, side="right")))
        part, before = pairs[at:stop], int(ends_of[stop - 1])
        which = np.unique(part)
        ends = np.concatenate([[0], np.cumsum(sizes[which])])
        values = np.empty(max(1, int(ends[-1])), np.uint64)
        gather(addresses[which], sizes[which], ends, values)
        left, right = (np.searchsorted(which, part[:, k]).astype(np.int32) for k in (0, 1))
        shared = there.xp.zeros(len(part), np.int64)
        given = (there.put(values), there.put(ends), there.put(left), there.put(right), shared)
        per_item(cuda_sets.shared, len(part), *given)
        found[at:stop] = on_host(shared)
        at = stop
    return found
