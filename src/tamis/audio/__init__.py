"""Audio: what can be measured in recordings. Every name is an op, `audio.<name>` in a recipe."""

import tamis.audio.views  # noqa: F401  registers the views that the ops begin with
from tamis.audio.about import duration

__all__ = ["duration"]
