"""Prompts by NVIDIA's classifier of tasks and complexity: eight heads, and a sum of six of them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamis.errors import DataError
from tamis.op import measure
from tamis.text.class_presets import Name
from tamis.text.classified import Classified, asked, said

TASK = "task_type"
SHOTS = "number_of_few_shots"
PARTS = {
    "creativity_scope": 0.35,
    "reasoning": 0.25,
    "constraint_ct": 0.15,
    "domain_knowledge": 0.15,
    "contextual_knowledge": 0.05,
    SHOTS: 0.05,
}
"""What complexity is the sum of."""
Dimension = Literal[
    "complexity",
    "creativity_scope",
    "reasoning",
    "constraint_ct",
    "domain_knowledge",
    "contextual_knowledge",
    "number_of_few_shots",
    "no_label_reason",
]


@measure(dtype="string", null_where="blank", heavy=True)
def prompt_task(
    text_classified: Classified, *, model: str, preset: Name | None = None, place: Literal[1, 2] = 1
) -> list[str | None]:
    """What a prompt asks for, of 11 kinds of tasks: the likeliest, or with `place=2` the next.

    The next is "NA" where its probability is under 0.1. `model` is a folder with the files of
    nvidia/prompt-task-and-complexity-classifier (and `preset` its name), or that name with the
    commit of its `revision`; other settings as of `text.class_label`. The probability of the
    likeliest is `text.class_score` with `head="task_type"`.
    Source: NeMo Curator, PromptTaskComplexityClassifier.
    """
    found: list[str | None] = [None] * len(text_classified)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    head, part, _ = asked(text_classified, TASK)
    chance = values[:, part]
    order = np.argsort(-chance, axis=1, kind="stable")[:, :2]
    for row, (first, *others), one in zip(rows.tolist(), order.tolist(), chance, strict=True):
        found[row] = head.labels[first]
        if place == 2:
            next_ = others[0] if others and round(float(one[others[0]]), 3) >= 0.1 else None
            found[row] = "NA" if next_ is None else head.labels[next_]
    return found


@measure(dtype="float64", null_where="blank", heavy=True)
def prompt_complexity(
    text_classified: Classified,
    *,
    model: str,
    preset: Name | None = None,
    dimension: Dimension = "complexity",
) -> np.ndarray:
    """How complex a prompt is, or one dimension of that, most of them 0 to 1.

    A dimension is the sum of its classes' probabilities times the model's `weights_map`, over its
    `divisor_map`, to four digits; few shots under 0.05 are 0. Complexity is 0.35 creativity + 0.25
    reasoning + 0.15 constraints + 0.15 domain knowledge + 0.05 contextual knowledge + 0.05 few
    shots, to five digits. `model` as of `text.prompt_task`, which shares the pass.
    Source: NeMo Curator, PromptTaskComplexityClassifier.
    """
    found = np.full(len(text_classified), np.nan)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    if dimension != "complexity":
        found[rows] = _dimension(text_classified, values, dimension)
        return found
    total = sum(w * _dimension(text_classified, values, name) for name, w in PARTS.items())
    found[rows] = np.round(total, 5)
    return found


def _dimension(classified: Classified, values: np.ndarray, name: str) -> np.ndarray:
    _, part, _ = asked(classified, name)
    model, _ = classified.model()
    try:
        weights = np.asarray(model.extra["weights_map"][name], np.float64)
        scores = (values[:, part] * weights).sum(axis=1) / float(model.extra["divisor_map"][name])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"the config.json of {classified.name!r} does not tell how {name} is computed "
            f"(weights_map, divisor_map): {error}"
        ) from error
    scores = np.round(scores, 4)
    return np.where(scores >= 0.05, scores, 0.0) if name == SHOTS else scores
