"""What images, video and audio share: pointers to bytes, and a child process that decodes them."""

from tamis.media.ahead import ahead
from tamis.media.decoded import Decoded, each
from tamis.media.identity import file_hash, file_size

__all__ = ["Decoded", "ahead", "each", "file_hash", "file_size"]
