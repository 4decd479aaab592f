"""Steps that take a GPU, kept on the workers that declare one; all others may run anywhere.

Dask's workers declare what they have (`dask worker --resources "GPU=1"`), and a task that asks for
it waits for one of those. A stage of a run is one task for each partition, so its stretch of steps
is cut where steps begin or cease to take a GPU. That is done only where the outcome is the same:
rows that a filter drops are still measured by the steps behind it, unless these are heavy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tamis.filters import Filter
from tamis.scheduling import declared
from tamis.segments import Named, Segment

GPU = "GPU"  # the resource, as dask-cuda's documentation has it


def on_cards(parts: list[Segment]) -> list[Segment]:
    """Segments of a run as they are, or cut by where they run if workers declare a GPU."""
    if not declared(GPU):
        return parts
    bounded = [False, *(part.bound is not None for part in parts)]
    return [piece for part, judged in zip(parts, bounded, strict=False)
            for piece in divided(part, judged)]  # fmt: skip


def divided(part: Segment, judged: bool = False) -> list[Segment]:
    """A segment as several: those with `card` are for workers that have one.

    `judged` says that it begins with a filter that had to wait for its bounds.

    >>> from tamis import Filter, Score, image
    >>> steps = (("light", Filter(image.brightness, min=0.1)), ("vector", Score(image.embedding)))
    >>> [([name for name, _ in one.steps], one.card) for one in divided(Segment(steps))]
    [(['light'], False), (['vector'], True)]
    """
    found: list[tuple[Named, bool | None]] = []
    for piece in _pieces(part.steps, judged):
        needs = _needs(piece)
        if found and (needs is None or found[-1][1] in (None, needs)):
            before, known = found.pop()
            piece, needs = (*before, *piece), known if needs is None else needs
        found.append((piece, needs))
    moves = [Segment(piece, card=bool(card), moves=True) for piece, card in found[:-1]]
    last, card = found[-1] if found else ((), None)
    if part.bound is not None:
        last = last[:-1]
    return [*moves, part._replace(rowwise=last, card=bool(card))]


def takes(step: Any) -> bool:
    """Whether a step loads a model into a GPU where there is one."""
    measure: Any = step.score if isinstance(step, Filter) else step
    op = getattr(measure, "op", None)
    if op is None or "device" not in op.settings:
        return False
    device = dict(measure.settings).get("device", op.settings["device"])
    return device is None or str(device).startswith("cuda")


def _needs(piece: Named) -> bool | None:
    """Whether a piece takes a GPU; None for one that only looks at columns, so may go along."""
    if any(takes(step) for _, step in piece):
        return True
    light = all(isinstance(step, Filter) and step.score is None for _, step in piece)
    return None if light else False


def _pieces(steps: Named, judged: bool) -> list[Named]:
    """The steps, cut wherever that does not change what is measured of which rows."""
    edges = [k for k in range(1, len(steps)) if _may_part(steps, k, judged)]
    return [steps[a:b] for a, b in zip([0, *edges], [*edges, len(steps)], strict=True) if a < b]


def _may_part(steps: Named, at: int, judged: bool) -> bool:
    block = _block(steps, at)
    before, behind = [step for _, step in steps[block.start : at]], steps[at : block.stop]
    dropped = any(step.word == "filter" for step in before) or (judged and not block.start)
    return not dropped or all(_asks_kept_rows_only(step) for _, step in behind)


def _block(steps: Sequence[tuple[str, Any]], at: int) -> slice:
    """The measures and filters around a place, between two edits or cuts."""
    first, last = at, at
    while first > 0 and steps[first - 1][1].word in ("score", "filter"):
        first -= 1
    while last < len(steps) and steps[last][1].word in ("score", "filter"):
        last += 1
    return slice(first, last)


def _asks_kept_rows_only(step: Any) -> bool:
    measure = step.score if isinstance(step, Filter) else step
    return measure is None or measure.heavy or measure.together is not None
