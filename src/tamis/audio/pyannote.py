"""Diarisation by a pipeline of pyannote.audio.

It is not among the packages that this was tested with: written after its documentation (3.1, 4.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tamis.audio.computed import Streams, together
from tamis.audio.diarising import Turn

RATE = 16_000
LONGEST = 3600 * 8  # seconds: the pipeline holds a recording whole


def turning(
    speakers: int | None,
) -> Callable[[Any, Streams, list[int]], Iterator[tuple[int, list[Turn]]]]:
    """A function for `Computed`: the pipeline's turns, overlaps included."""

    def run(pipeline: Any, streams: Streams, rows: list[int]) -> Iterator[tuple[int, list[Turn]]]:
        for row in rows:
            for at, samples in streams.windows(row, RATE, LONGEST * RATE, LONGEST * RATE):
                if at:
                    streams.problems[row] = f"audio.too_long: more than {LONGEST} s"
                    break
                told = {"num_speakers": speakers} if speakers is not None else {}
                (said,) = together(pipeline, [samples], lambda _: [pipeline(samples, RATE, told)])  # noqa: B023
                names = {name: k for k, name in enumerate(sorted({who for _, _, who in said}))}
                yield row, [Turn(a, b, names[who]) for a, b, who in sorted(said)]

    return run


class Pipeline:
    """A loaded pipeline, asked for triples of start, end and speaker."""

    def __init__(self, torch: Any, pipeline: Any) -> None:
        self.torch, self.pipeline = torch, pipeline

    def __call__(
        self, samples: np.ndarray, rate: int, told: dict[str, Any]
    ) -> list[tuple[float, float, str]]:
        given = {"waveform": self.torch.from_numpy(samples)[None], "sample_rate": rate}
        made = self.pipeline(given, **told)
        made = getattr(made, "speaker_diarization", made)  # from 4.0 on
        return [
            (float(turn.start), float(turn.end), str(who))
            for turn, _, who in made.itertracks(yield_label=True)
        ]
