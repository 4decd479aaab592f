"""Images: what can be measured in them. Every name here is an op, `image.<name>` in a recipe."""

import tamis.image.views  # noqa: F401  # what ops name in their signatures
from tamis.image.identity import pixel_hash

__all__ = ["pixel_hash"]
