"""Signatures on a GPU, by kernels of tamis: equal to the processor's bit by bit.

Texts of any frame are signed there, those of pandas frames as well. A partition goes in batches,
each by a *lane*: a stream of the device with page-locked memory of its own, so that while one batch
is copied another one is signed, and threads of a process take turns with lanes. Keys of bands are
made there too: of a text a hundred and some bytes come back, not a signature. Meanwhile the calling
thread does what is left to the processor.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from tamis.array_device import give_up
from tamis.dedup.card import device
from tamis.frame import Texts
from tamis.kernels import cuda_curator, cuda_minhash, cuda_shingles
from tamis.kernels.cuda_minhash import Signed
from tamis.kernels.jit import COMPILED
from tamis.kernels.letters import letters
from tamis.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from tamis.dedup.families import Family, Sketched

    Take = Callable[[Any, slice, Signed], None]

WORTH = 1 << 22  # bytes of text from which a GPU is asked
BYTES = 1 << 25  # of text in a batch: a gigabyte of the device's memory is in use for it
VALUES = 1 << 25  # in the signatures of a batch
LEAST = 1 << 18  # bytes of a batch that is not halved any more when memory is short
LANES = 4  # copying to page-locked memory takes a thread longer than signing takes the device
_EACH = 48  # bytes of the device's memory that are in use for a byte of text, at most
_WIDTH = 16  # … for a value of a signature

log = logging.getLogger(__name__)


def able(family: Family, unit: int | None = None) -> bool:
    """Whether texts of this family, cut into these units, are signed on a device that is here."""
    unit = family.kernel_unit if unit is None else unit
    return unit in cuda_shingles.UNITS and arrays() is not None


def arrays() -> Any:
    """The module of arrays of this process's card (CuPy), where kernels can be compiled for it.

    None where there is none, with the engine "cpu", and where it has failed.
    """
    there = device() if COMPILED else None
    return None if there is None else there.xp


class Lane:
    """A stream of the device, and page-locked memory from which it reads."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self.stream: Any = contextlib.nullcontext()
        self.locked = np.empty(0, np.uint8)
        if xp is not np:
            self.stream = xp.cuda.Stream(non_blocking=True)

    def up(self, data: Any) -> Any:
        """Bytes on the device; those that lie there already as they are."""
        if self.xp is np or hasattr(data, "__cuda_array_interface__"):
            return data
        if self.locked.size < data.size:
            import cupyx

            self.locked = cupyx.empty_pinned(max(BYTES, data.size), np.uint8)
        self.locked[: data.size] = data
        made = self.xp.empty(data.size, np.uint8)
        if data.size:
            made.set(self.locked[: data.size], stream=self.stream)
        return made


@resource
def _lanes(name: str) -> queue.SimpleQueue[Lane]:
    """The lanes of this process; `name` is that of the library of arrays."""
    free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for _ in range(LANES):
        free.put(Lane(np if name == "numpy" else arrays()))
    return free


class Signing:
    """A partition on its way through a device; `finished` says whether it came back."""

    def __init__(self, xp: Any, family: Family, texts: Texts, unit: int, take: Take) -> None:
        self.xp, self.family, self.texts, self.unit, self.take = xp, family, texts, unit, take
        self.offsets = on_host(texts.offsets)
        size, values = limits(xp)
        some = batches(np.diff(self.offsets), family.hashes, size, values)
        self._pool = ThreadPoolExecutor(min(LANES, len(some)), "tamis-card")
        self._parts: list[Future[None]] = [self._pool.submit(self._batch, rows) for rows in some]

    def finished(self) -> bool:
        """Wait for it; False, and a line of log, where the processor has to do all of it."""
        with self._pool:
            try:
                for part in self._parts:
                    part.result()
                return True
            except Exception as error:  # what CUDA, CuPy and numba raise has no name in common
                give_up(error)
                told = error
            self._pool.shutdown(cancel_futures=True)
        log.warning(
            "the GPU gave up, so a partition is signed on the processor: %s: %s",
            type(told).__name__, told,
        )  # fmt: skip
        return False

    def _batch(self, rows: slice) -> None:
        """Sign some rows; where memory is short, one half after the other."""
        try:
            with _lane(self.xp) as lane:
                self.take(self.xp, rows, self._signed(lane, rows))
            return
        except MemoryError:
            size = self.offsets[rows.stop] - self.offsets[rows.start]
            if rows.stop - rows.start == 1 or size <= LEAST:
                raise
        _give_back(self.xp)
        middle = (rows.start + rows.stop) // 2
        self._batch(slice(rows.start, middle))
        self._batch(slice(middle, rows.stop))

    def _signed(self, lane: Lane, rows: slice) -> Signed:
        own = self.offsets[rows.start : rows.stop + 1]
        data = lane.up(self.texts.data[own[0] : own[-1]])
        offsets = self.xp.asarray(own - own[0])
        family = self.family
        factors, terms = family.permutations
        if family.curator:
            given = (data, offsets, family.ngram, factors[0], factors, terms)
            return cuda_curator.sign(self.xp, *given, family.documented)
        tables = _tables(self.xp.__name__)
        return cuda_shingles.sign(
            self.xp, data, offsets, self.unit, family.ngram, tables, factors, terms
        )


