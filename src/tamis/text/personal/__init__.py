"""Personal data in texts: found by patterns and models, measured, taken out."""

from tamis.text.personal.edits import redact, redact_spans
from tamis.text.personal.measures import (
    personal_count,
    personal_counts,
    personal_ratio,
    personal_spans,
)

__all__ = [
    "personal_count",
    "personal_counts",
    "personal_ratio",
    "personal_spans",
    "redact",
    "redact_spans",
]
