"""Tags by prompts: which of some descriptions fits a picture best."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.image.computed import Computed, seen
from tamis.image.encoders import unit
from tamis.image.similarity import text_side
from tamis.op import measure

TEMPLATE = ("a photo of {}",)


@measure(dtype="string", heavy=True, values=lambda settings: tuple(settings["labels"]))
def zero_shot_label(
    embedded: Computed,
    *,
    labels: tuple[str, ...],
    template: tuple[str, ...] = TEMPLATE,
    threshold: float = 0.0,
) -> list[str | None]:
    """The label that fits a picture best, of those given; null where none reaches `threshold`.

    Each label is put into every `template` and the embeddings of these prompts are averaged; the
    probability of a label is the softmax of the cosines at the model's own temperature. `model` and
    `weights` as of `clip_score`. Source: A. Radford et al., 2021.
    """
    rows, chances = _probabilities(embedded, labels, template)
    found: list[str | None] = [None] * len(embedded)
    for row, best, chance in zip(rows, chances.argmax(axis=1), chances.max(axis=1), strict=True):
        if chance >= threshold:
            found[row] = labels[best]
    return found


@measure(range=(0, 1), heavy=True)
def zero_shot_probability(
    embedded: Computed, *, labels: tuple[str, ...], template: tuple[str, ...] = TEMPLATE
) -> np.ndarray:
    """The probability of the first label against all others, as `zero_shot_label` has it.

    `labels=("a photo with a watermark", "a clean photo"), template=("{}",)` asks one question.
    """
    rows, chances = _probabilities(embedded, labels, template)
    found = np.full(len(embedded), np.nan)
    found[rows] = chances[:, 0] if len(rows) else []
    return found


def _probabilities(
    embedded: Computed, labels: tuple[str, ...], template: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have a picture, and of [these, labels] the probabilities."""
    if not labels or not template or any("{}" not in one for one in template):
        raise SettingError("zero-shot tags need labels, and templates that hold {} for the label")
    rows, pictures = seen(embedded)
    if not rows.size:
        return rows, np.empty((0, len(labels)))
    side = text_side(embedded)
    prompts = tuple(one.replace("{}", label) for label in labels for one in template)
    each = side.prompts(prompts).reshape(len(labels), len(template), -1)
    cosine = unit(pictures.astype(np.float64)) @ unit(each.mean(axis=1)).T
    score = np.exp(side.scale * (cosine - cosine.max(axis=1, keepdims=True)))
    return rows, score / score.sum(axis=1, keepdims=True)
