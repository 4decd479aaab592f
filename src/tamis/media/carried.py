"""What was learned of media by steps before a cut, for the rows that the cut made of them.

A cut by scenes looks at every frame of a video; the measures behind it look at every frame of its
clips. Whoever carries out steps says beforehand which views they look at (`wanted`), so that a view
can learn in one decode what others will ask for, and keep it here under the medium's identity. It
lives as long as the rows of some media are worked on. Nothing may depend on it but speed: a view
takes from here only what it would find itself, to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from tamis.media.spilled import Spilled
from tamis.op import view

ROOM = 256 << 20  # bytes that are kept of the media of some rows
Span = tuple[float, float | None]


class Wish(NamedTuple):
    """The views that a step will look at, and its settings, those it was given."""

    views: frozenset[str]
    settings: Mapping[str, Any]


class Carried:
    """What is known of some media, by view and identity, for spans of them in seconds.

    `wishes` are what the steps will look at, and how, as far as they are known.
    """

    def __init__(
        self, wanted: frozenset[str] = frozenset(), room: int = ROOM,
        wishes: Sequence[Wish] = (),
    ) -> None:  # fmt: skip
        self.wanted, self.wishes, self._store = wanted, wishes, _Store(room)

    def then(self, wanted: frozenset[str], wishes: Sequence[Wish] = ()) -> Carried:
        """The same for later steps, which look at other views."""
        found = Carried(wanted, wishes=wishes)
        found._store = self._store
        return found

    @property
    def aside(self) -> Spilled:
        """Where pixels are put that are too many to be held."""
        return self._store.aside

    def wants(self, view: str) -> bool:
        """Whether a step, this one or a later one, looks at a view, and there is room for it."""
        return view in self.wanted and self._store.room > 0

    def keep(self, name: str, key: Hashable, span: Span, item: Any) -> None:
        """Keep what was learned of a span, where anybody may ask for it and there is room."""
        if self.wanted:
            self._store.put((name, key), span, item)

    def known(self, name: str, key: Hashable) -> list[tuple[Span, Any]]:
        """The spans of a medium of which something is known, and that."""
        return list(self._store.items.get((name, key), ()))


class _Store:
    def __init__(self, room: int) -> None:
        self.room, self._putting, self.aside = room, threading.Lock(), Spilled()
        self.items: dict[tuple[str, Hashable], list[tuple[Span, Any]]] = {}

    def put(self, key: tuple[str, Hashable], span: Span, item: Any) -> None:
        """Put in what there is room for; the first that is too large leaves none."""
        with self._putting:
            if item.nbytes > self.room:
                self.room = 0
                return
            self.room -= item.nbytes
            self.items.setdefault(key, []).append((span, item))


@view
def carried() -> Carried:
    """What steps before have learned; here nothing: it is given by who carries out several."""
    return Carried()
