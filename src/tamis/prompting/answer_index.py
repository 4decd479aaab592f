"""Where answers stand in logs: looked up by eight bytes of their keys, 28 bytes of memory each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ENTRY = np.dtype([
    ("head", "<u8"), ("rest", "V24"), ("offset", "<u8"), ("length", "<u4"), ("check", "<u4"),
])  # fmt: skip
"""An entry of a file: a key of 32 bytes, and where its answer stands in the file beside it."""
_PLACE = np.dtype([("log", "<u4"), ("offset", "<u8"), ("length", "<u4"), ("check", "<u4")])
_FEW = 1_000  # entries that are not worth sorting all again
_FRESH = 50_000  # entries in a dict, at ten times the memory


class Place(NamedTuple):
    """Bytes of a log, and the CRC-32 of them."""

    log: int
    offset: int
    length: int
    check: int


class Index:
    """All entries that are known: most in sorted arrays, the newest in a dict.

    Two keys may begin alike: what stands at a place says whose it is.
    """

    def __init__(self) -> None:
        self._heads = np.empty(0, np.uint64)
        self._places = np.empty(0, _PLACE)
        self._fresh: dict[int, Place] = {}

    def __len__(self) -> int:
        return len(self._heads) + len(self._fresh)

    def find(self, head: int) -> list[Place]:
        """The places under a head: the newest first, then those of earlier logs first."""
        found = [self._fresh[head]] if head in self._fresh else []
        first = int(np.searchsorted(self._heads, np.uint64(head)))
        while first < len(self._heads) and int(self._heads[first]) == head:
            found.append(Place(*self._places[first].tolist()))
            first += 1
        return found

    def add(self, head: int, place: Place) -> None:
        """One entry more."""
        self._fresh[head] = place
        if len(self._fresh) > _FRESH:
            heads = np.fromiter(self._fresh, np.uint64, len(self._fresh))
            self._merge(heads, np.array(list(self._fresh.values()), _PLACE))
            self._fresh = {}

    def extend(self, entries: np.ndarray, log: int) -> None:
        """The entries of a log (`ENTRY`), or a part of them."""
        places = np.empty(len(entries), _PLACE)
        places["log"] = log
        for name in ("offset", "length", "check"):
            places[name] = entries[name]
        if len(entries) > _FEW:
            self._merge(entries["head"].astype(np.uint64), places)
            return
        for head, place in zip(entries["head"].tolist(), places.tolist(), strict=True):
            self.add(head, Place(*place))

    def _merge(self, heads: np.ndarray, places: np.ndarray) -> None:
        heads = np.concatenate([self._heads, heads])
        order = np.argsort(heads, kind="stable")
        self._heads = heads[order]
        self._places = np.concatenate([self._places, places])[order]
