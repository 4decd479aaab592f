"""A form: how records of one medium are shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from tamis.showing import shown

if TYPE_CHECKING:
    from tamis.media.pointers import Media


class Exhibit(NamedTuple):
    """What shows one record: a few kilobytes of a type that browsers know, or why there is nothing.

    `width` and `height` are pixels; 0 where nothing is to be seen. `why` is "<code>: detail" with a
    code of `tamis.codes`, or "" where the medium could be shown. `plays` is a snippet of what has
    a duration, of the type `plays_as`.
    """

    medium: str
    data: bytes = b""
    type: str = ""
    width: int = 0
    height: int = 0
    why: str = ""
    plays: bytes = b""
    plays_as: str = ""

    @property
    def nbytes(self) -> int:
        """How many bytes it takes on a page."""
        return len(self.data) + len(self.plays)

    def html(self) -> Markup:
        """The exhibit as an element of a page that needs nothing else."""
        from tamis.exhibits.making import FORMS

        if self.why:
            return Markup('<span class="unshown" dir="auto">{}</span>').format(shown(self.why))
        if not self.data or self.medium not in FORMS:
            return Markup("")
        picture, snippet = _uri(self.data, self.type), _uri(self.plays, self.plays_as)
        return FORMS[self.medium].html(self, picture, snippet)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.why:
            return {"medium": self.medium, "why": self.why}
        found: dict[str, Any] = {"medium": self.medium, "type": self.type, "data": _text(self.data)}
        found |= {"width": self.width, "height": self.height}
        if self.plays:
            found |= {"plays": _text(self.plays), "plays_as": self.plays_as}
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Exhibit:
        """What `to_dict` gave; `ValueError` for anything else."""
        try:
            medium, why = str(found["medium"]), str(found.get("why", ""))
            if why:
                return cls(medium, why=why)
            data = base64.b64decode(found["data"], validate=True)
            kind, size = str(found["type"]), (int(found["width"]), int(found["height"]))
            plays = base64.b64decode(found.get("plays", ""), validate=True)
            plays_as = str(found.get("plays_as", ""))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not an exhibit: {error}") from error
        return cls(medium, data, kind, *size, plays=plays, plays_as=plays_as)


@dataclass(frozen=True)
class Source:
    """What an exhibit is made of: a row of `media`, from `start` to `end` (seconds, or None)."""

    media: Media
    row: int
    start: float | None = None
    end: float | None = None

    @property
    def data(self) -> bytes:
        """All bytes; `BadRecord` where they cannot be had."""
        return self.media.whole(self.row)


@dataclass(frozen=True)
class Form:
    """How one medium is shown.

    `make(source, side, most)` makes an exhibit of a record, at most `side` pixels wide and high and
    `most` bytes long, and raises `BadRecord` for bytes that cannot be read;
    `html(exhibit, picture, snippet)` is the element that shows it from two addresses.
    `begins(data)` says whether bytes look like this medium, `extensions` what its files are called:
    for sets whose steps do not say what their rows point to. `weight` is how many times the room of
    a picture it is given.
    """

    medium: str
    make: Callable[[Source, int, int], Exhibit]
    html: Callable[[Exhibit, str, str], Markup]
    begins: Callable[[bytes], bool]
    extensions: frozenset[str]
    weight: int = 1


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{_text(data)}"
