"""Edits of recordings that stay pointers: trimmed, joined, louder. Writers carry them out."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from tamis.audio.energy import LEVEL_SECONDS, levels
from tamis.audio.pieces import ALONG, COLUMNS, TRANSCRIPTS, Spoken, begins, pieces
from tamis.audio.segments import Recordings, joined_already, rules_of, speech_in
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.op import cut, edit, view

SILENT = -120.0  # decibels: as loud or softer is silence, which no gain makes a sound of

_TIMES = {name: dtype for name, dtype in ALONG.items() if name not in TRANSCRIPTS}


@cut(columns=COLUMNS, along=_TIMES)
def trim_silence(
    recording: Recordings,
    said: Spoken,
    *,
    below: float = 40.0,
    floor: float = -60.0,
    pad: float = 0.1,
) -> dict[str, Any]:
    """One row for each, without the silence at its beginning and end: `start`, `end` are moved.

    Silent are frames of 20 ms that are more than `below` decibels softer than the loudest one, or
    softer than `floor` dB of full scale; `pad` seconds of that stay. Transcripts stay as they are.
    A recording that is silent throughout is dropped (`cut.empty`). librosa's `effects.trim` has 60
    dB and no padding.
    """
    if not 0 <= pad < math.inf:
        raise SettingError(f"pad={pad}: seconds, not below 0")
    problems = joined_already(recording)
    found: list[list[tuple[float, float]]] = [[] for _ in range(len(recording))]
    for row, one in enumerate(recording):
        if one is None or row in problems:
            continue
        try:
            loud, length = levels(one.blocks(), one.rate)
        except BadRecord as bad:
            problems[row] = f"{bad.code}: {bad.detail}"
            continue
        heard = np.flatnonzero(loud >= max(floor, float(loud.max(initial=-math.inf)) - below))
        if not len(heard):
            problems[row] = "cut.empty: it is silent"
            continue
        frame, whole = round(one.rate * LEVEL_SECONDS) / one.rate, length / one.rate
        last = float(heard[-1] + 1) * frame + pad
        found[row] = [(max(0.0, float(heard[0]) * frame - pad), min(last, whole))]
    return pieces(found, begins(recording), said, problems)


@cut(
    columns={"sound_parts": "string"},
    along={"transcript_words": None, "turns": None, "duration": "float64"},
)
def speech_only(
    recording: Recordings,
    *,
    threshold: float = 0.5,
    min_speech: float = 0.25,
    min_silence: float = 0.5,
    pad: float = 0.3,
) -> dict[str, Any]:
    """One row for each, whose sound is its stretches of speech with 0.5 s of silence between them.

    They are in the column `sound_parts`, JSON of `[start, end]` in seconds of the row's sound,
    which all that reads samples and all writers observe; no file is made. Transcripts stay as they
    are; `transcript_words` and `turns`, of which the times are others now, are null. Settings as of
    `speech_segments`. NeMo Curator concatenates segments so, with half a second of silence; keep
    segments as rows where one may be good and the next not.
    """
    rules = rules_of(min_speech, math.inf, min_silence, pad, None, 0.0)
    found, problems = speech_in(recording, threshold, None, rules, None, math.inf, 0.0)
    rows = [row for row, spans in enumerate(found) if spans and row not in problems]
    gaps = [0.5 * (len(found[row]) - 1) for row in rows]
    return {
        "parent": np.array(rows, np.int64),
        "problems": problems,
        "sound_parts": [json.dumps([[round(t, 6) for t in s] for s in found[k]]) for k in rows],
        "transcript_words": [None] * len(rows),
        "turns": [None] * len(rows),
        "duration": [
            round(sum(end - start for start, end in found[row]) + gap, 6)
            for row, gap in zip(rows, gaps, strict=True)
        ],
    }


@view
def earlier_gain(gain_db: pd.Series | None = None) -> pd.Series | None:
    """The gain that rows have already, None without such a column."""
    return gain_db


@edit(dtype="float64")
def normalize_loudness(
    earlier_gain: pd.Series | None,
    loudness: pd.Series,
    peak_level: pd.Series | None = None,
    *,
    target: float = -23.0,
    limit: float | None = None,
    ceiling: float = -1.0,
) -> np.ndarray:
    """By how many decibels a recording is made louder, so that it is as loud as `target`.

    `loudness` is a column of levels: LUFS, or with `on=` any other in decibels. The column
    `gain_db` is written: all that reads samples afterwards reads them so much louder, and writers
    write them so. A gain that is there already counts as heard when `loudness` was measured. At
    most `limit` decibels are added or taken (None: any). With a column `peak_level` (dBFS) nothing
    is raised so far that the peak passes `ceiling`; without, what is beyond full scale is cut off
    where whole numbers are written. Null where the loudness is null or that of silence.

    -23 LUFS is the programme loudness of EBU R 128; Emilia has `target=-20, limit=3` over the RMS
    level.

    >>> import pandas as pd, tamis
    >>> calls = pd.DataFrame({"loudness": [-30.0, -12.0], "peak_level": [-3.0, -2.0]})
    >>> calls.pipe(tamis.Edit(tamis.audio.normalize_loudness)).gain_db.tolist()
    [2.0, -11.0]
    """
    if limit is not None and not limit >= 0:
        raise SettingError(f"limit={limit}: decibels, not below 0")
    heard = _decibels(loudness)
    gain = np.where(heard > SILENT, target - heard, np.nan)
    if limit is not None:
        gain = gain.clip(-limit, limit)
    if peak_level is not None:
        gain = np.minimum(
            gain, np.nan_to_num(np.maximum(ceiling - _decibels(peak_level), 0.0), nan=np.inf)
        )
    before = np.full(len(gain), np.nan) if earlier_gain is None else _decibels(earlier_gain)
    return np.where(np.isnan(gain), before, gain + np.nan_to_num(before))


def _decibels(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
