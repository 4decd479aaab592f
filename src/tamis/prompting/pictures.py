"""Pictures that go with a prompt: as the message parts of a vision model, data URLs and all.

`images=` of a `Prompt` names a column of media (paths, URLs, bytes), or a view that gives the bytes
of encoded pictures for each row: `frame_jpegs` those of frames of clips, `picture_jpegs` pictures
made smaller; a view of one's own may give others."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tamis import registry
from tamis.codes import BadRecord
from tamis.extras import needed
from tamis.viewing import VIEWS, View, Views, chain, leaves

_STARTS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif"}


class Pictures:
    """The encoded pictures of the rows of a partition, read when a row is asked about.

    A view gives for a row bytes, a sequence of bytes, or None; why there is nothing stands in its
    `problems` (`tamis.media.Decoded`).
    """

    def __init__(self, views: Views, images: str, settings: dict[str, Any]) -> None:
        own = is_view(images)
        self._on = {} if own else {"path": images}
        self._view, self._settings = (images, settings) if own else ("media", {})
        self._views = views
        self._rows = views.get(self._view, self._on, self._settings)

    def parts(self, row: int, detail: str | None) -> list[dict[str, Any]]:
        """The parts of a message for a row; `BadRecord` where there is no picture."""
        found = self._rows[row]
        if found is None:
            problems = self._views.problems(self._view, self._on, self._settings)
            code, _, why = problems.get(row, "media.null: there is no picture").partition(": ")
            raise BadRecord(code, why)
        several: Sequence[Any] = [found] if isinstance(found, bytes | memoryview) else found
        if not len(several):
            raise BadRecord("media.empty", "there are no pictures")
        more = {} if detail is None else {"detail": detail}
        return [
            {"type": "image_url", "image_url": {"url": data_url(bytes(one))} | more}
            for one in several
        ]


def is_view(images: str) -> bool:
    """Whether it names a view, not a column."""
    if images not in VIEWS:
        registry.load_all()
    return images in VIEWS


def columns(images: str) -> tuple[str, ...]:
    """The columns that pictures need."""
    return leaves(images) if is_view(images) else (images,)


def behind(images: str) -> list[View]:
    """The views of media that a view of pictures is made of, itself included."""
    found = [VIEWS[name] for name in sorted(chain(images))]
    return [one for one in found if one.rows is not None]


def packages(images: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """The optional modules that a view of pictures imports, each with its extra."""
    views = behind(images) if is_view(images) else []
    return {
        k: v for one in views for k, v in needed(one.needs, {**one.settings, **settings}).items()
    }


def data_url(data: bytes) -> str:
    """Bytes of a JPEG, PNG, GIF or WebP file as a data URL; `BadRecord` for others.

    >>> data_url(b"GIF89a")
    'data:image/gif;base64,R0lGODlh'
    """
    kind = next((name for start, name in _STARTS.items() if data.startswith(start)), None)
    if kind is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "webp"
    if kind is None:
        raise BadRecord("decode.format", "endpoints take JPEG, PNG, GIF and WebP")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
