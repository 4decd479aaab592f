"""Video: what can be measured in videos. Every name is an op, `video.<name>` in a recipe."""

from tamis.video.about import (
    aspect_ratio,
    bit_rate,
    bits_per_pixel,
    codec,
    color_matrix,
    duration,
    format,
    fps,
    fps_varies,
    frame_count,
    has_audio,
    height,
    is_interlaced,
    keyframe_interval,
    pixel_format,
    rotation,
    short_side,
    width,
)
from tamis.video.fingerprints import fingerprint
from tamis.video.identity import first_frame_hash
from tamis.video.light import black_ratio, brightness, contrast, flicker, letterbox, sharpness
from tamis.video.motion import (
    camera_shake,
    damaged_frames,
    frozen_ratio,
    is_still,
    motion,
    motion_score_global_mean,
    motion_score_per_patch_min_256,
)
from tamis.video.segments import content_spans, keyframe_spans, scenes, windows
from tamis.video.transitions import model_scenes
from tamis.video.views import read_frames

__all__ = [
    "aspect_ratio",
    "bit_rate",
    "bits_per_pixel",
    "black_ratio",
    "brightness",
    "camera_shake",
    "codec",
    "color_matrix",
    "content_spans",
    "contrast",
    "damaged_frames",
    "duration",
    "fingerprint",
    "first_frame_hash",
    "flicker",
    "format",
    "fps",
    "fps_varies",
    "frame_count",
    "frozen_ratio",
    "has_audio",
    "height",
    "is_interlaced",
    "is_still",
    "keyframe_interval",
    "keyframe_spans",
    "letterbox",
    "model_scenes",
    "motion",
    "motion_score_global_mean",
    "motion_score_per_patch_min_256",
    "pixel_format",
    "read_frames",
    "rotation",
    "scenes",
    "sharpness",
    "short_side",
    "width",
    "windows",
]
