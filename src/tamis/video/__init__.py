"""Video: what can be measured in videos. Every name is an op, `video.<name>` in a recipe."""

import tamis.video.views  # noqa: F401  registers the views that the ops begin with
from tamis.video.segments import content_spans, keyframe_spans, scenes, windows

__all__ = ["content_spans", "keyframe_spans", "scenes", "windows"]
