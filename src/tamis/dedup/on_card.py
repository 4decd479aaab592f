"""Signatures of the `curator` families on a GPU, by cuDF: equal to the processor's bit by bit.

Texts of any frame are signed there, those of pandas frames as well: with the copies there and back
an H100 is seven times as fast as sixteen cores (`benchmarks/results/gpu-2026-11-26.md`).
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tamis.accelerator import accelerators
from tamis.card_faults import fault
from tamis.errors import DataError
from tamis.frame import Texts
from tamis.media.memory import Room
from tamis.resources import resource

if TYPE_CHECKING:
    from tamis.dedup.families import Family

WORTH = 1 << 22  # bytes of text from which a GPU is asked
BYTES = 1 << 29  # of text in a batch
VALUES = 1 << 30  # in the signatures of a batch; cuDF's limit is 2**31

log = logging.getLogger(__name__)
_TURN = threading.Lock()  # threads of a process share one GPU
_ROOM = Room(least=1024)  # texts signed together; where not even so few fit, others fill the card


def able(family: Family) -> bool:
    """Whether cuDF signs as this family does, and is here with a device."""
    return family.curator and not family.documented and cudf_package() is not None


@resource
def cudf_package() -> Any:
    """cuDF, where it is installed and CUDA's driver names a device; None elsewhere."""
    if importlib.util.find_spec("cudf") is None or not accelerators().devices:
        return None
    try:
        import cudf
    except Exception as error:  # whatever its libraries raise while they are loaded
        log.warning("cuDF cannot be loaded, so signatures are made on the processor: %s", error)
        return None
    return cudf


def signatures(
    family: Family, texts: Texts, factors: np.ndarray, terms: np.ndarray, counts: np.ndarray
) -> np.ndarray | None:
    """uint32 or uint64[texts, hashes], and in `counts` the windows of each text.

    None where there is too little text, no device, or not enough of its memory.
    """
    sizes = np.diff(texts.offsets)
    if sizes.sum() < WORTH or not able(family):
        return None
    column = pa.Array.from_buffers(
        pa.large_string(), len(sizes), [None, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)]
    )
    found = np.empty((len(sizes), family.hashes), factors.dtype)

    def signed(rows: slice) -> range:
        part = column.slice(rows.start, rows.stop - rows.start)
        found[rows], counts[rows] = _signed(family, part, factors, terms)
        return range(rows.start, rows.stop)

    try:
        with _TURN:
            for rows in batches(sizes, family.hashes):
                _ROOM.run_of(rows, signed, "texts", lambda _: "a batch of texts")
    except (DataError, RuntimeError) as error:  # as RMM and CUDA raise
        if fault(error) is not None:  # then no later call of this process would do better
            raise
        log.warning("the GPU gave up, so a partition is signed on the processor: %s", error)
        return None
    return found


def batches(sizes: np.ndarray, hashes: int) -> list[slice]:
    """Rows in order, of which texts and signatures stay small enough; one text at least."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    most, at, found = max(1, VALUES // hashes), 0, []
    while at < len(sizes):
        stop = int(np.searchsorted(ends, ends[at] + BYTES, side="right")) - 1
        stop = min(max(stop, at + 1), at + most, len(sizes))
        found.append(slice(at, stop))
        at = stop
    return found


def _signed(
    family: Family, texts: pa.Array, factors: np.ndarray, terms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    cudf = cudf_package()
    column = cudf.Series(texts)
    sign = column.str.minhash if family.bits == 32 else column.str.minhash64
    made = sign(
        int(factors[0]), a=cudf.Series(factors), b=cudf.Series(terms), width=family.ngram
    ).to_arrow()
    length = np.asarray(column.str.len().to_arrow().to_numpy(zero_copy_only=False), np.int64)
    windows = np.where(length == 0, 0, np.maximum(1, length - family.ngram + 1))
    return np.asarray(made.flatten()).reshape(len(texts), -1), windows
