"""Videos read here or in a process of their own, of which results come back part by part.

The other process opens the file itself and keeps it open from one part to the next, so neither
side holds a video whole. One that died is replaced, and begins again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media import places, sandbox
from tamis.media.pointers import Media
from tamis.media.reader import Reader
from tamis.media.served import waited
from tamis.video import readers
from tamis.video.formats import Header
from tamis.video.frames import blocks
from tamis.video.header import coding
from tamis.video.header import header as header_of
from tamis.video.packets import packets
from tamis.video.passes import looked

_PRELOAD = ("av", "cv2")
MODULES = {"decord": ("decord",), "torchcodec": ("torchcodec.decoders",)}
_TIMEOUT = 120.0  # seconds for a part, of which the first may have to decode what is before it


def _frames(file: Reader, header: Header, *, reader: str = "pyav", **asked: Any) -> Iterator[Any]:
    if reader == "pyav":
        return blocks(file, header, **asked)
    return readers.blocks(file, header, reader, **asked)


WORK: dict[str, Callable[..., Iterator[Any]]] = {
    "frames": _frames,
    "packets": packets,
    "coding": coding,
    "looks": looked,
}
"""What can be asked: `work(file, header, **settings)` gives parts."""

_open: dict[str, Any] = {}


def header(media: Media, row: int, away: bool) -> Header:
    """The header of a row."""
    if not away:
        return header_of(media.open(row))
    with places.at_hand(media, row) as place:
        (found,) = _asked(iter([(b"", {"place": place, "header": None})]), place)
    return _good(found)


Ask = Callable[..., Iterator[Any]]


@contextlib.contextmanager
def at_hand(media: Media, row: int, header: Header, away: bool) -> Iterator[Ask]:
    """`ask(work, **settings)`: what a piece of work gives for a row, part by part.

    Several threads may ask at once. Of large remote media ranges are fetched as the work takes
    them; what else is not in a local file is copied into one for all who ask. `BadRecord` where the
    work fails.
    """
    if not away:
        yield lambda work, **settings: WORK[work](media.open(row), header, **settings)
        return
    with places.at_hand(media, row) as place:
        shared = {"place": place, "header": header._asdict()}
        yield lambda work, **settings: _from_there({**shared, "work": work, "settings": settings})


def _from_there(shared: dict[str, Any]) -> Iterator[Any]:
    ended = False

    def wanted() -> Iterator[tuple[bytes, dict[str, Any]]]:
        number = 0
        while not ended:  # those asked for beyond the end are answered with None
            yield b"", {**shared, "number": number}
            number += 1

    more = MODULES.get(shared["settings"].get("reader", ""), ())
    found = _asked(wanted(), shared["place"], more)
    try:
        for part in found:
            ended = ended or part is None
            if not ended:
                yield _good(part)
    finally:
        found.close()


def read_part(
    data: bytes, *, place: dict[str, Any], header: dict[str, Any] | None, work: str = "",
    settings: dict[str, Any] | None = None, number: int = 0,
) -> Any:  # fmt: skip
    """In the other process: the part of this number, None where there are no more.

    Without a header that is what is asked for.
    """
    if header is None or settings is None:
        return header_of(_kept(place))
    key = repr((place, work, settings))
    if _open.get("key") != key or _open.get("number") != number:
        _open.pop("parts", None)  # what was asked for before is over
        found = WORK[work](_kept(place), Header(**_tuples(header)), **_tuples(settings))
        for _ in range(number):  # a process that died had read them
            next(found, None)
        _open.update(key=key, parts=found)
    _open["number"] = number + 1
    return next(_open["parts"], None)


def warm_up() -> None:
    """Compile what decoding needs, before the sandbox forks processes that decode."""
    from tamis.video import warming

    warming.compile_all()


def _kept(place: dict[str, Any]) -> Reader:
    """The file that was asked for last, with the containers that were opened of it, or this one."""
    now = places.current(place)
    if _open.get("place") != now:
        _closed()
        file = places.found(place)
        file.kept = {}
        _open.update(place=now, file=file)
    found: Reader = _open["file"]
    return found


def _closed() -> None:
    _open.pop("parts", None)
    file = _open.pop("file", None)
    for stack, *_ in list((file.kept or {}).values()) if file is not None else ():
        stack.close()
    _open.clear()


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _asked(items: Iterator[Any], place: dict[str, Any], more: tuple[str, ...] = ()) -> Any:
    return sandbox.isolated(
        "tamis.video.apart:read_part", items, timeout=_TIMEOUT, preload=(*_PRELOAD, *more),
        excused=lambda: waited(place.get("word")),
    )  # fmt: skip


def _good(found: Any) -> Any:
    if isinstance(found, BadRecord):
        raise found
    return found
