"""K-means by the workers of a cluster: each has the vectors of some partitions, and its own card.

Vectors do not travel: a worker reads those of its partitions where the run has put them. In each
iteration it is sent the centres and gives back whole sums of its own vectors, 8 bytes a component,
which add up to the same in any order. So clusters are those of one process, however many workers
there are. What one of them holds is made anew by another where it is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from tamis import execute
from tamis.dedup.devices import Assigned, Numpy, arithmetic
from tamis.dedup.embeddings import Embeddings
from tamis.kernels import vectors as kernel

WORTH = 2e13  # operations: some twenty seconds of a core's fastest products
log = logging.getLogger(__name__)

Read = Callable[[], pa.Table]


class Sample:
    """Unit vectors that a clustering is fitted to, in order; read when they are asked for."""

    def __init__(self, vectors: Embeddings, chosen: np.ndarray) -> None:
        self.vectors, self.chosen = vectors, chosen

    def __len__(self) -> int:
        return self.chosen.size

    def __getitem__(self, which: Any) -> np.ndarray:
        return self.vectors.units(self.chosen[which])


class Share:
    """The vectors of some partitions in one process; in another one it reads them itself."""

    def __init__(
        self, reads: Sequence[Read], chosen: np.ndarray, device: str | None, work: float
    ) -> None:
        self._made_of = reads, chosen, device, work
        tables = [read().select(["state", "embedding"]) for read in reads]
        self.vectors = Embeddings(tables, np.cumsum([0, *(t.num_rows for t in tables)]))
        self.products = arithmetic(device, work)
        self.products.load(self.vectors)
        self.sample = self.vectors.units(chosen)
        self.held = self.products.hold(self.sample)

    def __reduce__(self) -> tuple[Any, ...]:
        return Share, self._made_of

    def __sizeof__(self) -> int:
        """What moving it would cost, so that tasks come to it."""
        return 4 * self.vectors.count * max(self.vectors.width, 1)


def assign(share: Share, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest centre of each vector of the sample, the sums of each centre's, their counts."""
    if not len(share.sample):
        none = np.zeros(len(centres), np.int64)
        return np.empty(0, np.int32), np.zeros(centres.shape, np.int64), none
    found = share.products.assign(share.held, centres)
    return found.nearest, found.sums, found.counts


def strangers(share: Share, centres: np.ndarray, count: int) -> np.ndarray:
    """The vectors of the sample that are least similar to their centres."""
    if not len(share.sample):
        return np.empty(0, np.int64)
    return np.asarray(share.products.assign(share.held, centres).strangers(count))


def assigned(share: Share, centres: np.ndarray, probe: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centres of all vectors, and the product with the first."""
    return share.products.assigned(share.vectors, centres, probe)


class Spread(Numpy):
    """Assignments made by workers; `hold` and `assigned` are of the vectors it was made for."""

    name = "workers"

    def __init__(
        self, client: Any, workers: Sequence[str], vectors: Embeddings, offsets: np.ndarray,
        reads: Sequence[Read], chosen: np.ndarray, device: str | None, work: float,
    ) -> None:  # fmt: skip
        self.client, self.sample = client, Sample(vectors, chosen)
        ends = np.searchsorted(vectors.rows, offsets)  # of the vectors of each partition
        cuts = np.searchsorted(ends, np.linspace(0, vectors.count, len(workers) + 1)[1:-1])
        cuts = np.unique([0, *cuts.tolist(), len(reads)])
        self.places: list[np.ndarray] = []  # of the vectors of each share in the sample
        self.shares: list[Any] = []
        self.options: list[dict[str, Any]] = []
        for k, (low, high) in enumerate(pairwise(cuts.tolist())):
            own = np.flatnonzero((chosen >= ends[low]) & (chosen < ends[high]))
            self.places.append(own)
            options = {"workers": [workers[k]], "allow_other_workers": True, "pure": False}
            self.options.append(options)
            given = list(reads[low:high]), chosen[own] - ends[low], device, work / len(workers)
            self.shares.append(client.submit(Share, *given, **options))

    def hold(self, unit: Any) -> Any:
        return self.shares

    def assign(self, held: Any, centres: np.ndarray) -> Assigned:
        nearest = np.empty(len(self.sample), np.int32)
        sums, counts = np.zeros(centres.shape, np.int64), np.zeros(len(centres), np.int64)
        for places, found in zip(self.places, self._each(assign, centres), strict=True):
            nearest[places] = found[0]
            sums += found[1]
            counts += found[2]

        def least(count: int) -> np.ndarray:
            found = self._each(strangers, centres, count)
            place = np.concatenate([p[f] for p, f in zip(self.places, found, strict=True)])
            unit = self.sample[place]
            own = [kernel.dot(u, centres[c]) for u, c in zip(unit, nearest[place], strict=True)]
            return place[np.lexsort((place, own))][:count]

        return Assigned(nearest, sums, counts, least)

    def assigned(
        self, vectors: Embeddings, centres: np.ndarray, probe: int
    ) -> tuple[np.ndarray, np.ndarray]:
        found = self._each(assigned, centres, probe)
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def _each(self, function: Callable[..., Any], centres: np.ndarray, *more: Any) -> list[Any]:
        """What the function gives for each share, with the centres."""
        sent = self.client.scatter(centres, hash=False)
        told = [
            self.client.submit(function, share, sent, *more, **options)
            for share, options in zip(self.shares, self.options, strict=True)
        ]
        return list(self.client.gather(told))


def over(
    vectors: Embeddings, offsets: np.ndarray, reads: Sequence[Read],
    chosen: np.ndarray, device: str | None, work: float,
) -> Spread | None:  # fmt: skip
    """Workers that share the vectors; None where it is not worth it, or there are no two of them.

    Those that declare a GPU, where some do.
    """
    if len(reads) < 2 or work < WORTH:
        return None
    client = execute._client()
    if client is None:
        return None
    known = client.scheduler_info(n_workers=-1)["workers"]
    cards = [name for name, worker in known.items() if (worker.get("resources") or {}).get("GPU")]
    workers = cards or list(known)
    if len(workers) < 2:
        return None
    log.info("k-means by %d workers", min(len(workers), len(reads)))
    return Spread(client, workers, vectors, offsets, reads, chosen, device, work)
