"""Speech recognition over the recordings behind rows: long ones in windows, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tamis.audio.asr.heard import Heard, Recogniser
from tamis.audio.asr.stitching import Placed, stitch
from tamis.audio.computed import Computed, Streams, together
from tamis.errors import SettingError

Pending = tuple[int, int, np.ndarray, str | None]  # row, first sample, samples, language


def recognising(
    batch: int, window: float | None, overlap: float, language: str | None, words: bool
) -> Callable[[Recogniser, Streams, list[int]], Iterable[tuple[int, Heard]]]:
    """A function for `Computed` that recognises rows.

    Rows are taken in the order of their length, so that those of a batch are about as long. The
    first window of a recording tells its language, in which the others are then heard, as
    Whisper's own long form does.
    """

    def run(model: Recogniser, streams: Streams, rows: list[int]) -> Iterator[tuple[int, Heard]]:
        size, step = lengths(model, window, overlap)
        ordered = sorted(rows, key=lambda row: (streams.seconds(row), row))
        for start in range(0, len(ordered), batch):
            group = ordered[start : start + batch]
            parts: dict[int, list[Placed]] = {row: [] for row in group}
            open_ = {row: streams.windows(row, model.rate, size, step) for row in group}
            first: list[Pending] = [
                (row, at, piece, language) for row in group for at, piece in _next(open_[row])
            ]
            _hear(model, first, parts, words)
            waiting: list[Pending] = []
            for row, _, _, _ in first:
                spoken = language or parts[row][0][2].language
                for at, piece in open_[row]:
                    waiting.append((row, at, piece, spoken))
                    if len(waiting) == batch:
                        _hear(model, waiting, parts, words)
                        waiting = []
            _hear(model, waiting, parts, words)
            for row in group:
                yield row, stitch(parts[row])

    return run


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
            for start in range(0, len(ordered), batch):
                opened = [
                    (row, piece)
                    for row in ordered[start : start + batch]
                    for _, piece in _next(streams.windows(row, model.rate, size, size))
                ]
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
        parts[row].append((start, start + len(piece) / model.rate, heard))
