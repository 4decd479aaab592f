"""What images, video and audio share: pointers to bytes, and a child process that decodes them."""

from tamis.media.decoded import Decoded, each

__all__ = ["Decoded", "each"]
