"""Documents to rows: the lists of a document cut into its elements, in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError
from tamis.interleaved.lists import Lists, listed
from tamis.interleaved.members import found_in_archive
from tamis.op import cut

_SPENT = ("texts", "images", "members")
_COLUMNS = {
    "position": "Int64",
    "modality": "string",
    "text": "string",
    "path": "string",
    "offset": "Int64",
    "size": "Int64",
}


@cut(columns=_COLUMNS, spends=_SPENT)
def elements(
    texts: pd.Series,
    images: pd.Series,
    path: pd.Series | None = None,
    members: pd.Series | None = None,
    *,
    base: str = "",
) -> dict[str, Any]:
    """A row for each text and image of a document, in order.

    `texts` and `images` are lists of one length, of which at each place one has a text or an image
    and the other null, as in OBELICS and MINT-1T; where both are there the text comes first. A
    column may also hold such lists as JSON text. An image is a path, a URL, or a struct of `path`,
    `offset` and `size`; paths that are not absolute are put behind `base`. Where
    `read_webdataset(members=True)` read the documents, an image is the name of a member of its
    sample (`<key>.2.jpg`, or `2.jpg`), and a sample without a list of images has them at the
    places that its members' names begin with; where no sample has one, `on={"images": "members"}`.

    `position` counts the elements of a document from 0. A document whose lists do not fit together
    is dropped (`document.shape`), one without elements, too (`cut.empty`).

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"id": ["d"], "texts": [["one", None]], "images": [[None, "a.jpg"]]})
    >>> rows = tamis.Cut(elements)(docs)
    >>> rows[["id", "position", "modality"]].values.tolist()
    [['d/1', 0, 'text'], ['d/2', 1, 'image']]
    """
    return _elements(texts, images, path, members, base, held=False)


@cut(columns=_COLUMNS | {"image": "binary"}, spends=_SPENT)
def elements_with_bytes(
    texts: pd.Series,
    images: pd.Series,
    path: pd.Series | None = None,
    members: pd.Series | None = None,
    *,
    base: str = "",
) -> dict[str, Any]:
    """As `elements`, for images that are bytes, or structs of `bytes` and `path`.

    The bytes are in the column `image`: image measures take them with `on="image"`.
    """
    return _elements(texts, images, path, members, base, held=True)


def _elements(
    texts: pd.Series, images: pd.Series, path: pd.Series | None, members: pd.Series | None,
    base: str, held: bool,
) -> dict[str, Any]:  # fmt: skip
    words, pictures = listed(texts, pa.large_string()), listed(images)
    if members is not None and path is not None:
        pictures = found_in_archive(pictures, members, path)
    problems = words.problems | pictures.problems
    uneven = words.there & pictures.there & (words.lengths != pictures.lengths)
    for row in np.flatnonzero(uneven).tolist():
        told = f"{words.lengths[row]} texts, but {pictures.lengths[row]} images"
        problems.setdefault(row, f"document.shape: {told}; null stands where the other is")
    good = np.ones(len(texts), bool)
    good[list(problems)] = False
    word_rows, word_slots, word_places = _places(words, good)
    picture_rows, picture_slots, picture_places = _places(pictures, good)
    parent = np.concatenate([word_rows, picture_rows])
    kind = np.repeat([0, 1], [len(word_rows), len(picture_rows)])
    order = np.lexsort((kind, np.concatenate([word_slots, picture_slots]), parent))
    parent, kind = parent[order], kind[order]
    first = np.searchsorted(parent, parent)
    nothing_word = np.full(len(picture_rows), -1)
    nothing_picture = np.full(len(word_rows), -1)
    word_at = np.concatenate([word_places, nothing_word])[order]
    picture_at = np.concatenate([nothing_picture, picture_places])[order]
    return {
        "parent": parent,
        "problems": problems,
        "position": np.arange(len(parent)) - first,
        "modality": pa.array(["text", "image"]).take(pa.array(kind)).to_pylist(),
        "text": _take(words.values, word_at),
        **_pointers(_take(pictures.values, picture_at), base, held),
    }


def _places(lists: Lists, good: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every item that is there: its row, its place in the row's list, its place in `values`."""
    rows = np.repeat(np.arange(len(lists.lengths)), lists.lengths)
    ends = np.cumsum(lists.lengths)
    slots = np.arange(len(rows)) - np.repeat(ends - lists.lengths, lists.lengths)
    wanted = np.flatnonzero(np.asarray(lists.values.is_valid()) & good[rows])
    return rows[wanted], slots[wanted], wanted


def _take(values: pa.Array, at: np.ndarray) -> pa.Array:
    return values.take(pa.array(at, mask=at < 0))


def _pointers(images: pa.Array, base: str, held: bool) -> dict[str, Any]:
    """The columns that say where an image is."""
    rows, kind = len(images), images.type
    fields = {field.name for field in kind} if pa.types.is_struct(kind) else set()
    found: dict[str, pa.Array] = {
        "path": pa.nulls(rows, pa.large_string()),
        "offset": pa.nulls(rows, pa.int64()),
        "size": pa.nulls(rows, pa.int64()),
        "image": pa.nulls(rows, pa.large_binary()),
    }
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        found["path"] = images.cast(pa.large_string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        found["image"] = images.cast(pa.large_binary())
    elif fields & {"path", "bytes"}:
        for name, column in (
            ("path", "path"), ("bytes", "image"), ("offset", "offset"), ("size", "size")
        ):  # fmt: skip
            if name in fields:
                found[column] = pc.struct_field(images, name).cast(found[column].type)
    elif not pa.types.is_null(kind):
        raise ColumnError(
            f"images are {kind}; they are paths, bytes, or structs with 'path' or 'bytes'"
        )
    if not held:
        if found["image"].null_count < rows:
            raise ColumnError("images holds bytes; cut with interleaved.elements_with_bytes")
        found.pop("image")
    if base:
        found["path"] = pa.array([_under(base, p) for p in found["path"].to_pylist()], "str")
    return found


def _under(base: str, path: str | None) -> str | None:
    if not path or path.startswith("/") or "://" in path:
        return path
    return f"{base.rstrip('/')}/{path}"
