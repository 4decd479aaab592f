"""A result that is too large to be held, handed over in parts while it is made.

A decoder in the sandbox (`tamis.media.sandbox`) calls `give`; whoever asked for the result gets
each part before it. Where nobody takes parts a decoder holds its result, as small ones are anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_taker: list[Callable[[Any], None]] = []


class Part(NamedTuple):
    """A part of the result that is to come; `first` says that all parts before it are void."""

    value: Any
    first: bool


def taken() -> bool:
    """Whether somebody takes parts."""
    return bool(_taker)


def give(value: Any) -> None:
    """Hand a part over; it returns when the part is on its way, so that they do not pile up."""
    _taker[-1](value)


def take(taker: Callable[[Any], None]) -> None:
    """In the other process: from now on parts go there."""
    _taker[:] = [taker]
