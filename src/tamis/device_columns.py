"""Texts as arrays of a device: those of a cuDF column where they lie, those of the host lent to it.

They are looked at some at a time. Where the memory of the device does not do, it is fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tamis.array_device import Device
from tamis.card_faults import out_of_memory
from tamis.frame import Texts

if TYPE_CHECKING:
    from tamis.text.array_counts import TextArrays

BYTES = 1 << 26  # of text counted at a time: some forty times as much is in use meanwhile
FLOOR = 1 << 20  # where as many are too much, the device is full of other things

Part = Callable[[slice], "TextArrays"]


class DeviceFullError(MemoryError):
    """A device has no memory for even a few texts."""


def of_cudf(series: Any) -> tuple[np.ndarray, Part]:
    """Offsets (host) of the texts of a cuDF column, and what gives some of its rows as arrays."""
    import cupy

    data, offsets, valid = device_buffers(series)

    def part(rows: slice) -> TextArrays:
        from tamis.text.array_counts import TextArrays

        own = offsets[rows.start : rows.stop + 1]
        low, high = int(own[0]), int(own[-1])
        if low == high:  # nothing to count, and kernels do not like empty arrays
            return _empty(cupy.asnumpy(valid[rows]))
        return TextArrays(cupy, data[low:high], own - low, valid[rows])

    return cupy.asnumpy(offsets), part


def of_host(texts: Texts, device: Device) -> tuple[np.ndarray, Part]:
    """The same of texts in the host's memory, of which a part is copied when it is asked for."""

    def part(rows: slice) -> TextArrays:
        from tamis.text.array_counts import TextArrays

        own = texts.offsets[rows.start : rows.stop + 1]
        low, high = int(own[0]), int(own[-1])
        if low == high:
            return _empty(texts.valid[rows])
        data, offsets = device.put(texts.data[low:high]), device.put(own - low)
        return TextArrays(device.xp, data, offsets, device.put(texts.valid[rows]))

    return texts.offsets, part


def _empty(valid: np.ndarray) -> TextArrays:
    from tamis.text.array_counts import TextArrays

    return TextArrays(np, np.zeros(0, np.uint8), np.zeros(len(valid) + 1, np.int64), valid)


def through(offsets: np.ndarray, look: Callable[[slice], None], device: Device) -> None:
    """Look at all rows in order, as many at a time as their bytes allow; fewer where memory ends.

    Raises `DeviceFullError` where that is so for `FLOOR` bytes, or for one text. How many it was is
    remembered, and once all were looked at without a failure, twice as many are tried.
    """
    at, count, failed = 0, len(offsets) - 1, False
    while at < count:
        rows = _from(offsets, at, min(BYTES, device.most or BYTES))
        told = _tried(look, rows, device)
        if told is None:
            at = rows.stop
            continue
        failed = True
        device.free()
        size = int(offsets[rows.stop] - offsets[rows.start])
        if rows.stop - rows.start == 1 or size <= FLOOR:
            device.most = min(FLOOR, BYTES)
            raise DeviceFullError(told)
        device.most = max(size // 2, min(FLOOR, BYTES))
    if not failed and device.most is not None:
        device.most = None if 2 * device.most >= BYTES else 2 * device.most


def _tried(look: Callable[[slice], None], rows: slice, device: Device) -> str | None:
    """What a full device said; None where it was not. The error itself would keep arrays alive."""
    try:
        look(rows)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return str(error) or type(error).__name__
    return None


def device_buffers(series: Any) -> tuple[Any, Any, Any]:
    """Bytes (uint8), offsets (int64) and which are not null (bool) of a cuDF column of text."""
    import cupy
    import pylibcudf

    column, _ = series.to_pylibcudf()
    rows, first = column.size(), column.offset()
    valid = ~cupy.asarray(series.isna().values)
    if not rows or not column.num_children():
        return cupy.zeros(0, cupy.uint8), cupy.zeros(rows + 1, cupy.int64), valid
    child = column.child(0)
    kind = cupy.int64 if child.type().id() == pylibcudf.TypeId.INT64 else cupy.int32
    start = child.offset() + first
    offsets = cupy.asarray(child.data()).view(kind)[start : start + rows + 1].astype(cupy.int64)
    held = column.data()
    data = cupy.zeros(0, cupy.uint8) if held is None else cupy.asarray(held).view(cupy.uint8)
    return data, offsets, valid


def _from(offsets: np.ndarray, at: int, most: int) -> slice:
    """Rows from one on of which the texts are at most so many bytes, or one."""
    stop = int(np.searchsorted(offsets, offsets[at] + most, side="right")) - 1
    return slice(at, min(max(stop, at + 1), len(offsets) - 1))


def on_host(values: Any) -> Any:
    """What a version for cuDF returned, in the host's memory."""
    if hasattr(values, "to_pandas"):
        return values.to_pandas()
    return values.get() if hasattr(values, "get") and not hasattr(values, "array") else values
