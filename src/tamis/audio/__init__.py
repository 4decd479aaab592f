"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import (
    bit_depth,
    bit_rate,
    channels,
    codec,
    decoded_duration,
    duration,
    format,
    missing_ratio,
    sample_rate,
)
from tamis.audio.alignment import aligned_words, alignment_score
from tamis.audio.edits import normalize_loudness, speech_only, trim_silence
from tamis.audio.identity import fingerprint, sample_hash
from tamis.audio.levels import (
    channel_correlation,
    channel_imbalance,
    clipping_ratio,
    dc_offset,
    nonfinite_ratio,
    peak_level,
    rms_level,
    silence_ratio,
    zero_crossing_rate,
)
from tamis.audio.loudness import loudness, loudness_range
from tamis.audio.noise import percentile_snr, wada_snr
from tamis.audio.quality import dnsmos, dnsmos_background, dnsmos_p808, dnsmos_signal
from tamis.audio.segments import energy_segments, speech_segments, windows
from tamis.audio.separation import separated
from tamis.audio.sound_classes import sound_class, sound_label
from tamis.audio.speakers import speaker_embedding
from tamis.audio.spectrum import bandwidth, spectral_flatness
from tamis.audio.transcribing import (
    no_speech_probability,
    spoken_language,
    spoken_language_probability,
    transcript,
    transcript_language,
    transcript_log_probability,
    transcript_words,
)
from tamis.audio.transcripts import (
    cer,
    deletion_rate,
    deletion_run,
    deletions,
    end_edge_cer,
    end_edge_error,
    insertion_rate,
    insertion_run,
    insertions,
    length_ratio,
    mismatch_run,
    quality_band,
    start_edge_cer,
    start_edge_error,
    substitution_rate,
    substitutions,
    wer,
)
from tamis.audio.transcripts_hallucination import (
    compression_ratio,
    hallucination_phrase,
    longest_word_excess,
    ngram_repeats,
    unique_word_ratio,
)
from tamis.audio.transcripts_language import language_agreement
from tamis.audio.transcripts_rates import (
    character_duration,
    character_rate,
    spoken_character_count,
    word_rate,
)
from tamis.audio.turn_segments import alm_windows, speaker_turns
from tamis.audio.who_speaks import speaker_count, turns
from tamis.audio.word_segments import word_segments

__all__ = [
    "aligned_words",
    "alignment_score",
    "alm_windows",
    "bandwidth",
    "bit_depth",
    "bit_rate",
    "cer",
    "channel_correlation",
    "channel_imbalance",
    "channels",
    "character_duration",
    "character_rate",
    "clipping_ratio",
    "codec",
    "compression_ratio",
    "dc_offset",
    "decoded_duration",
    "deletion_rate",
    "deletion_run",
    "deletions",
    "dnsmos",
    "dnsmos_background",
    "dnsmos_p808",
    "dnsmos_signal",
    "duration",
    "end_edge_cer",
    "end_edge_error",
    "energy_segments",
    "fingerprint",
    "format",
    "hallucination_phrase",
    "insertion_rate",
    "insertion_run",
    "insertions",
    "language_agreement",
    "length_ratio",
    "longest_word_excess",
    "loudness",
    "loudness_range",
    "mismatch_run",
    "missing_ratio",
    "ngram_repeats",
    "no_speech_probability",
    "nonfinite_ratio",
    "normalize_loudness",
    "peak_level",
    "percentile_snr",
    "quality_band",
    "rms_level",
    "sample_hash",
    "sample_rate",
    "separated",
    "silence_ratio",
    "sound_class",
    "sound_label",
    "speaker_count",
    "speaker_embedding",
    "speaker_turns",
    "spectral_flatness",
    "speech_only",
    "speech_segments",
    "spoken_character_count",
    "spoken_language",
    "spoken_language_probability",
    "start_edge_cer",
    "start_edge_error",
    "substitution_rate",
    "substitutions",
    "transcript",
    "transcript_language",
    "transcript_log_probability",
    "transcript_words",
    "trim_silence",
    "turns",
    "unique_word_ratio",
    "wada_snr",
    "wer",
    "windows",
    "word_rate",
    "word_segments",
    "zero_crossing_rate",
]
