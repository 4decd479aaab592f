"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import duration
from tamis.audio.alignment import aligned_words, alignment_score
from tamis.audio.quality import dnsmos, dnsmos_background, dnsmos_p808, dnsmos_signal
from tamis.audio.separation import separated
from tamis.audio.sound_classes import sound_class, sound_label
from tamis.audio.speakers import speaker_count, speaker_embedding, turns
from tamis.audio.transcribing import (
    no_speech_probability,
    spoken_language,
    spoken_language_probability,
    transcript,
    transcript_language,
    transcript_log_probability,
    transcript_words,
)

__all__ = [
    "aligned_words",
    "alignment_score",
    "dnsmos",
    "dnsmos_background",
    "dnsmos_p808",
    "dnsmos_signal",
    "duration",
    "no_speech_probability",
    "separated",
    "sound_class",
    "sound_label",
    "speaker_count",
    "speaker_embedding",
    "spoken_language",
    "spoken_language_probability",
    "transcript",
    "transcript_language",
    "transcript_log_probability",
    "transcript_words",
    "turns",
]
