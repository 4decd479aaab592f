"""A form: how records of one medium are shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from tamis.showing import shown


class Exhibit(NamedTuple):
    """What shows one record: a few kilobytes of a type that browsers know, or why there is nothing.

    `width` and `height` are pixels; 0 where nothing is to be seen. `why` is "<code>: detail" with a
    code of `tamis.codes`, or "" where the medium could be shown.
    """

    medium: str
    data: bytes = b""
    type: str = ""
    width: int = 0
    height: int = 0
    why: str = ""

    @property
    def uri(self) -> str:
        """The bytes as a data URI."""
        return f"data:{self.type};base64,{base64.b64encode(self.data).decode()}"

    def html(self) -> Markup:
        """The exhibit as an element of a page that needs nothing else."""
        from tamis.exhibits.making import FORMS

        if self.why:
            return Markup('<span class="unshown" dir="auto">{}</span>').format(shown(self.why))
        if not self.data or self.medium not in FORMS:
            return Markup("")
        return FORMS[self.medium].html(self, self.uri)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.why:
            return {"medium": self.medium, "why": self.why}
        data = base64.b64encode(self.data).decode()
        found = {"medium": self.medium, "type": self.type, "data": data}
        return found | {"width": self.width, "height": self.height}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Exhibit:
        """What `to_dict` gave; `ValueError` for anything else."""
        try:
            medium, why = str(found["medium"]), str(found.get("why", ""))
            if why:
                return cls(medium, why=why)
            data = base64.b64decode(found["data"], validate=True)
            kind, size = str(found["type"]), (int(found["width"]), int(found["height"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not an exhibit: {error}") from error
        return cls(medium, data, kind, *size)


@dataclass(frozen=True)
class Form:
    """How one medium is shown.

    `make(data, side, most)` makes an exhibit from the bytes of a record, at most `side` pixels wide
    and high and `most` bytes long, and raises `BadRecord` for bytes that cannot be read;
    `html(exhibit, address)` is the element that shows it from an address. `begins(data)` says
    whether bytes look like this medium, `extensions` what its files are called: for sets whose
    steps do not say what their rows point to.
    """

    medium: str
    make: Callable[[bytes, int, int], Exhibit]
    html: Callable[[Exhibit, str], Markup]
    begins: Callable[[bytes], bool]
    extensions: frozenset[str]
