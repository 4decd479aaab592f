"""Speech recognition over the recordings behind rows: long ones in windows, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard, Recogniser
from tamis.audio.asr.stitching import Placed, stitch
from tamis.audio.computed import Computed, Streams, together
from tamis.errors import SettingError
from tamis.media.ahead import beside

Window = tuple[int, int, np.ndarray]  # row, first sample, samples
Pending = tuple[int, int, np.ndarray, str | None]  # the same, and the language


def recognising(
    batch: int, window: float | None, overlap: float, language: str | None, words: bool
) -> Callable[[Recogniser, Streams, list[int]], Iterable[tuple[int, Heard]]]:
    """A function for `Computed` that recognises rows.

    Rows are taken in the order of their length, so that those of a batch are about as long. The
    first window of a recording tells its language, in which the others are then heard, as
    Whisper's own long form does. While a batch is heard the next is decoded.
    """

    def run(model: Recogniser, streams: Streams, rows: list[int]) -> Iterator[tuple[int, Heard]]:
        size, step = lengths(model, window, overlap)
        parts: dict[int, list[Placed]] = {}
        for some, done in beside(_read(streams, rows, batch, model.rate, size, step)):
            spoken = {
                row: language or (parts[row][0][2].language if parts.get(row) else None)
                for row, _, _ in some
            }
            _hear(model, [(*one, spoken[one[0]]) for one in some], parts, words)
            for row in done:
                yield row, stitch(parts.pop(row, []))

    return run


def _read(
    streams: Streams, rows: list[int], batch: int, rate: int, size: int, step: int
) -> Iterator[tuple[list[Window], list[int]]]:
    """Windows that are heard together, and the rows of which there are no more behind them.

    The first windows of as many rows as a batch has come before all others of these rows.
    """
    ordered = sorted(rows, key=lambda row: (streams.seconds(row), row))
    for start in range(0, len(ordered), batch):
        group = ordered[start : start + batch]
        opened = {row: streams.windows(row, rate, size, step) for row in group}
        first = [(row, at, piece) for row in group for at, piece in _next(opened[row])]
        yield first, []
        waiting: list[Window] = []
        for row, _, _ in first:
            for at, piece in opened[row]:
                waiting.append((row, at, piece))
                if len(waiting) == batch:
                    yield waiting, []
                    waiting = []
        yield waiting, group


def lengths(model: Recogniser, window: float | None, overlap: float) -> tuple[int, int]:
    """The samples of a window, and those from the beginning of one to that of the next."""
    seconds = model.longest if window is None else window
    if seconds > model.longest:
        raise SettingError(
            f"window={window}: the model hears at most {model.longest:g} seconds at a time"
        )
    if not 0 <= overlap <= seconds / 2:
        raise SettingError(
            f"overlap={overlap:g}: windows of {seconds:g} seconds overlap by 0 to {seconds / 2:g}"
        )
    return round(seconds * model.rate), round((seconds - overlap) * model.rate)


class Languages(Computed):
    """The language of each row and its probability, from the first window alone."""

    def __init__(self, recordings: Any, load: Any, batch: int, window: float, name: str) -> None:
        def run(model: Recogniser, streams: Streams, rows: list[int]) -> Iterator[Any]:
            size = round(min(window, model.longest) * model.rate)
            ordered = sorted(rows, key=lambda row: (streams.seconds(row), row))
            read = (
                [
                    (row, piece)
                    for row in ordered[start : start + batch]
                    for _, piece in _next(streams.windows(row, model.rate, size, size))
                ]
                for start in range(0, len(ordered), batch)
            )
            for opened in beside(read):
                if opened:
                    pieces = [piece for _, piece in opened]
                    answers = together(model, pieces, lambda part: model.detect(pieces[part]))  # noqa: B023
                    yield from zip([row for row, _ in opened], answers, strict=True)

        super().__init__(recordings, load, run, name)


def _next(opened: Iterator[tuple[int, np.ndarray]]) -> list[tuple[int, np.ndarray]]:
    """The first window, where there is one."""
    found = next(opened, None)
    return [] if found is None else [found]


def _hear(
    model: Recogniser, pending: list[Pending], parts: dict[int, list[Placed]], words: bool
) -> None:
    if not pending:
        return

    def recognised(part: slice) -> list[Heard]:
        some = pending[part]
        return model.recognise([piece for _, _, piece, _ in some], [p[3] for p in some], words)

    answers = together(model, [piece for _, _, piece, _ in pending], recognised)
    for (row, at, piece, _), heard in zip(pending, answers, strict=True):
        start = at / model.rate
        parts.setdefault(row, []).append((start, start + len(piece) / model.rate, heard))
