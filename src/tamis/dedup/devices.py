"""Where products of vectors are taken: numpy, torch on the processor (int8, bfloat16), a GPU.

All give the same answers. A rough product finds what may matter, and its error has a bound that
holds for every pair of unit vectors; what lies within that bound is judged in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tamis.dedup.card import allowed
from tamis.dedup.embeddings import Embeddings, units
from tamis.errors import MissingPackageError, SettingError
from tamis.kernels import vectors as kernel
from tamis.processor import has_bfloat16, has_int8
from tamis.resources import resource

BLOCK = 1 << 16  # vectors assigned at a time
WORTH_TORCH = 2e11  # operations from which loading torch (two seconds) pays


class Tile(NamedTuple):
    """Some vectors ready to be multiplied: their places in survivor order, and themselves."""

    places: np.ndarray
    vectors: Any
    lengths: Any
    prepared: Any


class Assigned(NamedTuple):
    """An assignment: `sums` (int64[k, width]) of the rows of each centre, and how many they are.

    `strangers(n)` gives the n rows that are least similar to their centres.
    """

    nearest: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    strangers: Callable[[int], np.ndarray]


class Numpy:
    """Products in float32 with numpy, which is everywhere."""

    name = "numpy"
    side = 2048  # rows of a tile: a product of two is 16 MB of float32, 8 MB of bfloat16

    def prepare(self, unit: np.ndarray) -> Any:
        """Unit vectors (float32) in the form that products are taken of."""
        return unit

    def slack(self, width: int) -> float:
        """The most by which a product of two unit vectors of this width can be off.

        The sum of |a_i b_i| is at most 1 (Cauchy, Schwarz), each of `width` roundings 2**-24 of it.
        """
        return (width + 8) * 2.0**-23

    def rough(self, left: Any, right: Any) -> np.ndarray:
        """The products of all rows with all rows, as the bits of floats."""
        return (left @ right.T).view(np.int32)

    def bound(self, value: float) -> Any:
        """The bits of a cutoff; everything reaches one that is not positive."""
        return np.float32(value).view(np.int32) if value > 0 else np.int32(-(2**31))

    def bounds(self, bits: np.ndarray, slack: float) -> np.ndarray:
        """Cutoffs (bits) that lie `slack` below the products whose bits these are."""
        value = bits.astype(np.int32).view(np.float32) - np.float32(slack)
        return np.where(
            (bits >= 0) & (value > 0), value.astype(np.float32).view(np.int32), -(2**31)
        ).astype(np.int32)

    def cutoff(self, left: Any, right: Any, floor: float) -> Any:
        """What a rough product reaches wherever the exact one reaches the floor."""
        return self.bound(floor - self.slack(left.shape[1]))

    def hits(self, left: Any, right: Any, floor: float, above: int, most: int) -> Any:
        """Pairs (int32[n, 2]) whose product may reach a floor; None if more than `most`."""
        at = np.empty((most, 2), np.int32)
        count = kernel.hits(self.rough(left, right), self.cutoff(left, right, floor), above, at)
        return None if count < 0 else at[:count]

    def lower(self, last: np.ndarray, left: Any, right: Any) -> np.ndarray:
        """Per row what a rough product reaches if its exact one may exceed that of `last`."""
        return self.bounds(last, 2 * self.slack(left.shape[1]))

    def tile(self, vectors: Embeddings, which: np.ndarray, places: np.ndarray) -> Tile:
        """The vectors of these numbers as one side of a product."""
        found = vectors.take(which)
        unit, length = units(found)
        return Tile(places, found, length, self.prepare(unit))

    def cosines(self, left: Tile, right: Tile, at: np.ndarray) -> np.ndarray:
        """The exact cosines of pairs of rows of two tiles."""
        found = np.empty(len(at))
        kernel.cosines(left.vectors, left.lengths, right.vectors, right.lengths, at, found)
        return found

    def nearest(
        self, unit: np.ndarray, centres: np.ndarray, prepared: Any, probe: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The nearest centres of each unit vector, and the exact products with them.

        `prepared` is what `prepare` made of the centres. Of equally near centres the one with the
        lower number comes first.
        """
        found = np.empty((len(unit), probe), np.int32)
        similarity = np.empty((len(unit), probe), np.float64)
        for start in range(0, len(unit), self.side):
            rows = slice(start, start + self.side)
            left = self.prepare(unit[rows])
            rough = self.rough(left, prepared)
            last = np.empty((len(rough), probe), np.int64)
            kernel.rank_last(rough, last)
            bounds = self.lower(last[:, -1], left, prepared)
            kernel.nearest(rough, bounds, unit[rows], centres, found[rows], similarity[rows])
        return found, similarity

    def hold(self, unit: np.ndarray) -> Any:
        """Unit vectors that several assignments will be made of."""
        return unit

    def assign(self, held: Any, centres: np.ndarray) -> Assigned:
        """The nearest centre of each vector held, and the sums of what is nearest to each."""
        found, similarity = self.nearest(held, centres, self.prepare(centres), 1)
        sums, counts = np.zeros(centres.shape, np.int64), np.zeros(len(centres), np.int64)
        kernel.add_up(held, found[:, 0], sums, counts)
        own = similarity[:, 0]
        return Assigned(
            found[:, 0], sums, counts, lambda count: np.argsort(own, kind="stable")[:count]
        )

    def load(self, vectors: Embeddings) -> None:
        """Vectors that tiles will be made of, to be brought near beforehand."""

    def assigned(
        self, vectors: Embeddings, centres: np.ndarray, probe: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The nearest centres (int32[n, probe]) of all vectors, and the product with the first."""
        nearest = np.zeros((vectors.count, probe), np.int32)
        similarity, prepared = np.zeros(vectors.count), self.prepare(centres)
        for start in range(0, vectors.count, BLOCK):
            which = np.arange(start, min(start + BLOCK, vectors.count))
            found, value = self.nearest(vectors.units(which), centres, prepared, probe)
            nearest[which], similarity[which] = found, value[:, 0]
        return nearest, similarity


class Bfloat16(Numpy):
    """Products in bfloat16 with torch, on a processor that has instructions for them."""

    name = "bfloat16"

    def __init__(self) -> None:
        self.torch = torch_package()

    def prepare(self, unit: np.ndarray) -> Any:
        return self.torch.from_numpy(unit).bfloat16()

    def slack(self, width: int) -> float:
        """Each of three roundings (two factors, the product) is off by at most 2**-8 of it."""
        return 3 * 2.0**-8 + 2.0**-14 + (width + 8) * 2.0**-23

    def rough(self, left: Any, right: Any) -> np.ndarray:
        return (left @ right.T).view(self.torch.int16).numpy()

    def bound(self, value: float) -> Any:
        if value <= 0:
            return np.int16(-(2**15))
        return np.int16(int(np.float32(value).view(np.int32)) >> 16)

    def bounds(self, bits: np.ndarray, slack: float) -> np.ndarray:
        value = (bits.astype(np.int32) << 16).view(np.float32) - np.float32(slack)
        lower = value.astype(np.float32).view(np.int32) >> 16
        return np.where((bits >= 0) & (value > 0), lower, -(2**15)).astype(np.int16)


class Whole(NamedTuple):
    """Unit vectors as whole numbers (int8) of steps, and the length of what that loses at most."""

    values: Any
    step: float
    lost: float


class Int8(Numpy):
    """Products in int8 with torch, on a processor that adds them up in 32 bits.

    Twice as fast as bfloat16 and about as close: what rounding has lost of a vector is measured,
    and a product is off by no more than that length (Cauchy, Schwarz).
    """

    name = "int8"
    side = 1024  # products are of 32 bits: 4 MB

    def __init__(self) -> None:
        self.torch = torch_package()

    @staticmethod
    def there() -> bool:
        """Whether processor and torch can, and a product of the largest numbers is right."""
        torch = torch_package()
        if not has_int8() or not hasattr(torch, "_int_mm"):
            return False
        ends = torch.tensor([[-127, 127] * 32, [127] * 64], dtype=torch.int8)
        try:
            found = torch._int_mm(ends.repeat(16, 1), ends.repeat(16, 1).T)
        except RuntimeError:
            return False
        return bool((found[:2, :2] == ends.int() @ ends.int().T).all())

    def prepare(self, unit: np.ndarray) -> Whole:
        step = max(float(kernel.largest(unit)), 1e-6) / 127 * (1 + 2.0**-20)
        values = np.empty(unit.shape, np.int8)
        lost = float(kernel.quantise(unit, step, values)) * (1 + 2.0**-12) + 2.0**-20
        return Whole(self.torch.from_numpy(values), step, lost)

    def rough(self, left: Whole, right: Whole) -> np.ndarray:
        return self.torch._int_mm(left.values, right.values.T).numpy()

    def cutoff(self, left: Whole, right: Whole, floor: float) -> Any:
        return self._steps(np.float64(floor - _lost(left, right)), left, right)

    def lower(self, last: np.ndarray, left: Whole, right: Whole) -> np.ndarray:
        return self._steps(last * (left.step * right.step) - 2 * _lost(left, right), left, right)

    def _steps(self, value: Any, left: Whole, right: Whole) -> Any:
        """A cutoff in steps; everything reaches one that is not positive."""
        steps = np.floor(value / (left.step * right.step))
        return np.where(value > 0, steps, -(2.0**31)).astype(np.int32)[()]


def _lost(left: Whole, right: Whole) -> float:
    """How far a product of two vectors can be from that of their whole numbers."""
    return left.lost + right.lost + left.lost * right.lost


@resource
def torch_package() -> Any:
    """torch, imported when first used."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("this needs torch: pip install 'tamis[semantic]'") from error
    return torch


def arithmetic(device: str | None, operations: float) -> Numpy:
    """What takes the products: as asked for with `device`, else the fastest thing that is there.

    `operations` is about how many multiplications and additions are to come: for few of them
    torch is not even loaded.
    """
    if device is not None and device.partition(":")[0] == "cuda":
        from tamis.dedup.cuda import Cuda

        return Cuda(device)
    if device == "numpy" or operations < WORTH_TORCH:
        return Numpy()
    try:
        torch = torch_package()
    except MissingPackageError:
        return Numpy()
    if device is None and allowed() and torch.cuda.is_available():
        from tamis.dedup.cuda import Cuda

        return Cuda("cuda")
    if Int8.there():
        return Int8()
    return Bfloat16() if has_bfloat16() else Numpy()


def check_device(device: str | None) -> None:
    """Refuse a device that is not known."""
    if device is None or device in ("cpu", "numpy", "cuda"):
        return
    kind, _, number = str(device).partition(":")
    if kind != "cuda" or not number.isdigit():
        raise SettingError(f"device={device!r} is unknown; use None, 'cpu', 'cuda' or 'cuda:<n>'")
