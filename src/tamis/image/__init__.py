"""Images: what can be measured in them. Every name here is an op, `image.<name>` in a recipe."""

import tamis.image.jpegs
import tamis.image.views  # noqa: F401  registers the views that the ops begin with
from tamis.image.captions import caption
from tamis.image.classes import classifier, nsfw
from tamis.image.cleanvision import cleanvision_blur, cleanvision_entropy
from tamis.image.colour import colorfulness, gray_ratio, is_grayscale, saturation
from tamis.image.embedding import embedding
from tamis.image.hashes import average_hash, difference_hash, perceptual_hash, wavelet_hash
from tamis.image.heads import head
from tamis.image.identity import pixel_hash
from tamis.image.layout import border_ratio, qr_code_ratio
from tamis.image.light import (
    bright_ratio,
    brightness,
    brightness_percentile,
    contrast,
    dark_ratio,
    entropy,
    level_count,
)
from tamis.image.printed import has_text, printed_text, text_area
from tamis.image.sharpness import sharpness, thumbnail_sharpness
from tamis.image.similarity import clip_s, clip_score
from tamis.image.size import (
    aspect_ratio,
    bit_depth,
    channels,
    color_mode,
    file_size,
    format,
    frame_count,
    has_alpha,
    height,
    jpeg_quality,
    megapixels,
    short_side,
    width,
    width_to_height,
)
from tamis.image.tags import zero_shot_label, zero_shot_probability
from tamis.image.training import train_head

__all__ = [
    "aspect_ratio",
    "average_hash",
    "bit_depth",
    "border_ratio",
    "bright_ratio",
    "brightness",
    "brightness_percentile",
    "caption",
    "channels",
    "classifier",
    "cleanvision_blur",
    "cleanvision_entropy",
    "clip_s",
    "clip_score",
    "color_mode",
    "colorfulness",
    "contrast",
    "dark_ratio",
    "difference_hash",
    "embedding",
    "entropy",
    "file_size",
    "format",
    "frame_count",
    "gray_ratio",
    "has_alpha",
    "has_text",
    "head",
    "height",
    "is_grayscale",
    "jpeg_quality",
    "level_count",
    "megapixels",
    "nsfw",
    "perceptual_hash",
    "pixel_hash",
    "printed_text",
    "qr_code_ratio",
    "saturation",
    "sharpness",
    "short_side",
    "text_area",
    "thumbnail_sharpness",
    "train_head",
    "wavelet_hash",
    "width",
    "width_to_height",
    "zero_shot_label",
    "zero_shot_probability",
]
