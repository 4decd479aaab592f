"""What a classifier says of texts, computed once for all steps that ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.media.computed import Answers, Some
from tamis.named_files import states
from tamis.op import view
from tamis.text.class_presets import Crop, Name, Preset, preset_of
from tamis.text.text_classifier import Head, Output, Pool

ROWS = 8192  # of a partition at a time: what a batch can be sorted from

Precision = Literal["auto", "float32", "bfloat16"]
NEEDS = {"text-models": ("torch", "transformers", "safetensors")}


class Classified(Answers):
    """The outputs of a classifier for each row, float64 of [outputs]; None where it is blank.

    `load()` gives the model, and is not called where there is nothing to read.
    """

    def __init__(
        self, texts: pd.Series, blank: np.ndarray, name: str, preset: Preset,
        load: Callable[[], Any], say: Callable[[Any, list[str]], np.ndarray],
    ) -> None:  # fmt: skip
        super().__init__(len(texts), name)
        self._texts, self._blank, self.preset = texts, blank, preset
        self._load, self._say = load, say

    def model(self) -> Any:
        """The model, and its preset."""
        return self._load(), self.preset

    def _compute(self, rows: list[int]) -> None:
        self._found.update(dict.fromkeys(rows))
        some = [row for row in rows if not self._blank[row]]
        if some:
            said = self._say(self._load(), self._texts.iloc[some].tolist())
            self._found.update(zip(some, said, strict=True))


@view(rows=ROWS, needs=NEEDS)
def text_classified(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    preset: Name | None = None,
    base: str | None = None,
    output: Output | None = None,
    max_chars: int | None = None,
    crop: Crop | None = None,
    tokens: int | None = None,
    pool: Pool = "first",
    precision: Precision = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> Classified:
    """What a sequence classifier says of texts; see `text.class_label`."""
    known = preset_of(preset, model)
    for name, value in (("max_chars", max_chars), ("tokens", tokens), ("batch", batch)):
        if value is not None and value < 1:
            raise SettingError(f"{name}={value}: at least 1")
    most = known.max_chars if max_chars is None else max_chars
    where = crop or known.crop

    def load() -> Any:
        from tamis.text.class_models import text_classifier

        named = tuple(states((model, base)))
        return text_classifier(
            model, revision, base, device, precision, batch, named, trust_remote_code
        )

    def say(classifier: Any, texts: list[str]) -> np.ndarray:
        read = tokens if known.tokens is None or tokens else classifier.within(known.tokens)
        shown = [cropped(one, most, where) for one in texts]
        return np.asarray(classifier.classify(shown, read, pool, output))

    return Classified(text, blank, model, known, load, say)


def cropped(text: str, most: int | None, where: Crop) -> str:
    """At most so many characters of a text, from its start or out of its middle.

    >>> cropped("abcdefg", 3, "start"), cropped("abcdefg", 3, "centre"), cropped("ab", 3, "centre")
    ('abc', 'cde', 'ab')
    """
    if most is None or len(text) <= most:
        return text
    start = (len(text) - most) // 2 if where == "centre" else 0
    return text[start : start + most]


def said(classified: Classified | Some) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are not blank, and [these, outputs]."""
    found = classified.of_all()
    rows = [row for row, one in enumerate(found) if one is not None]
    values = [one for one in found if one is not None]
    return np.array(rows, np.intp), np.stack(values) if values else np.empty((0, 0))


def asked(classified: Classified | Some, head: str | None) -> tuple[Head, slice, Preset]:
    """A last layer by its name (None: the only one), its place in the outputs, and the preset."""
    model, preset = classified.model()
    one, part = model.head(head)
    if preset.bounds is not None and len(one.labels) != 1:
        raise SettingError(
            f"preset {preset.hub.rpartition('/')[2]!r} is for a model that gives one value; "
            f"{classified.name!r} tells {len(one.labels)} classes apart"
        )
    return one, part, preset


def a_number(op: str, threshold: float) -> None:
    """Refuse a threshold that nothing reaches or misses."""
    if threshold != threshold:
        raise SettingError(f"{op}: threshold={threshold} is no number")
