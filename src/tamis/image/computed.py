"""What a model says of the pictures behind rows: computed when asked for, batch by batch, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.media.ahead import ahead


class Computed(Sequence[Any]):
    """The vector that a model gives for each row, None where there is no picture.

    `load()` gives the model, and is not called where there is nothing to see. While it computes a
    batch the pictures of the next are decoded by other threads.
    """

    def __init__(
        self, pictures: Sequence[Any], load: Callable[[], Any], batch: int, name: str
    ) -> None:
        if batch < 1:
            raise SettingError(f"batch={batch}: at least one picture is computed at a time")
        self._pictures, self._load, self._batch, self.name = pictures, load, batch, name
        self._found: dict[int, np.ndarray | None] = {}

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)  # ends an iteration
        return self.of([row])[0]

    @property
    def problems(self) -> dict[int, str]:
        """None of its own: why there is no picture, the view of the pictures says."""
        return {}

    def take(self, rows: np.ndarray) -> Some:
        """Those rows; what is computed of them is shared."""
        return Some(self, rows)

    def model(self) -> Any:
        """The model."""
        return self._load()

    def of(self, rows: Iterable[int]) -> list[np.ndarray | None]:
        """The vectors of these rows."""
        rows = list(rows)
        fresh = [row for row in dict.fromkeys(rows) if row not in self._found]
        start = 0
        while start < len(fresh) and self._pictures[fresh[start]] is None:
            self._found[fresh[start]] = None
            start += 1
        if start < len(fresh):
            self._compute(fresh[start:])
        return [self._found[row] for row in rows]

    def _compute(self, rows: list[int]) -> None:
        model = self._load()
        ready: list[np.ndarray] = []
        whose: list[int] = []
        for row, one in zip(
            rows, ahead(self._pictures, model.prepare, rows, self._batch), strict=True
        ):
            if one is None:
                self._found[row] = None
                continue
            ready.append(one)
            whose.append(row)
            if len(ready) == self._batch:
                self._keep(model, ready, whose)
        if ready:
            self._keep(model, ready, whose)

    def _keep(self, model: Any, ready: list[np.ndarray], whose: list[int]) -> None:
        self._found.update(zip(whose, model.compute(ready), strict=True))
        ready.clear()
        whose.clear()


class Some(Sequence[Any]):
    """Some rows of a `Computed`."""

    def __init__(self, whole: Computed, rows: np.ndarray) -> None:
        self._whole, self._rows, self.name = whole, [int(row) for row in rows], whole.name

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._whole[self._rows[row]]

    @property
    def problems(self) -> dict[int, str]:
        """None of its own: why there is no picture, the view of the pictures says."""
        return {}

    def take(self, rows: np.ndarray) -> Some:
        """Some rows of these."""
        return Some(self._whole, np.asarray(self._rows)[rows])

    def model(self) -> Any:
        """The model."""
        return self._whole.model()

    def of(self, rows: Iterable[int]) -> list[np.ndarray | None]:
        """The vectors of these rows."""
        return self._whole.of(self._rows[row] for row in rows)


def matrix(computed: Computed | Some, width: int) -> np.ndarray:
    """The vectors of all rows, float32 of [rows, width], NaN where there is none."""
    found = computed.of(range(len(computed)))
    made = np.full((len(found), width), np.nan, np.float32)
    for row, vector in enumerate(found):
        if vector is not None:
            if len(vector) != width:
                raise SettingError(
                    f"the model {computed.name!r} gives {len(vector)} numbers; "
                    f"pass dimensions={len(vector)}"
                )
            made[row] = vector
    return made


def seen(computed: Computed | Some) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have a vector, and their vectors."""
    found = computed.of(range(len(computed)))
    rows = [row for row, vector in enumerate(found) if vector is not None]
    vectors = [vector for vector in found if vector is not None]
    return np.array(rows, np.intp), np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
