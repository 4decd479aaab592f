"""The text of a piece of a dump, whatever it is packed with, and what could not be unpacked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tamis.codes import BadRecord
from tamis.io.byte_ranges import Ranges
from tamis.io.bz2_blocks import Damage, Text, blocks
from tamis.io.compression import Stream, codec
from tamis.io.files import File, open_file
from tamis.io.wiki_site import Site

_CHUNK = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Piece:
    """Part of a dump: of a bzip2 file the blocks that begin in these bytes, of others the text.

    `only` are the numbers of the pages that are wanted; None: all.
    """

    file: File
    start: int
    stop: int | None
    site: Site
    only: tuple[str, ...] | None = None


def texts(piece: Piece, max_ratio: float, options: Mapping[str, Any]) -> Iterator[Text | Damage]:
    """The text of a piece, and then of what follows it."""
    found = _texts(piece, max_ratio, options)
    first = next(found, None)
    if isinstance(first, Text) and not piece.start and first.data[:2] in _UTF16:
        yield Damage(BadRecord("text.utf16", "the dump is UTF-16, dumps are UTF-8"), 0, True)
        return
    if first is not None:
        yield first
        yield from found


def _texts(piece: Piece, max_ratio: float, options: Mapping[str, Any]) -> Iterator[Text | Damage]:
    if codec(piece.file.name) == "bz2":
        try:
            source = Ranges(piece.file, options)
        except BadRecord as bad:
            yield Damage(bad, 0, True)
            return
        if source.size or not piece.file.local:  # without a byte there is nothing to unpack
            yield from blocks(source, piece.start, piece.stop)
    else:
        yield from _streamed(piece, max_ratio, options)


def _streamed(
    piece: Piece, max_ratio: float, options: Mapping[str, Any]
) -> Iterator[Text | Damage]:
    packed = codec(piece.file.name)
    at = 0
    try:
        if packed is None and piece.start:
            stream = Stream(lambda: _from(piece, options), None, max_ratio)
            at = piece.start
        else:
            stream = Stream(lambda: open_file(piece.file, options), packed, max_ratio)
    except OSError as error:
        yield Damage(BadRecord("file.unreadable", str(error)), 0, True)
        return
    try:
        while True:
            # A read stops at either bound, so that a text is wholly inside or outside of the piece.
            bound = piece.start if at < piece.start else piece.stop
            room = _CHUNK if bound is None or at >= bound else min(_CHUNK, bound - at)
            try:
                data = stream.read(room)
            except BadRecord as bad:
                mine = at >= piece.start and (piece.stop is None or at < piece.stop)
                yield Damage(bad, at, mine)
                return
            if not data:
                return
            if at >= piece.start:
                yield Text(data, at, piece.stop is None or at < piece.stop, straight=True)
            at += len(data)
    finally:
        stream.close()


def _from(piece: Piece, options: Mapping[str, Any]) -> Any:
    file = open_file(piece.file, options)
    file.seek(piece.start)
    return file
