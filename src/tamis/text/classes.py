"""Classes of text by a trained sequence classifier: domain, quality, education, toxicity, …"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.op import measure
from tamis.text.class_presets import HALVES, Name, heads_labels, labels_of, preset_of
from tamis.text.classified import Classified, a_number, asked, said
from tamis.text.language import check_label
from tamis.text.text_classifier import Output

BETWEEN = ", "


def _values(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The labels that a folder's config.json names, before anything is loaded."""
    file = Path(str(settings["model"])) / "config.json"
    if not file.is_file():
        return None
    if preset_of(settings["preset"], settings["model"]).split is not None:
        return HALVES
    try:
        config = json.loads(file.read_bytes())
        heads, head = heads_labels(config), settings["head"]
        if head is None and len(config.get("target_sizes", "..")) == 1:
            head = next(iter(config["target_sizes"]))
        return (labels_of(config) if head is None else heads.get(head)) or None
    except (ValueError, AttributeError, TypeError):  # what is wrong with it, loading says
        return None


@measure(dtype="string", null_where="blank", heavy=True, values=_values)
def class_label(
    text_classified: Classified,
    *,
    model: str,
    preset: Name | None = None,
    head: str | None = None,
    threshold: float = 0.0,
) -> list[str | None]:
    """The likeliest class of a text by a sequence classifier; null where none has `threshold`.

    `model` is a folder, or a name on the Hugging Face hub with the commit of its `revision`: any
    model that transformers loads for sequence classification, or NVIDIA's (domain, quality, content
    type, prompts), which are a backbone with linear layers; `base` is the folder of a backbone that
    is not known here. `preset` says how a published one is asked (docs/how-to/classify-text.md
    lists them); a model named as on the hub needs none.

    Of a text `max_chars` are read, from the start or with `crop="centre"` out of its middle, and of
    these `tokens`; `pool="mean"` or `"max"` reads all of them, in windows of that many. `output` is
    what becomes of the last layer: "softmax", "sigmoid" for several labels at once, "raw"; if not
    given, what config.json says. A model of several heads is asked for one of them by `head`. All
    steps that ask one model in the same way share its answers.

    Texts are computed in batches of like length, of `batch` tokens (512, on a GPU 65,536), halved
    where memory ends, and of fixed shapes, so that neighbours do not show. `precision="auto"` is
    bfloat16 where the device multiplies it and a check at loading finds all values within 0.02 of
    float32 and the same labels. Needs `pip install 'tamis[text-models]'`.
    """
    found: list[str | None] = [None] * len(text_classified)
    a_number("class_label", threshold)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    one, part, known = asked(text_classified, head)
    values = values[:, part]
    if len(one.labels) == 1:
        if known.split is None:
            raise SettingError(
                f"class_label: {text_classified.name!r} gives a number, not classes; "
                "class_score has it"
            )
        for row, value in zip(rows.tolist(), values[:, 0].tolist(), strict=True):
            found[row] = HALVES[value >= known.split]
        return found
    best = np.nan_to_num(values, nan=-np.inf).argmax(axis=1)
    for row, place, value in zip(rows, best, values[np.arange(len(best)), best], strict=True):
        if value >= threshold:
            found[row] = one.labels[place]
    return found


@measure(dtype="string", null_where="blank", heavy=True)
def class_labels(
    text_classified: Classified,
    *,
    model: str,
    preset: Name | None = None,
    head: str | None = None,
    threshold: float = 0.5,
    output: Output | None = None,
) -> list[str | None]:
    """All classes of a text with at least `threshold`, the likeliest first, ", " between them.

    For models of several labels at once; "" where none has as much. Settings as of
    `text.class_label`.
    """
    found: list[str | None] = [None] * len(text_classified)
    a_number("class_labels", threshold)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    one, part, _ = asked(text_classified, head)
    if len(one.labels) == 1 and (output or one.output) == "raw":
        raise SettingError(
            f"class_labels: {text_classified.name!r} gives a number, not classes; class_score has "
            "it"
        )
    for row, chance in zip(rows.tolist(), values[:, part], strict=True):
        order = np.argsort(-chance, kind="stable")
        found[row] = BETWEEN.join(one.labels[k] for k in order if chance[k] >= threshold)
    return found


@measure(dtype="float64", null_where="blank", heavy=True)
def class_score(
    text_classified: Classified,
    *,
    model: str,
    preset: Name | None = None,
    head: str | None = None,
    label: str | None = None,
    whole: bool = False,
) -> np.ndarray:
    """The probability of `label` by a sequence classifier, or the value of a model that gives one.

    Without `label` that of the likeliest class. `whole` rounds to a whole number (halves to even).
    Presets of educational and mathematical value bring it into 0 to 5: FineWeb-Edu keeps `min=3`
    rounded, the two of NVIDIA call it high quality from 2.5. Settings as of `text.class_label`.
    """
    found = np.full(len(text_classified), np.nan)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    one, part, known = asked(text_classified, head)
    values = values[:, part]
    if label is not None:
        check_label("class_score", "label", label, one.labels)
        values = values[:, one.labels.index(label)]
    else:
        values = values.max(axis=1)
    if known.bounds is not None and len(one.labels) == 1:
        values = np.clip(values, *known.bounds)
    found[rows] = np.rint(values) if whole else values
    return found


@measure(dtype="float32[{classes}]", null_where="blank", heavy=True)
def class_scores(
    text_classified: Classified,
    *,
    model: str,
    classes: int,
    preset: Name | None = None,
    head: str | None = None,
) -> np.ndarray:
    """The probabilities of all `classes` by a sequence classifier, as a vector.

    In the order of its labels. Settings as of `text.class_label`.
    """
    found = np.full((len(text_classified), max(classes, 1)), np.nan, np.float32)
    rows, values = said(text_classified)
    if not rows.size:
        return found
    one, part, _ = asked(text_classified, head)
    if len(one.labels) != classes:
        raise SettingError(
            f"class_scores: {text_classified.name!r} tells {len(one.labels)} classes apart; "
            f"pass classes={len(one.labels)}"
        )
    found[rows] = values[:, part]
    return found
