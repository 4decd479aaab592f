"""Ops of videos that models and measures of images carry out, frame by frame."""

import tamis.framewise.jpegs  # noqa: F401  registers a view that endpoints are asked about
from tamis.framewise.captions import caption
from tamis.framewise.embedding import embedding
from tamis.framewise.heads import frame_head
from tamis.framewise.measures import frame_measure
from tamis.framewise.similarity import frame_text_similarity

__all__ = ["caption", "embedding", "frame_head", "frame_measure", "frame_text_similarity"]
