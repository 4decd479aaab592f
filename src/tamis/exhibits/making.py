"""Exhibits of some records, made from the bytes that their rows point to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tamis.codes import BadRecord
from tamis.exhibits import film, picture, sound
from tamis.exhibits.form import Exhibit, Form, Source
from tamis.exhibits.subject import Subject

FORMS: dict[str, Form] = {form.medium: form for form in (picture.FORM, sound.FORM, film.FORM)}
SIDE = 160  # pixels of a thumbnail
MOST = 16_000  # bytes of one
_FIRST = 4_096  # bytes that tell a medium

_UNKNOWN = "decode.format: the bytes are of no medium that is shown here"

_log = logging.getLogger(__name__)


def exhibits(
    rows: Mapping[str, Mapping[str, Any]],
    of: Subject,
    side: int = SIDE,
    most: int = MOST,
    opened: bool = False,
) -> dict[str, Exhibit]:
    """What shows each of the rows (id to cells): none of those that hold no medium.

    Bytes that cannot be read give an exhibit that says why. Where the steps did not say what rows
    point to, only what looks like a medium is one, and nothing is fetched from elsewhere; unless
    they are to be `opened` whatever they are called, because somebody asked for them.
    """
    if not of.pointer or not rows:
        return {}
    import pandas as pd

    from tamis.media.columns import Pointer
    from tamis.media.pointers import media

    def cells(role: str) -> list[Any]:
        """What the rows have in a column of the pointer."""
        name = of.pointer.get(role)
        return [None if name is None else row[name] for row in rows.values()]

    ranged = [pd.Series(map(_number, cells(name)), dtype="Int64") for name in ("offset", "size")]
    held = media(pd.Series(cells("path"), dtype=object), *ranged)
    spans = [[_seconds(value) for value in cells(name)] for name in ("start", "end")]
    found: dict[str, Exhibit] = {}
    for number, name in enumerate(rows):
        pointer, medium = held.pointers[number], of.medium
        where = pointer.path if isinstance(pointer, Pointer) else None
        if medium is None and where is not None and not opened:
            medium = _named(where) if pointer.local else None
            if medium is None:
                continue
        try:
            if medium is None:
                medium = _begun(held.open(number).read(_FIRST))
            if medium in FORMS:
                source = Source(held, number, spans[0][number], spans[1][number])
                form = FORMS[medium]
                found[name] = form.make(source, side, most * form.weight)
            elif opened:
                found[name] = Exhibit("", why=_UNKNOWN)
        except BadRecord as bad:
            if medium is not None or opened:
                place, told = held.place(number), bad.detail
                if not bad.code.startswith("media.") and not told.startswith(place):
                    told = f"{place}: {told}"
                found[name] = Exhibit(medium or "", why=f"{bad.code}: {told}")
        except ImportError as error:
            told = f"pip install 'tamis[{medium}]'"
            _log.warning("records are shown without their %s: %s; %s", medium, error, told)
            return {}
    return found


def _begun(data: bytes) -> str | None:
    """The medium that bytes begin as."""
    return next((medium for medium, form in FORMS.items() if form.begins(data)), None)


def _named(path: str) -> str | None:
    """The medium that a file's name speaks of."""
    ending = path.rpartition(".")[2].lower()
    return next((medium for medium, form in FORMS.items() if ending in form.extensions), None)


def _number(value: Any) -> Any:
    """An offset or size, also of a CSV file; null for what is none."""
    try:
        return None if value is None or value == "" else int(value)
    except (TypeError, ValueError):
        return None


def _seconds(value: Any) -> float | None:
    """A start or end, also of a CSV file; None for what is none."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found else None
