"""Products of vectors on a GPU, with torch: rough ones in float16, those that matter in float64.

Sums of whole numbers and float64 products are the same there as on a processor (the last of
sixteen digits apart), so clusters, witnesses and records kept are. Where the device has no room
for so many rows at once, fewer are taken from then on.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tamis.dedup.devices import Assigned, Numpy, Tile, torch_package
from tamis.dedup.embeddings import Embeddings
from tamis.errors import SettingError
from tamis.kernels import vectors as kernel
from tamis.media.memory import Room, tried

ROUGH = 1 << 28  # products held at a time: 512 MB of float16
EXACT = 1 << 17  # pairs multiplied in float64 at a time
BLOCK = 1 << 18  # vectors moved to the device, or added up, at a time


class Resident(NamedTuple):
    """Vectors on the device as they are (float32), and their lengths (float64)."""

    vectors: Any
    lengths: Any

    def units(self, rows: Any) -> Any:
        """Some of them divided by their lengths, rounded just as on the processor."""
        return (self.vectors[rows].double() * (1.0 / self.lengths[rows])[:, None]).float()


class Cuda(Numpy):
    """Products on a CUDA device. Vectors stay there as float32 if they fill no more than half."""

    name = "cuda"
    side = 4096

    def __init__(self, device: str) -> None:
        torch = self.torch = torch_package()
        if not torch.cuda.is_available():
            raise SettingError(f"device={device!r}: torch sees no CUDA device; use device='cpu'")
        self.device = torch.device(device)
        self.resident: Any = None

    @functools.cached_property
    def rooms(self) -> defaultdict[str, Room]:
        """How many rows there is room for, by what is done with them."""
        return defaultdict(Room)

    def each(self, kind: str, count: int, step: int, work: Callable[[slice], Any]) -> None:
        """`work` on so many rows, `step` at a time, or as many as there is room for."""

        def done(rows: slice) -> range:
            work(rows)
            return range(rows.start, rows.stop)

        for start in range(0, count, step):
            rows = slice(start, min(start + step, count))
            self.rooms[kind].run_of(rows, done, f"rows of {kind}", lambda _: f"a row of {kind}")

    def slack(self, width: int) -> float:
        """Two factors rounded to 11 bits, and up to six roundings of sums: 2**-11 each."""
        return 8 * 2.0**-11 + (width + 8) * 2.0**-23

    def load(self, vectors: Embeddings) -> None:
        torch = self.torch
        free, _ = torch.cuda.mem_get_info(self.device)
        if vectors.count * vectors.width * 4 > free // 2:
            return
        shape = (vectors.count, vectors.width)
        held, _ = tried(lambda: torch.empty(shape, dtype=torch.float32, device=self.device))
        if held is None:  # others have taken the room since: tiles are moved one by one
            return
        lengths = np.empty(vectors.count)
        for start in range(0, vectors.count, BLOCK):
            which = np.arange(start, min(start + BLOCK, vectors.count))
            found = vectors.take(which)
            kernel.lengths(found, lengths[which[0] : which[-1] + 1])
            held[start : start + which.size] = torch.from_numpy(found)
        self.resident = Resident(held, torch.from_numpy(lengths).to(self.device))

    def prepare(self, unit: np.ndarray) -> Any:
        return self.torch.from_numpy(unit).to(self.device)

    def hold(self, unit: np.ndarray) -> Any:
        return self.prepare(unit)

    def tile(self, vectors: Embeddings, which: np.ndarray, places: np.ndarray) -> Tile:
        if self.resident is None:
            return super().tile(vectors, which, places)
        rows = self.torch.from_numpy(which).to(self.device)
        return Tile(places, rows, None, self.resident.units(rows))

    def cosines(self, left: Tile, right: Tile, at: np.ndarray) -> np.ndarray:
        if left.lengths is not None:
            return super().cosines(left, right, at)
        pairs = self.torch.from_numpy(at).to(self.device).long()
        one, other = left.vectors[pairs[:, 0]], right.vectors[pairs[:, 1]]
        held, lengths = self.resident
        value = self.exact(held, held, one, other) / (lengths[one] * lengths[other])
        return value.clamp(-1.0, 1.0).cpu().numpy()

    def hits(self, left: Any, right: Any, floor: float, above: int, most: int) -> Any:
        """Pairs whose product may reach the floor; however many there are."""
        torch = self.torch
        cutoff, there = floor - self.slack(left.shape[1]) - 2.0**-11, right.half().T
        found: list[np.ndarray] = []

        def reached(rows: slice) -> None:
            reach = left[rows].half() @ there >= cutoff
            if above < len(right):
                reach = torch.tril(reach, above - 1 + rows.start)
            at = torch.nonzero(reach).to(torch.int32).cpu().numpy()
            at[:, 0] += rows.start
            found.append(at)

        self.each("products", len(left), max(len(left), 1), reached)
        return np.concatenate([np.empty((0, 2), np.int32), *found])

    def nearest(
        self, unit: np.ndarray, centres: np.ndarray, prepared: Any, probe: int
    ) -> tuple[np.ndarray, np.ndarray]:
        held = self.prepare(unit)
        found, similarity = self.nearest_there(held.__getitem__, len(unit), prepared, probe)
        return found.cpu().numpy(), similarity.cpu().numpy()

    def assigned(
        self, vectors: Embeddings, centres: np.ndarray, probe: int
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.resident is None:
            return super().assigned(vectors, centres, probe)
        there = self.prepare(centres)
        found, similarity = self.nearest_there(self.resident.units, vectors.count, there, probe)
        return found.cpu().numpy(), similarity[:, 0].cpu().numpy()

    def assign(self, held: Any, centres: np.ndarray) -> Assigned:
        torch, there = self.torch, self.prepare(centres)
        found, _ = self.nearest_there(held.__getitem__, len(held), there, 1, exactly=False)
        nearest = found[:, 0].long()
        sums = torch.zeros(centres.shape, dtype=torch.int64, device=self.device)

        def add_up(rows: slice) -> None:
            whole = (held[rows].double() * kernel.UNIT).round().long()
            sums.index_add_(0, nearest[rows], whole)

        self.each("sums", len(held), BLOCK, add_up)
        counts = torch.bincount(nearest, minlength=len(centres))

        def strangers(count: int) -> np.ndarray:
            own = self.exact(held, there, torch.arange(len(held), device=self.device), nearest)
            return torch.argsort(own, stable=True)[:count].cpu().numpy()

        return Assigned(
            found[:, 0].cpu().numpy(), sums.cpu().numpy(), counts.cpu().numpy(), strangers
        )

    def nearest_there(
        self,
        units: Callable[[slice], Any],
        count: int,
        centres: Any,
        probe: int,
        exactly: bool = True,
    ) -> tuple[Any, Any]:
        """`nearest` of the tensors that `units` gives for some rows, as tensors.

        Without `exactly`, products are exact only where it needs them to know the nearest.
        """
        torch = self.torch
        found = torch.empty((count, probe), dtype=torch.int32, device=self.device)
        similarity = torch.zeros((count, probe), dtype=torch.float64, device=self.device)
        half = centres.half().T.contiguous()

        def near(rows: slice) -> None:
            self._nearest_block(
                units(rows), centres, half, found[rows], similarity[rows], exactly or probe > 1
            )

        self.each("distances", count, max(1, ROUGH // len(centres)), near)
        return found, similarity

    def _nearest_block(
        self, unit: Any, centres: Any, half: Any, found: Any, similarity: Any, exactly: bool
    ) -> None:
        torch, probe = self.torch, found.shape[1]
        rough = unit.half() @ half
        best = []
        for _ in range(probe):
            value, centre = rough.max(dim=1)
            best.append(centre)
            rough.scatter_(1, centre[:, None], -torch.inf)
        # rounded down, so that the comparison in float16 misses nothing
        bound = (value.float() - 2 * self.slack(unit.shape[1]) - 2.0**-10).half()
        row, centre = torch.nonzero(rough >= bound[:, None]).unbind(1)
        if not exactly:
            found[:, 0] = best[0].to(torch.int32)
            unsure = torch.unique(row)
            if not len(unsure):
                return
        else:
            unsure = torch.arange(len(unit), device=self.device)
        row = torch.cat([unsure.repeat(probe), row])
        centre = torch.cat([*(candidate[unsure] for candidate in best), centre])
        value = self.exact(unit, centres, row, centre)
        # by row, then falling value, then centre: sorts that keep the order of equals
        order = torch.argsort(centre, stable=True)
        order = order[torch.argsort(value[order], descending=True, stable=True)]
        order = order[torch.argsort(row[order], stable=True)]
        row, centre, value = row[order], centre[order], value[order]
        first = torch.searchsorted(row, unsure)
        for k in range(probe):
            found[unsure, k] = centre[first + k].to(torch.int32)
            similarity[unsure, k] = value[first + k]

    def exact(self, unit: Any, centres: Any, row: Any, centre: Any) -> Any:
        """The products of pairs of rows in float64."""
        torch = self.torch
        value = torch.empty(len(row), dtype=torch.float64, device=self.device)

        def multiply(part: slice) -> None:
            one, other = unit[row[part]].double(), centres[centre[part]].double()
            value[part] = (one * other).sum(dim=1)

        self.each("pairs", len(row), EXACT, multiply)
        return value
