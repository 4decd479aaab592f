"""Columns of a cuDF frame where they lie: their bytes as CuPy arrays, nothing copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tamis.text.array_counts import TextArrays

BYTES = 1 << 26  # of text counted at a time: some forty times as much is in use meanwhile


def text_arrays(series: Any) -> Iterator[TextArrays]:
    """The texts of a cuDF column, some at a time, in order."""
    import cupy

    from tamis.text.array_counts import TextArrays

    data, offsets, valid = device_buffers(series)
    for rows in batches(cupy.asnumpy(offsets)):
        own = offsets[rows.start : rows.stop + 1]
        low, high = int(own[0]), int(own[-1])
        if low == high:  # nothing to count, and kernels do not like empty arrays
            none = np.zeros(len(own), np.int64)
            yield TextArrays(np, np.zeros(0, np.uint8), none, cupy.asnumpy(valid[rows]))
            continue
        yield TextArrays(cupy, data[low:high], own - low, valid[rows])


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


def batches(offsets: np.ndarray) -> Iterator[slice]:
    """Rows in order of which the texts are at most `BYTES`, or one."""
    at, count = 0, len(offsets) - 1
    while at < count:
        stop = int(np.searchsorted(offsets, offsets[at] + BYTES, side="right")) - 1
        stop = min(max(stop, at + 1), count)
        yield slice(at, stop)
        at = stop


def on_host(values: Any) -> Any:
    """What a version for cuDF returned, in the host's memory."""
    if hasattr(values, "to_pandas"):
        return values.to_pandas()
    return values.get() if hasattr(values, "get") and not hasattr(values, "array") else values
