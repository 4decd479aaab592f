"""Levels: videos and their clips, clips and transcripts; rows joined, verdicts passed on."""

from tamis.levels.joining import join
from tamis.levels.measures import (
    children_left,
    children_share,
    dropped_overlap,
    parent_kept,
    record_kept,
    siblings_left,
)

__all__ = [
    "children_left",
    "children_share",
    "dropped_overlap",
    "join",
    "parent_kept",
    "record_kept",
    "siblings_left",
]
