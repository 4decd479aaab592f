"""Who speaks when: a plain diarisation from voices, or a pipeline of pyannote.audio."""

from __future__ import annotations

import json
from typing import Any

import tamis.audio.speakers  # noqa: F401  registers `voices`
from tamis.audio.computed import Computed
from tamis.audio.diarising import Turn, diarised_by_voices
from tamis.audio.voices import Voices
from tamis.errors import SettingError
from tamis.media.pointers import ROWS
from tamis.op import measure, view

THRESHOLD = 0.35  # cosine distance; by it the voices of real speech in the tests fall apart


@view(rows=ROWS)
def diarised(
    recording: Any,
    voices: Computed,
    *,
    threshold: float = THRESHOLD,
    speakers: int | None = None,
    speech: float = 0.5,
    diarizer: str | None = None,
    revision: str | None = None,
    device: str | None = None,
) -> Computed:
    """The turns of speakers in recordings."""
    if not 0 < threshold <= 2:
        raise SettingError(f"threshold={threshold}: a cosine distance is above 0, 2 at most")
    if speakers is not None and speakers < 1:
        raise SettingError(f"speakers={speakers}: there is at least one")
    if diarizer is not None:
        from tamis.audio.pyannote import turning

        def load_pipeline() -> Any:
            from tamis.audio.models import pyannote_pipeline

            return pyannote_pipeline(diarizer, revision, device)

        return Computed(recording, load_pipeline, turning(speakers), diarizer)

    def load() -> Any:
        from tamis.audio.vad_model import speech_model

        return speech_model()

    def seen(row: int) -> Voices | None:
        (found,) = voices.of([row])
        return found

    run = diarised_by_voices(seen, threshold, speakers, speech)
    return Computed(recording, load, run, voices.name)


@measure(dtype="string", heavy=True)
def turns(diarised: Computed) -> list[str | None]:
    """Who speaks when: JSON, a list of `speaker` ("A", "B" …), `start` and `end`.

    Seconds from the beginning of the row's piece; speakers are named in the order in which they
    first speak. A plain baseline: where Silero's model hears speech (`speech`, a probability), each
    frame gets the speaker of the nearest window of the model of `speaker_embedding`; windows are
    clustered by average linkage at a cosine distance of `threshold` (or to so many `speakers`). It
    hears one speaker at a time, and turns of less than about a second are lost. `diarizer` names a
    pipeline of pyannote.audio instead (where that is installed), a folder, its config.yaml or a
    name on the hub with its `revision`; it hears overlaps.

    `audio.speaker_turns` cuts recordings by this column. No speech gives an empty list.
    """
    return [None if found is None else turns_json(found) for found in diarised.of_all()]


@measure(dtype="Int64", range=(0, 1e6), heavy=True)
def speaker_count(diarised: Computed) -> list[int | None]:
    """How many speakers `turns` has. Settings as there."""
    return [
        None if found is None else len({turn.speaker for turn in found})
        for found in diarised.of_all()
    ]


def turns_json(found: list[Turn]) -> str:
    """Turns as JSON, times to milliseconds, speakers as letters."""
    names: dict[int, str] = {}
    for turn in found:
        names.setdefault(turn.speaker, _letters(len(names)))
    return json.dumps(
        [
            {
                "speaker": names[turn.speaker],
                "start": round(turn.start, 3),
                "end": round(turn.end, 3),
            }
            for turn in found
        ]
    )


def _letters(number: int) -> str:
    """A, B … Z, AA, AB …"""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
