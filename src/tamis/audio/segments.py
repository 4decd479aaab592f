"""Recordings to segments by their sound: speech, what is loud, windows of one length."""

from __future__ import annotations

import math
from typing import Any

from tamis.audio.edited import Edited
from tamis.audio.energy import LEVEL_SECONDS, levels
from tamis.audio.pieces import ALONG, COLUMNS, Spoken, begins, pieces
from tamis.audio.recording import Recording
from tamis.audio.spans import Span, joined, windowed
from tamis.audio.speech_runs import exit_of, speech_runs
from tamis.audio.vad import listen
from tamis.audio.vad_model import FRAME, RATE, speech_model
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.decoded import Decoded
from tamis.op import cut

Recordings = Decoded[Recording]
BLOCK = 10  # seconds of each recording in memory
SHORTEST = 0.01  # seconds between the beginnings of two windows


@cut(columns=COLUMNS, along=ALONG)
def speech_segments(
    recording: Recordings,
    said: Spoken,
    *,
    threshold: float = 0.5,
    exit_threshold: float | None = None,
    min_speech: float = 2.0,
    max_duration: float = 60.0,
    min_silence: float = 0.5,
    pad: float = 0.3,
    merge: float | None = None,
    min_duration: float = 0.0,
) -> dict[str, Any]:
    """A row for each stretch of speech, as Silero's model hears it; `start`, `end` in the file.

    A stretch begins where the probability of speech reaches `threshold` and ends where it stays
    below `exit_threshold` (None: 0.15 less) for `min_silence` seconds. It counts if it is longer
    than `min_speech`; one that would last more than `max_duration` ends at its longest pause. Then
    each grows by `pad` seconds on both sides, at most by half of the silence between two. These
    are the segments that the package's `get_speech_timestamps` finds. After that, neighbours at
    most `merge` seconds apart become one where that is no longer than `max_duration`, and what is
    shorter than `min_duration` goes. What a recording has besides is left out; one without speech
    is dropped (`cut.empty`).

    Transcripts (`text`, `transcript`, `pred_text`) are cut by the times of `transcript_words`
    where those are their words, else they are null: nobody knows which part belongs to a segment.
    `turns` of speakers are cut, too. Many recordings are gone through side by side, and long ones
    block by block.

    Defaults are NeMo Curator's. Silero's own are `min_speech=0.25, min_silence=0.1, pad=0.03` with
    no end of `max_duration`; Emilia merges gaps up to 2 s and keeps 3 to 30 s. Source: Silero VAD.
    """
    rules = rules_of(min_speech, max_duration, min_silence, pad, merge, min_duration)
    found, problems = speech_in(
        recording, threshold, exit_threshold, rules, merge, max_duration, min_duration
    )
    return pieces(found, begins(recording), said, problems)


@cut(columns=COLUMNS, along=ALONG)
def energy_segments(
    recording: Recordings,
    said: Spoken,
    *,
    below: float = 40.0,
    floor: float = -60.0,
    min_speech: float = 2.0,
    max_duration: float = 60.0,
    min_silence: float = 0.5,
    pad: float = 0.3,
    merge: float | None = None,
    min_duration: float = 0.0,
) -> dict[str, Any]:
    """A row for each stretch that is not silent; `start`, `end` in the file. No model is asked.

    Frames of 20 ms are silent that are more than `below` decibels softer than the loudest one, or
    softer than `floor` dB of full scale. All else as in `speech_segments`. It takes noise and music
    for speech, and costs a sixth: for clean recordings with pauses. librosa's `effects.split`
    has 60 dB under the loudest.
    """
    rules = rules_of(min_speech, max_duration, min_silence, pad, merge, min_duration)
    found: list[list[Span]] = [[] for _ in range(len(recording))]
    problems = joined_already(recording)
    for row, one in enumerate(recording):
        if one is None or row in problems:
            continue
        try:
            loud, length = levels(one.blocks(), one.rate)
        except BadRecord as bad:
            problems[row] = f"{bad.code}: {bad.detail}"
            continue
        heard = loud >= max(floor, float(loud.max(initial=-math.inf)) - below)
        runs = speech_runs(
            heard.astype(float).tolist(), length, rate=one.rate,
            frame=round(one.rate * LEVEL_SECONDS), threshold=0.5, exit_threshold=0.5, **rules,
        )  # fmt: skip
        found[row] = _kept(runs, length, one.rate, one, merge, max_duration, min_duration)
        if not found[row]:
            problems[row] = "cut.empty: nothing in it is loud enough"
    return pieces(found, begins(recording), said, problems)


