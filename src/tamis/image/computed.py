"""What a model says of the pictures behind rows: computed when asked for, batch by batch, once."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.media.ahead import ahead
from tamis.media.computed import Answers, Some
from tamis.media.memory import room_of

Begun = tuple[Callable[[], np.ndarray], int]
"""What gives the answers to a batch, and the place of one of them."""


class Computed(Answers):
    """The vector that a model gives for each row, None where there is no picture.

    `load()` gives the model, and is not called where there is nothing to see. While it computes a
    batch the pictures of the next are decoded by other threads; a model that answers `later` is
    given the next batch before its answer to this one is waited for.
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
        begun: deque[tuple[list[int], list[Begun]]] = deque()
        for row, one in zip(
            rows, ahead(self._pictures, model.prepare, rows, self._batch), strict=True
        ):
            if one is None:
                self._found[row] = None
                continue
            ready.append(one)
            whose.append(row)
            if len(ready) == self._batch:
                begun.append((whose, _started(model, ready)))
                ready, whose = [], []
                if len(begun) > 1:
                    self._keep(*begun.popleft())
        if ready:
            begun.append((whose, _started(model, ready)))
        while begun:
            self._keep(*begun.popleft())

    def _keep(self, whose: list[int], begun: list[Begun]) -> None:
        """The answers to a batch that has begun."""
        for row, (answers, place) in zip(whose, begun, strict=True):
            self._found[row] = answers()[place]


def _started(model: Any, ready: list[np.ndarray]) -> list[Begun]:
    """For each picture a function that gives the answers to its batch, and its place there."""
    start = model.start if getattr(model, "later", False) else None

    def begin(part: slice) -> list[Begun]:
        if start is not None:
            answers: Callable[[], np.ndarray] = functools.cache(start(ready[part]))
        else:
            made = model.compute(ready[part])
            answers = lambda: made  # noqa: E731
        return [(answers, place) for place in range(part.stop - part.start)]

    return room_of(model).run(len(ready), begin, "pictures", lambda _: "one picture")


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
