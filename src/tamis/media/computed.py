"""What a model says of what stands behind rows: computed when asked for, and once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tamis.media.decoded import Taken


class Answers(Sequence[Any]):
    """A model's answer for each row, None where there is nothing to look at.

    A kind of them says how rows are computed, `_compute(rows)`, which fills `_found`.
    """

    def __init__(self, rows: int, name: str) -> None:
        self._rows, self.name = rows, name
        self._found: dict[int, Any] = {}

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)  # ends an iteration
        return self.of([row])[0]

    @property
    def problems(self) -> dict[int, str]:
        """None of its own, unless a kind has some: why there is nothing, the view before says."""
        return {}

    def take(self, rows: np.ndarray) -> Some:
        """Those rows; what is computed of them is shared."""
        return Some(self, rows)

    def of(self, rows: Iterable[int]) -> list[Any]:
        """The answers for these rows."""
        rows = list(rows)
        fresh = [row for row in dict.fromkeys(rows) if row not in self._found]
        if fresh:
            self._compute(fresh)
        return [self._found[row] for row in rows]

    def of_all(self) -> list[Any]:
        """The answers for all rows."""
        return self.of(range(len(self)))

    def model(self) -> Any:
        """The model."""
        raise TypeError(f"{type(self).__name__} does not tell its model")

    def _compute(self, rows: list[int]) -> None:
        raise TypeError(f"{type(self).__name__} does not say how rows are computed")


class Some(Taken[Any]):
    """Some rows of `Answers`."""

    _whole: Any

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self._whole.name)

    def model(self) -> Any:
        """The model."""
        return self._whole.model()

    def of(self, rows: Iterable[int]) -> list[Any]:
        """The answers for these rows."""
        found: list[Any] = self._whole.of(self._rows[row] for row in rows)
        return found

    def of_all(self) -> list[Any]:
        """The answers for all rows."""
        return self.of(range(len(self)))
