"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import duration
from tamis.audio.edits import normalize_loudness, speech_only, trim_silence
from tamis.audio.segments import energy_segments, speech_segments, windows
from tamis.audio.turns import alm_windows, speaker_turns
from tamis.audio.word_segments import word_segments

__all__ = [
    "alm_windows",
    "duration",
    "energy_segments",
    "normalize_loudness",
    "speaker_turns",
    "speech_only",
    "speech_segments",
    "trim_silence",
    "windows",
    "word_segments",
]
