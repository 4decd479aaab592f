"""What was learned of media by steps before a cut, for the rows that the cut made of them.

A cut by scenes looks at every frame of a video; the measures behind it look at every frame of its
clips. Whoever carries out steps says beforehand which views they look at (`wanted`), so that a view
can learn in one decode what others will ask for, and keep it here under the medium's identity. It
lives as long as the rows of some media are worked on. Nothing may depend on it but speed: a view
takes from here only what it would find itself, to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from tamis.op import view

ROOM = 256 << 20  # bytes that are kept of the media of some rows
Span = tuple[float, float | None]


class Carried:
    """What is known of some media, by view and identity, for spans of them in seconds."""

    def __init__(self, wanted: frozenset[str] = frozenset(), room: int = ROOM) -> None:
        self.wanted, self._store = wanted, _Store(room)

    def then(self, wanted: frozenset[str]) -> Carried:
        """The same for later steps, which look at other views."""
        found = Carried(wanted)
        found._store = self._store
        return found

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
        self.room, self._putting = room, threading.Lock()
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
