"""Which files share a partition, such that a file that changes moves few boundaries."""

from __future__ import annotations

from collections.abc import Sequence

from tamis.errors import SettingError

PER_FILE = 64 << 10  # bytes that could be read in the time it takes to open a file


def pack(sizes: Sequence[int], target: int, count: int | None = None) -> list[list[int]]:
    """Runs of consecutive items, in order, of about `target` bytes each, or of `count` items.

    A run never crosses a multiple of a power of two of items that comes from the mean size, so that
    a change in one place does not push boundaries through the whole list.

    >>> pack([10, 10, 10, 10, 10], 30)
    [[0, 1], [2, 3], [4]]
    """
    if target < 1:
        raise SettingError("block_size must be at least a byte")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise SettingError(f"files_per_partition={count!r} is not a number of files from 1 on")
    if count is None:
        mean = max(1, sum(sizes) // max(len(sizes), 1))
        count = max(1, 1 << max(0, (target // mean).bit_length() - 1))
        most = target
    else:
        most = sum(sizes) + 1
    runs: list[list[int]] = []
    total = 0
    for item, size in enumerate(sizes):
        if item % count == 0 or total + size > most or not runs:
            runs.append([])
            total = 0
        runs[-1].append(item)
        total += size
    return runs