@contextlib.contextmanager
def _lane(xp: Any) -> Any:
    free = _lanes(xp.__name__)
    lane = free.get()
    try:
        with lane.stream:
            yield lane
    finally:
        free.put(lane)


@resource
def _tables(name: str) -> tuple[Any, Any, Any]:
    """The table of letters, on the device."""
    if name == "numpy":
        return letters()
    xp = arrays()
    made = tuple(xp.asarray(one) for one in letters())
    xp.cuda.get_current_stream().synchronize()  # other streams read them
    return made


def _give_back(xp: Any) -> None:
    if xp is not np:
        xp.get_default_memory_pool().free_all_blocks()


def limits(xp: Any) -> tuple[int, int]:
    """Bytes of text, and values of signatures, that a batch may have: both in what is free."""
    if xp is np:
        return BYTES, VALUES
    free = xp.cuda.runtime.memGetInfo()[0] + xp.get_default_memory_pool().free_bytes()
    each = free // (2 * LANES)  # half for texts, half for signatures
    return max(LEAST, min(BYTES, each // _EACH)), max(1, min(VALUES, each // _WIDTH))


def on_host(array: Any) -> np.ndarray:
    """An array of either, in the host's memory."""
    made: np.ndarray = array.get() if hasattr(array, "get") else array
    return made


def batches(sizes: np.ndarray, hashes: int, size: int, values: int) -> list[slice]:
    """Rows in order, of which texts and signatures stay so small; one text at least."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    most, at, found = max(1, values // hashes), 0, []
    while at < len(sizes):
        stop = int(np.searchsorted(ends, ends[at] + size, side="right")) - 1
        stop = min(max(stop, at + 1), at + most, len(sizes))
        found.append(slice(at, stop))
        at = stop
    return found


def begun(family: Family, texts: Texts, unit: int, rows: int, into: Sketched) -> Signing | None:
    """Begin to sketch texts on a device: keys, counts, low bytes, and content that is of shingles.

    None where there is too little text, no device, or the family is not for it.
    """
    return _begun(family, texts, unit, functools.partial(_sketched, rows, into))


def signatures(family: Family, texts: Texts, unit: int, counts: np.ndarray) -> np.ndarray | None:
    """uint32 or uint64[texts, hashes], and in `counts` the shingles of each text; None as above."""
    found = np.empty((counts.size, family.hashes), family.permutations[0].dtype)

    def take(xp: Any, rows: slice, made: Signed) -> None:
        found[rows] = on_host(made.minima).reshape(-1, family.hashes)
        counts[rows] = on_host(made.counts)

    signing = _begun(family, texts, unit, take)
    return found if signing is not None and signing.finished() else None


def _begun(family: Family, texts: Texts, unit: int, take: Take) -> Signing | None:
    size = int(texts.offsets[-1]) - int(texts.offsets[0]) if len(texts.offsets) > 1 else 0
    if size < max(1, WORTH) or not able(family, unit):
        return None
    return Signing(arrays(), family, texts, unit, take)


def _sketched(cut: int, into: Sketched, xp: Any, rows: slice, made: Signed) -> None:
    bands, hashes = into.keys.shape[0], made.minima.size // made.counts.size
    keys = cuda_minhash.band_keys(xp, made.minima, hashes, cut, bands)
    into.keys[:, rows] = on_host(keys)
    into.shingles[rows] = on_host(made.counts)
    if made.content is not None:
        into.content[:, rows] = on_host(made.content)
    if into.signatures.shape[1]:
        low = (made.minima & made.minima.dtype.type(0xFF)).astype(np.uint8)
        into.signatures[rows] = on_host(low).reshape(-1, hashes)
