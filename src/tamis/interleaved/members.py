"""Images of a document that are members of the archive that the document stands in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.interleaved.lists import Lists, listed

_NEEDED = {"name", "offset", "size"}
POINTER = pa.struct([("path", pa.large_string()), ("offset", pa.int64()), ("size", pa.int64())])


def found_in_archive(images: Lists, members: pd.Series, path: pd.Series) -> Lists:
    """The images as pointers into archives.

    `members` are lists of structs `name` (what stands behind the key), `offset`, `size`. An image
    that is no member's name stays the path or URL that it is.
    """
    kind = images.values.type
    if pa.types.is_struct(kind) and kind.get_field_index("name") >= 0:  # the members themselves
        nothing = np.zeros(len(members), np.int64)
        images = Lists(pa.nulls(0), nothing, nothing.astype(bool), {})
        kind = images.values.type
    named = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not named or isinstance(members.dtype, pd.StringDtype):
        return images
    held, given = listed(members), _rows(images)
    found: list[list[dict[str, Any] | None]] = []
    there = images.there.copy()
    for row, (own, archive) in enumerate(zip(_rows(held), path.array, strict=True)):
        by_name = {m["name"].lower(): m for m in own if isinstance(m, dict) and set(m) >= _NEEDED}
        if not images.there[row] and row not in images.problems:
            found.append(_numbered(by_name, str(archive)))
            there[row] = bool(found[-1])
        else:
            found.append([_pointer(image, by_name, str(archive)) for image in given[row]])
    lengths = np.array([len(items) for items in found], np.int64)
    values = pa.array([item for items in found for item in items], POINTER)
    return Lists(values, lengths, there, images.problems)


def _rows(lists: Lists) -> list[list[Any]]:
    values, ends = lists.values.to_pylist(), np.cumsum(lists.lengths)
    return [values[end - length : end] for end, length in zip(ends, lists.lengths, strict=True)]


def _pointer(image: Any, members: dict[str, Any], archive: str) -> dict[str, Any] | None:
    if image is None:
        return None
    if "://" in image:
        return {"path": image, "offset": None, "size": None}
    name = image.rpartition("/")[2].lower()
    for candidate in (name, name.partition(".")[2]):
        if candidate in members:
            return _at(members[candidate], archive)
    return {"path": image, "offset": None, "size": None}


def _numbered(members: dict[str, Any], archive: str) -> list[dict[str, Any] | None]:
    """The members that are named by a place: `0.jpg`, `3.png`."""
    places = {}
    for name, member in members.items():
        number = name.partition(".")[0]
        if number.isascii() and number.isdigit() and len(number) < 7:
            places[int(number)] = _at(member, archive)
    return [places.get(place) for place in range(max(places, default=-1) + 1)]


def _at(member: dict[str, Any], archive: str) -> dict[str, Any]:
    return {"path": archive, "offset": member["offset"], "size": member["size"]}
