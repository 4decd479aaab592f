"""What a model says of the recordings behind rows: computed when asked for, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from tamis.audio.overlapping import windows
from tamis.codes import BadRecord
from tamis.media.computed import Answers
from tamis.media.memory import room_of

Made = TypeVar("Made")
Run = Callable[[Any, "Streams", list[int]], Iterable[tuple[int, Any]]]


class Streams:
    """The recordings of rows, read in windows; what cannot be read is noted in `problems`."""

    def __init__(self, recordings: Sequence[Any]) -> None:
        self._recordings = recordings
        self.problems: dict[int, str] = {}

    def seconds(self, row: int) -> float:
        """How long the recording is, as its header says."""
        recording = self._recordings[row]
        return 0.0 if recording is None else float(recording.duration or 0.0)

    def windows(
        self, row: int, rate: int, size: int, step: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """The windows of a row at `rate` Hz, as `tamis.audio.overlapping.windows` makes them.

        Where the recording turns out to be damaged they end, and the row has a problem.
        """
        try:
            yield from windows(self.blocks(row, rate), size, step)
        except BadRecord as bad:
            self.problems[row] = f"{bad.code}: {bad.detail}"

    def blocks(self, row: int, rate: int) -> Iterator[np.ndarray]:
        """The samples of a row at `rate` Hz, mono, some seconds each; may raise `BadRecord`."""
        for block in self._recordings[row].mono(rate, seconds=10):
            if not np.isfinite(block).all():
                raise BadRecord("decode.corrupt", "there are samples that are no numbers")
            yield block

    def there(self, row: int) -> bool:
        """Whether the row has a recording that can be opened."""
        return self._recordings[row] is not None


class Computed(Answers):
    """A model's answer for each row, None where there is no recording or it cannot be read.

    `load()` gives the model; it is not called where there is nothing to hear. `run(model, streams,
    rows)` gives answers for rows, in any order.
    """

    def __init__(
        self, recordings: Sequence[Any], load: Callable[[], Any], run: Run, name: str
    ) -> None:
        super().__init__(len(recordings), name)
        self._load, self._run, self._streams = load, run, Streams(recordings)

    @property
    def problems(self) -> dict[int, str]:
        """Why recordings could not be read to the end; why not opened, the view before says."""
        return self._streams.problems

    def _compute(self, rows: list[int]) -> None:
        some = [row for row in rows if self._streams.there(row)]
        self._found.update(dict.fromkeys(rows))
        if some:
            for row, answer in self._run(self._load(), self._streams, some):
                if row not in self._streams.problems:
                    self._found[row] = answer


def together(
    model: Any, pieces: Sequence[np.ndarray], function: Callable[[slice], Sequence[Made]]
) -> list[Made]:
    """What `function` makes of pieces: of all at once, or in parts if the model has no room."""

    def alone(number: int) -> str:
        return f"one window of {len(pieces[number])} samples; pass window= to hear less at a time"

    return room_of(model).run(len(pieces), function, "windows of sound", alone)
