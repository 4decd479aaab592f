"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import duration
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

__all__ = [
    "cer",
    "character_duration",
    "character_rate",
    "compression_ratio",
    "deletion_rate",
    "deletion_run",
    "deletions",
    "duration",
    "end_edge_cer",
    "end_edge_error",
    "hallucination_phrase",
    "insertion_rate",
    "insertion_run",
    "insertions",
    "language_agreement",
    "length_ratio",
    "longest_word_excess",
    "mismatch_run",
    "ngram_repeats",
    "quality_band",
    "spoken_character_count",
    "start_edge_cer",
    "start_edge_error",
    "substitution_rate",
    "substitutions",
    "unique_word_ratio",
    "wer",
    "word_rate",
]
