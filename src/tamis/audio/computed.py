"""What a model says of the recordings behind rows: computed when asked for, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tamis.audio.overlapping import windows
from tamis.codes import BadRecord

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


class Computed(Sequence[Any]):
    """A model's answer for each row, None where there is no recording or it cannot be read.

    `load()` gives the model; it is not called where there is nothing to hear. `run(model, streams,
    rows)` gives answers for rows, in any order.
    """

    def __init__(
        self, recordings: Sequence[Any], load: Callable[[], Any], run: Run, name: str
    ) -> None:
        self._load, self._run, self.name = load, run, name
        self._streams = Streams(recordings)
        self._rows = len(recordings)
        self._found: dict[int, Any] = {}

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)  # ends an iteration
        return self.of([row])[0]

    @property
    def problems(self) -> dict[int, str]:
        """Why recordings could not be read to the end; why not opened, the view before says."""
        return self._streams.problems

    def take(self, rows: np.ndarray) -> Some:
        """Those rows; what is computed of them is shared."""
        return Some(self, [int(row) for row in rows])

    def of(self, rows: Iterable[int]) -> list[Any]:
        """The answers for these rows."""
        rows = list(rows)
        fresh = [row for row in dict.fromkeys(rows) if row not in self._found]
        some = [row for row in fresh if self._streams.there(row)]
        self._found.update(dict.fromkeys(fresh))
        if some:
            for row, answer in self._run(self._load(), self._streams, some):
                if row not in self._streams.problems:
                    self._found[row] = answer
        return [self._found[row] for row in rows]

    def of_all(self) -> list[Any]:
        """The answers for all rows."""
        return self.of(range(len(self)))


class Some(Sequence[Any]):
    """Some rows of a `Computed`."""

    def __init__(self, whole: Computed, rows: list[int]) -> None:
        self._whole, self._rows, self.name = whole, rows, whole.name

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._whole[self._rows[row]]

    @property
    def problems(self) -> dict[int, str]:
        """As in the whole, by the positions here."""
        known = self._whole.problems
        return {k: known[row] for k, row in enumerate(self._rows) if row in known}

    def take(self, rows: np.ndarray) -> Some:
        """Some rows of these."""
        return Some(self._whole, [self._rows[int(row)] for row in rows])

    def of(self, rows: Iterable[int]) -> list[Any]:
        """The answers for these rows."""
        return self._whole.of(self._rows[row] for row in rows)

    def of_all(self) -> list[Any]:
        """The answers for all rows."""
        return self.of(range(len(self)))
