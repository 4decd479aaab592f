"""Words and turns with their times, and where words stand in a transcript."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.audio.spans import Span
from tamis.codes import BadRecord

_NAMES = {
    "label": ("word", "text", "symbol", "label", "speaker"),
    "start": ("start", "start_time", "begin"),
    "end": ("end", "end_time"),
}


class Timed(NamedTuple):
    """Something said, from `start` to `end` seconds of its row's sound; `item` as it was given."""

    label: str
    start: float
    end: float
    item: Any


def listed(column: pd.Series) -> list[Any]:
    """The values of a column of lists, or of JSON text, as Python has them; None where null."""
    if isinstance(column.dtype, pd.ArrowDtype):
        values = pa.array(column, from_pandas=True).to_pylist()
    else:
        values = [v if isinstance(v, list | tuple | np.ndarray) else _known(v) for v in column]
    return [_parsed(value) for value in values]


def timed(value: Any, label: str = "word") -> list[Timed]:
    """The items of one row in the order of their beginnings; `BadRecord` (`cut.times`) if unfit.

    An item is a mapping with `start`, and `end` or `duration` (seconds), and what was said or who
    spoke; or, as lhotse has words, a list of `symbol, start, duration` and more.

    >>> [one[:3] for one in timed([{"word": "so", "start": 1, "end": 1.5}, ["on", 2.0, 0.25]])]
    [('so', 1.0, 1.5), ('on', 2.0, 2.25)]
    """
    if not isinstance(value, list | tuple | np.ndarray):
        raise BadRecord("cut.times", f"not a list, but {str(value)[:80]!r}")
    found = [_timed(item, label) for item in value]
    return sorted(found, key=lambda one: (one.start, one.end))


def moved(one: Timed, by: float, length: float) -> Any:
    """The item with times `by` seconds later, within a piece of `length` seconds."""
    start, end = (round(min(max(t + by, 0.0), length), 6) for t in (one.start, one.end))
    if not isinstance(one.item, dict):
        return [one.item[0], start, round(end - start, 6), *one.item[3:]]
    made = dict(one.item)
    for name, value in (("start", start), ("end", end)):
        made |= {key: value for key in _NAMES[name] if made.get(key) is not None}
    if "duration" in made:
        made["duration"] = round(end - start, 6)
    return made


def places(text: str, words: Iterable[str]) -> list[Span] | None:
    """Where each word stands in a text, with its punctuation; None if the text has other words.

    Letters and digits are compared, without regard to case; so words of languages without spaces
    are found, too. The places touch: together they are the text.

    >>> places("Yes, (no) more.", ["yes", "no", "more"])
    [(0, 5), (5, 10), (10, 15)]
    """
    letters = [(c, at) for at, one in enumerate(text) for c in one.casefold() if c.isalnum()]
    starts, ends, place = list[int](), list[int](), 0
    for word in words:
        own = [c for c in word.casefold() if c.isalnum()]
        if [c for c, _ in letters[place : place + len(own)]] != own:
            return None
        if not own:  # a pause or a noise that an aligner noted: no place of its own
            starts.append(ends[-1] if ends else 0)
            ends.append(starts[-1])
            continue
        starts.append(letters[place][1])
        place += len(own)
        ends.append(letters[place - 1][1] + 1)
    if place < len(letters):
        return None
    edges: list[float] = [0]
    for end, start in zip(ends, starts[1:], strict=False):
        between = text[end:start]
        edges.append(start - len(between.split()[-1]) if _opens(between) else max(end, start))
    return [*zip(edges, [*edges[1:], len(text)], strict=True)][: len(starts)]


def _opens(between: str) -> bool:
    """Whether what stands between two words ends with something that belongs to the second."""
    return any(c.isspace() for c in between) and not between[-1].isspace()


def _known(value: Any) -> Any:
    return None if value is None or value is pd.NA or value != value else value


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _timed(item: Any, label: str) -> Timed:
    if isinstance(item, dict):
        start, end = _first(item, "start"), _first(item, "end")
        if end is None and item.get("duration") is not None and start is not None:
            end = _number(start) + _number(item["duration"])
        named = item.get(label)
        told = _first(item, "label") if named is None else named
    elif isinstance(item, list | tuple | np.ndarray) and len(item) >= 3:
        told, start, end = item[0], item[1], _number(item[1]) + _number(item[2])
    else:
        raise BadRecord("cut.times", f"{str(item)[:80]!r} has no times")
    span = _number(start), _number(end)
    if not 0 <= span[0] <= span[1] < np.inf:
        raise BadRecord("cut.times", f"{str(told)[:40]!r} from {start} to {end}")
    return Timed("" if told is None else str(told), *span, item)


def _first(item: dict[str, Any], name: str) -> Any:
    return next((item[key] for key in _NAMES[name] if item.get(key) is not None), None)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise BadRecord("cut.times", f"a time is {str(value)[:40]!r}")
    return float(value)
