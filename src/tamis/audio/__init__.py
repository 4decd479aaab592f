"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import (
    bit_depth,
    bit_rate,
    channels,
    codec,
    duration,
    format,
    missing_ratio,
    sample_rate,
)
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
from tamis.audio.spectrum import bandwidth, spectral_flatness

__all__ = [
    "bandwidth",
    "bit_depth",
    "bit_rate",
    "channel_correlation",
    "channel_imbalance",
    "channels",
    "clipping_ratio",
    "codec",
    "dc_offset",
    "duration",
    "format",
    "loudness",
    "loudness_range",
    "missing_ratio",
    "nonfinite_ratio",
    "peak_level",
    "percentile_snr",
    "rms_level",
    "sample_rate",
    "silence_ratio",
    "spectral_flatness",
    "wada_snr",
    "zero_crossing_rate",
]
