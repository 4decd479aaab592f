"""What one task reads of JSON Lines files: chunks of lines as rows with ids and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io.arrow_rows import with_reasons
from tamis.io.compression import HEAD, Stream, codec, looks_like
from tamis.io.files import File, open_file
from tamis.io.frames import Types, Work, frame, numbered
from tamis.io.growing import Growing
from tamis.io.json_chunk import Rows, read_chunk
from tamis.io.json_line import Layout
from tamis.io.lines import CHUNK, BadLine, Chunk, lines
from tamis.io.schema import TEXT

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_COUNTED = 16 << 30  # bytes of a plain file that are read again to number a bad line
_BUFFER = 1 << 20
EXPANSION = 4  # text bytes per compressed byte, for planning

Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class Piece:
    """The lines of a file that begin in a range of its (decompressed) bytes; to the end if None."""

    file: File
    start: int
    stop: int | None


def read_work(
    work: Work,
    *,
    types: Types,
    layout: Layout,
    raising: bool,
    max_ratio: float,
    storage_options: dict[str, Any],
    parse: Callable[..., Rows] | None = None,
) -> pd.DataFrame:
    """The partition of these pieces; `parse` makes rows of chunks in the place of `read_chunk`."""
    growing = Growing(types.columns)
    for piece in work.pieces:
        for columns in _Reading(piece, layout, growing, raising, max_ratio, storage_options, parse):
            growing.add(columns)
    return frame(growing.finish())


class _Reading:
    """The rows of one piece, chunk by chunk."""

    def __init__(
        self,
        piece: Piece,
        layout: Layout,
        growing: Growing,
        raising: bool,
        max_ratio: float,
        storage_options: dict[str, Any],
        parse: Callable[..., Rows] | None,
    ) -> None:
        self.piece, self.layout, self.raising, self.parse = piece, layout, raising, parse
        self.texts = {
            name: growing.text("id" if name == layout.id_key else name)
            for name, type in layout.types.items()
            if type == TEXT
        }
        self.file, self.codec = piece.file, codec(piece.file.name)
        self.max_ratio, self.storage_options = max_ratio, storage_options
        self.line = 0  # lines of the file before this piece; known of compressed files only
        self.counted = (0, 0)  # a byte of a plain file and the newlines before it

    def __iter__(self) -> Iterator[Columns]:
        try:
            stream = Stream(self._open, self.codec, self.max_ratio)
        except OSError as error:
            bad = BadLine("file.unreadable", str(error), self.piece.start, 0, b"", True)
            yield self._bad_line(bad)
            return
        try:
            if self._skip(stream):
                yield from self._rows(stream)
        finally:
            stream.close()

    def _open(self) -> BinaryIO:
        handle = open_file(self.file, self.storage_options)
        if self.codec is None and self.piece.start:
            handle.seek(self.piece.start - 1)
        return handle

    def _skip(self, stream: Stream) -> bool:
        """Pass over what stands before the piece in a compressed file, counting lines."""
        if self.codec is None or not self.piece.start:
            return True
        left = self.piece.start - 1
        try:
            while left:
                data = stream.read(min(left, _BUFFER))
                if not data:
                    return False
                self.line += data.count(b"\n")
                left -= len(data)
        except BadRecord:  # told by the piece in which it happens
            return False
        self.line += 1
        return True

    def _rows(self, stream: Stream) -> Iterator[Columns]:
        torn: tuple[int, int] | None = None
        for found in lines(
            stream,
            start=self.piece.start,
            stop=self.piece.stop,
            max_line=self.layout.max_line,
            counted=self.codec is not None,
            chunk=CHUNK if self.codec else min(CHUNK, self._bytes() + 1),
        ):
            if isinstance(found, BadLine):
                if torn is not None:  # the damage began in the line before
                    found = BadLine(found.code, found.detail, *torn, found.raw, True)
                yield self._bad_line(found)
                continue
            if found.offset == 0:
                head = found.data[: min(found.end, HEAD)].tobytes()
                foreign = _foreign(head)
                if foreign is not None:
                    yield self._bad_line(BadLine(*foreign, 0, 0, b"", True))
                    return
                if head.startswith(_BOM):
                    found = Chunk(found.data, 3, found.end, 0, found.line, found.torn)
            rows = (self.parse or read_chunk)(
                found, self.layout, self.texts, self._bytes() / found.end
            )
            if rows.bad and self.piece.start and _foreign(self._head()) is not None:
                return  # told by the first piece of the file
            last = len(rows.line) - 1
            torn = None
            if found.torn and last in rows.bad:
                torn = int(rows.start[last]) + found.offset, int(rows.line[last]) + found.line
            yield self._columns(rows, found, last if torn is not None else last + 1)

    def _bytes(self) -> int:
        """About how many bytes of lines the piece has."""
        if self.piece.stop is not None:
            return self.piece.stop - self.piece.start
        size = self.file.size * (EXPANSION if self.codec else 1)
        return max(size - self.piece.start, 0)

    def _columns(self, rows: Rows, chunk: Chunk, count: int) -> Columns:
        """The output columns of the first `count` rows."""
        numbers = (
            rows.line + (self.line + chunk.line + 1) if self.codec else rows.start + chunk.offset
        )
        derived = numbered(f"{self.file.name}:", numbers)
        found = dict(rows.columns)
        ids = found.pop(self.layout.id_key) if self.layout.id_key is not None else derived
        columns = {"id": pc.coalesce(ids, derived) if ids.null_count else ids, **found}
        if not self.raising:
            why: list[str | None] | None = None
            if rows.bad:
                why = [None] * len(derived)
                for row, (error, raw) in rows.bad.items():
                    place = self._place(
                        int(rows.start[row]) + chunk.offset, chunk.line + int(rows.line[row])
                    )
                    why[row] = reason(error.code, place, error.detail, raw)
            columns = with_reasons(columns, "read_jsonl", why, len(derived))
        elif rows.bad:
            row = min(rows.bad)
            error, raw = rows.bad[row]
            if row < count:
                place = self._place(
                    int(rows.start[row]) + chunk.offset, chunk.line + int(rows.line[row])
                )
                raise DataError(reason(error.code, place, error.detail, raw))
        if count < len(derived):
            columns = {name: array.slice(0, count) for name, array in columns.items()}
        return columns

    def _bad_line(self, bad: BadLine) -> Columns:
        """The one row of a line, or the rest of a file, that could not be had."""
        place = self._place(bad.offset, bad.line)
        why = reason(bad.code, place, bad.detail, bad.raw)
        if self.raising:
            raise DataError(why)
        number = self.line + bad.line + 1 if self.codec else bad.offset
        columns: Columns = {"id": pa.array([f"{self.file.name}:{number}"], TEXT)}
        for name, type in self.layout.types.items():
            if name != self.layout.id_key:
                columns[name] = pa.nulls(1, type)
        return with_reasons(columns, "read_jsonl", [why], 1)

    def _place(self, offset: int, line: int) -> str:
        """The file and the line, from 1, that begins at a byte; or the byte."""
        if self.codec is None:
            if not self.file.local or offset > _COUNTED:
                return f"{self.file.name}, byte {offset}"
            line = self._newlines_before(offset)
        else:
            line += self.line
        return f"{self.file.name}, line {line + 1}"

    def _newlines_before(self, offset: int) -> int:
        at, count = self.counted
        try:
            with open(self.file.url, "rb") as handle:
                handle.seek(at)
                while at < offset:
                    data = handle.read(min(_BUFFER, offset - at))
                    if not data:
                        break
                    count += data.count(b"\n")
                    at += len(data)
        except OSError:
            return count
        self.counted = at, count
        return count

    def _head(self) -> bytes:
        """The first bytes of the (decompressed) file."""
        try:
            stream = Stream(lambda: open_file(self.file, self.storage_options), self.codec, 1e9)
            try:
                return stream.read(HEAD)
            finally:
                stream.close()
        except (OSError, BadRecord):
            return b""


def _foreign(head: bytes) -> tuple[str, str] | None:
    """What a file is that is no text in UTF-8, from its first bytes: a code and what to do."""
    if head.startswith(_WIDE_BOMS):
        return "text.utf16", "the file is UTF-16 or UTF-32; convert it, as with iconv -t utf-8"
    kind = looks_like(head)
    if kind is not None:
        return "file.corrupt", f"the file looks like {kind}, not text; its name must end so"
    return None