@cut(columns=COLUMNS, along=ALONG)
def windows(
    recording: Recordings,
    said: Spoken,
    *,
    length: float = 30.0,
    overlap: float = 0.0,
    minimum: float = 0.0,
) -> dict[str, Any]:
    """A row for each window of `length` seconds, of which neighbours share `overlap` seconds.

    The last one ends with the recording; it goes if it is shorter than `minimum`. Only the header
    is read. Models of Whisper's kind hear 30 s; NeMo Curator splits at 3,600 s before it tags.
    Transcripts as in `speech_segments`.

    >>> import io, wave, pandas as pd, tamis
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as out:
    ...     out.setparams((1, 2, 8000, 0, "NONE", ""))
    ...     out.writeframes(bytes(2 * 8000 * 5))
    >>> calls = pd.DataFrame({"id": ["a"], "path": [file.getvalue()]})
    >>> tamis.Cut(tamis.audio.windows, length=2)(calls)[["id", "start", "end"]].values.tolist()
    [['a/1', 0.0, 2.0], ['a/2', 2.0, 4.0], ['a/3', 4.0, 5.0]]
    """
    if not length - overlap >= SHORTEST or not 0 <= overlap < length < math.inf:
        raise SettingError(
            f"overlap={overlap}, length={length}: windows are longer than they share, and begin at "
            f"least {SHORTEST:g} s apart"
        )
    found = [
        [] if one is None else windowed(one.duration, length, overlap, minimum) for one in recording
    ]
    short = f"cut.empty: it is shorter than minimum={minimum:g}"
    problems = joined_already(recording)
    for row, one in enumerate(recording):
        if one is not None and not found[row]:
            problems.setdefault(row, short)
    return pieces(found, begins(recording), said, problems)


def speech_in(
    recording: Recordings, threshold: float, exit_threshold: float | None,
    rules: dict[str, float], merge: float | None, longest: float, shortest: float,
) -> tuple[list[list[Span]], dict[int, str]]:  # fmt: skip
    """The spans of speech in each recording, and why there are none."""
    if not 0 < threshold < 1:
        raise SettingError(f"threshold={threshold}: a probability between 0 and 1")
    leave = exit_of(threshold) if exit_threshold is None else exit_threshold
    problems = joined_already(recording)
    there = [k for k, one in enumerate(recording) if one is not None and k not in problems]
    sounds = (recording[row].mono(RATE, seconds=BLOCK) for row in there)
    found: list[list[Span]] = [[] for _ in range(len(recording))]
    for row, one in zip(there, listen(sounds, speech_model()), strict=True):
        if one.problem is not None:
            problems[row] = f"{one.problem.code}: {one.problem.detail}"
            continue
        runs = speech_runs(
            one.probabilities.tolist(), one.length, rate=RATE, frame=FRAME, threshold=threshold,
            exit_threshold=leave, **rules,
        )  # fmt: skip
        found[row] = _kept(runs, one.length, RATE, recording[row], merge, longest, shortest)
        if not found[row]:
            least = max(rules["min_speech"], shortest)
            short = f"no speech in it lasts more than {least:g} s"
            some = bool((one.probabilities >= threshold).any())
            problems[row] = f"cut.empty: {short if some else 'there is no speech in it'}"
    return found, problems


def joined_already(recording: Recordings) -> dict[int, str]:
    """Rows that are several parts of a recording: what would be cut out of them is in no file."""
    told = "audio.edit: it has sound_parts; cut recordings before their parts are joined"
    return {
        row: told
        for row, one in enumerate(recording)
        if isinstance(one, Edited) and one.parts is not None
    }


def rules_of(
    min_speech: float, max_duration: float, min_silence: float, pad: float,
    merge: float | None, min_duration: float,
) -> dict[str, float]:  # fmt: skip
    """The settings of `speech_runs`, or a `SettingError` for those that no segment can meet."""
    for name, value in (
        ("min_speech", min_speech), ("min_silence", min_silence), ("pad", pad),
        ("merge", merge or 0.0), ("min_duration", min_duration),
    ):  # fmt: skip
        if not 0 <= value < math.inf:
            raise SettingError(f"{name}={value}: seconds, not below 0")
    if not max_duration > max(2 * pad + 0.1, min_speech, min_duration):
        raise SettingError(
            f"max_duration={max_duration}: a segment is longer than twice its pad={pad}, "
            f"min_speech={min_speech} and min_duration={min_duration}"
        )
    return {
        "min_speech": min_speech,
        "max_speech": max_duration,
        "min_silence": min_silence,
        "pad": pad,
    }


def _kept(
    runs: list[tuple[int, int]], length: int, rate: int, one: Recording,
    merge: float | None, longest: float, shortest: float,
) -> list[Span]:  # fmt: skip
    """Runs of samples as seconds; the last may end with the recording's last sample."""
    whole = length / rate if one.header.slack is None else one.duration
    spans = [(a / rate, whole if b >= length else min(b / rate, whole)) for a, b in runs]
    if merge is not None:
        spans = joined(spans, merge, longest)
    return [span for span in spans if span[1] - span[0] >= shortest and span[1] > span[0]]
