"""Exhibits of some records, made from the bytes that their rows point to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tamis.codes import BadRecord
from tamis.exhibits import picture
from tamis.exhibits.form import Exhibit, Form
from tamis.exhibits.subject import Subject

FORMS: dict[str, Form] = {"image": picture.FORM}
SIDE = 160  # pixels of a thumbnail
MOST = 16_000  # bytes of one

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
    if not of.columns or not rows:
        return {}
    import pandas as pd

    from tamis.media.columns import Pointer
    from tamis.media.pointers import media

    path, *ranged = of.columns
    cells = [pd.Series([row[path] for row in rows.values()], dtype=object)]
    cells += [pd.Series([_number(row[k]) for row in rows.values()], dtype="Int64") for k in ranged]
    held = media(*cells)
    found: dict[str, Exhibit] = {}
    for number, name in enumerate(rows):
        pointer, medium = held.pointers[number], of.medium
        where = pointer.path if isinstance(pointer, Pointer) else None
        if medium is None and where is not None and not opened:
            medium = _named(where) if pointer.local else None
            if medium is None:
                continue
        data = held[number]
        if medium is None:
            medium = next((m for m, form in FORMS.items() if data and form.begins(data)), None)
        if medium not in FORMS:
            if opened:
                found[name] = Exhibit("", why=held.problems.get(number, _UNKNOWN))
            continue
        try:
            if data is None:
                found[name] = Exhibit(medium, why=held.problems[number])
            else:
                found[name] = FORMS[medium].make(data, side, most)
        except BadRecord as bad:
            found[name] = Exhibit(medium, why=f"{bad.code}: {held.place(number)}: {bad.detail}")
        except ImportError as error:
            told = f"pip install 'tamis[{medium}]'"
            _log.warning("records are shown without their %s: %s; %s", medium, error, told)
            return {}
    return found


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
