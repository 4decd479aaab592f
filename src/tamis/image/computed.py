"""What a model says of the pictures behind rows: computed when asked for, batch by batch, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.media.ahead import ahead
from tamis.media.computed import Answers, Some
from tamis.media.memory import room_of


class Computed(Answers):
    """The vector that a model gives for each row, None where there is no picture.

    `load()` gives the model, and is not called where there is nothing to see. While it computes a
    batch the pictures of the next are decoded by other threads.
    """

    def __init__(
        self, pictures: Sequence[Any], load: Callable[[], Any], batch: int, name: str
    ) -> None:
        if batch < 1:
            raise SettingError(f"batch={batch}: at least one picture is computed at a time")
        super().__init__(len(pictures), name)
        self._pictures, self._load, self._batch = pictures, load, batch

    def model(self) -> Any:
        """The model."""
        return self._load()

    def _compute(self, rows: list[int]) -> None:
        start = 0
        while start < len(rows) and self._pictures[rows[start]] is None:
            self._found[rows[start]] = None
            start += 1
        rows = rows[start:]
        if not rows:
            return
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
        def compute(part: slice) -> list[np.ndarray]:
            return list(model.compute(ready[part]))

        made = room_of(model).run(len(ready), compute, "pictures", lambda _: "one picture")
        self._found.update(zip(whose, made, strict=True))
        ready.clear()
        whose.clear()


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
