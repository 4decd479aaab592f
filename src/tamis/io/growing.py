"""The columns of a partition while it is read: text is written once, where it stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from tamis.io.frames import room, text_array
from tamis.io.schema import TEXT
from tamis.kernels.move import SLACK


class Growing:
    """Columns that grow by the rows of one chunk after another."""

    def __init__(self, types: Sequence[tuple[str, pa.DataType]]) -> None:
        self._types = types
        self._texts = {name: TextColumn() for name, type in types if type == TEXT}
        self._others: dict[str, list[pa.Array]] = {n: [] for n, type in types if type != TEXT}

    def text(self, name: str) -> TextColumn:
        """The text column of this name."""
        return self._texts[name]

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Add the rows of a chunk."""
        for name, array in columns.items():
            if name in self._texts:
                self._texts[name].add(array)
            else:
                self._others[name].append(array)

    def finish(self) -> dict[str, pa.Array]:
        """All rows, one array per column."""
        columns = {}
        for name, type in self._types:
            if name in self._texts:
                columns[name] = self._texts.pop(name).finish()
            else:
                arrays = self._others.pop(name)
                columns[name] = pa.concat_arrays(arrays) if arrays else pa.array([], type)
        return columns


class TextColumn:
    """A text column that grows in place.

    Give `room` to whoever writes the next texts; adding an array that stands there costs nothing,
    any other is copied.
    """

    def __init__(self) -> None:
        self._data = np.empty(0, np.uint8)
        self._used = 0
        self._rows = 0
        self._offsets: list[np.ndarray] = []
        self._valid: list[tuple[int, np.ndarray]] = []

    def room(self, size: int, times: float = 1.0) -> np.ndarray:
        """`size` bytes and `SLACK` to write to; `times` as many will come in all."""
        needed = self._used + size + SLACK
        if needed > len(self._data):
            larger = room(max(needed, 2 * self._used, int(size * times * 1.05)))
            larger[: self._used] = self._data[: self._used]
            self._data = larger
        return self._data[self._used : needed]

    def add(self, array: pa.Array) -> None:
        """Add the texts of an array."""
        rows = len(array)
        _, offset_buffer, data_buffer = array.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64)[array.offset : array.offset + rows + 1]
        if not rows:
            return
        first, last = int(offsets[0]), int(offsets[-1])
        if last > first:
            address = data_buffer.address + first
            if address != self._data.ctypes.data + self._used:
                view = self.room(last - first)
                view[: last - first] = np.frombuffer(data_buffer, np.uint8)[first:last]
        self._offsets.append(offsets[1:] + (self._used - first))
        if array.null_count:
            self._valid.append((self._rows, np.asarray(array.is_valid())))
        self._used += last - first
        self._rows += rows

    def finish(self) -> pa.Array:
        """The whole column."""
        offsets = np.concatenate([np.zeros(1, np.int64), *self._offsets])
        valid = None
        if self._valid:
            valid = np.ones(self._rows, bool)
            for row, bits in self._valid:
                valid[row : row + len(bits)] = bits
        return text_array(self._data[: self._used], offsets, valid)
