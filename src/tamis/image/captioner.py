"""Captions by a vision-language model: batch by batch, halved where memory ends, twice if asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from tamis.errors import SettingError
from tamis.extras import Modules
from tamis.image.caption_prompts import PLACE, prompt_of, second_prompt
from tamis.media.ahead import beside
from tamis.media.memory import room_of
from tamis.named_files import states

Precision = Literal["auto", "float32", "bfloat16"]
FramesAs = Literal["auto", "video", "images"]
TOKENS = 512  # of a caption at most, as NeMo Curator has it
BATCH = 8  # captions computed together


class Shown(NamedTuple):
    """What is captioned: `pixels` uint8 of [n, height, width, 3], frames at `fps`, or a picture."""

    pixels: np.ndarray
    fps: float | None = None


class Sayer(Protocol):
    """A vision-language model: the text that it says of each of some things shown, greedily."""

    def say(self, shown: Sequence[Shown], asked: Sequence[str], tokens: int) -> list[str]:
        """A text for each."""


def caption_packages(settings: Mapping[str, Any]) -> Modules:
    """What a vision-language model is computed with."""
    return {
        "image-models": ("torch", "torchvision"),
        "text-models": ("torch", "transformers"),
    }


def whole(**settings: int) -> None:
    """Refuse numbers below 1."""
    for name, value in settings.items():
        if value < 1:
            raise SettingError(f"caption: {name}={value} has to be at least 1")


def captioner(
    kind: str, *, model: str, revision: str | None, prompt: str, refine: str | None, tokens: int,
    batch: int, frames_as: FramesAs, precision: Precision, device: str | None,
    trusted: bool,
) -> Captioner:  # fmt: skip
    """What captions a "picture" or "video", by the settings of the measures of that name."""
    whole(max_tokens=tokens, batch=batch)

    def load() -> Sayer:
        from tamis.image.caption_models import caption_model

        files = tuple(states(model))
        return caption_model(model, revision, device, precision, frames_as, files, trusted)

    return Captioner(load, prompt_of(kind, prompt), second_prompt(refine), tokens, batch)


class Captioner:
    """Asks `prompt` of what it is shown, then, with the answer in it, `refine`.

    `load()` gives the model, when there is something to see. While it computes a batch, another
    thread makes the next.
    """

    def __init__(
        self, load: Callable[[], Sayer], prompt: str, refine: str | None, tokens: int, batch: int
    ) -> None:
        self._load, self._prompt, self._refine = load, prompt, refine
        self._tokens, self._batch = tokens, batch

    def captions(self, shown: Iterator[tuple[int, Shown]]) -> Iterator[tuple[int, str]]:
        """A caption for each, with the row that it came with, in order."""

        def some() -> list[tuple[int, Shown]]:
            return list(itertools.islice(shown, self._batch))

        for batch in beside(iter(some, [])):
            yield from zip([row for row, _ in batch], self._said([s for _, s in batch]),
                           strict=True)  # fmt: skip

    def _said(self, shown: list[Shown]) -> list[str]:
        model = self._load()
        first = self._fitting(model, shown, [self._prompt] * len(shown))
        if self._refine is None:
            return first
        return self._fitting(model, shown, [self._refine.replace(PLACE, one) for one in first])

    def _fitting(self, model: Sayer, shown: list[Shown], asked: list[str]) -> list[str]:
        """What the model says: of all at once, or in parts if there is no room for all."""

        def say(part: slice) -> list[str]:
            return model.say(shown[part], asked[part], self._tokens)

        room = room_of(model)
        said = room.run(len(shown), say, "captions", lambda number: _alone(shown[number]))
        self._batch = min(self._batch, room.most or self._batch)  # what is read ahead
        return said


def _alone(shown: Shown) -> str:
    frames, height, width = shown.pixels.shape[:3]
    return (
        f"one caption of {frames} pictures of {height} by {width} pixels; "
        "pass smaller or fewer pictures"
    )
