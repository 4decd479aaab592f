"""What stands in a WARC record: a page with its address and date, or why there is none."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError
from tamis.io.charset import text_of
from tamis.io.warc_frames import Frame

HTML = ("text/html", "application/xhtml+xml")
PLAIN = ("text/plain",)
RECORDS = ("response", "resource", "conversion")
"""Types of records that hold something; the others tell about it, or about the crawl."""
UNWANTED = ("warc.content", "warc.status")
"""Codes of what could be read, but is not asked for."""
_FAULTS = OSError, EOFError, ValueError, MemoryError  # what fastwarc raises of damaged answers


class Wanted:
    """What is read into the column `html` or `text`: content of these types, up to `longest` bytes.

    `statuses` are those of the server's answers, () for all.
    """

    def __init__(
        self, column: str, types: tuple[str, ...], statuses: tuple[int, ...], longest: int
    ) -> None:
        self.column, self.types, self.statuses = column, types, statuses
        self.longest = longest

    def __dask_tokenize__(self) -> str:
        return repr((self.column, self.types, self.statuses, self.longest))


def holds_content(frame: Frame) -> bool:
    """Whether a record is to be a row: one with content, or one of which that is not known."""
    kind = frame.head.get("warc-type", "").lower()
    return kind in RECORDS if kind and frame.bad is None else kind in (*RECORDS, "")


def told(head: Mapping[str, str]) -> dict[str, Any]:
    """What the header of a record says of it."""
    return {
        "url": head.get("warc-target-uri", "").strip("<>") or None,
        "date": head.get("warc-date"),
        "record_id": head.get("warc-record-id", "").strip("<>") or None,
        "languages": head.get("warc-identified-content-language"),
    }


def page(frame: Frame, wanted: Wanted) -> tuple[dict[str, Any], BadRecord | None]:
    """The columns of a record, and why it has no content where it has none."""
    row = told(frame.head)
    if frame.bad is not None:
        return row, frame.bad
    try:
        row[wanted.column] = _content(frame, wanted, row)
    except BadRecord as bad:
        return row, bad
    return row, None


def _content(frame: Frame, wanted: Wanted, row: dict[str, Any]) -> str:
    kind = frame.head.get("warc-type", "").lower()
    if (kind == "conversion") != (wanted.column == "text"):
        raise BadRecord("warc.content", f"a {kind} record, where {wanted.column} is read")
    if kind == "response" and "http" in frame.head.get("content-type", "http").lower():
        raw, charset = _answer(frame, wanted, row)
    else:
        row["content_type"] = _type(frame.head.get("content-type"))
        _check_type(frame, wanted, row)
        try:
            raw, charset = _body(_record(frame, http=False), frame, wanted.longest), None
        except _FAULTS as error:
            raise BadRecord("warc.header", _said(error)) from None
    text, row["encoding"] = text_of(raw, charset)
    return text


def _answer(frame: Frame, wanted: Wanted, row: dict[str, Any]) -> tuple[bytes, str | None]:
    """The body of a server's answer, and the encoding that the server named."""
    try:
        record = _record(frame, http=True)
    except _FAULTS as error:
        raise BadRecord("warc.http", _said(error)) from None
    if record.http_headers is None or record.http_headers.status_code is None:
        raise BadRecord("warc.http", "there is no answer of a server")
    row["status"] = record.http_headers.status_code
    row["content_type"] = _type(record.http_content_type)
    if wanted.statuses and row["status"] not in wanted.statuses:
        raise BadRecord("warc.status", f"the server answered {row['status']}")
    _check_type(frame, wanted, row)
    charset = record.http_charset
    try:
        return _body(record, frame, wanted.longest), charset
    except _FAULTS as error:
        # crawlers keep the headers of what they have unpacked: then the body stands there plainly
        try:
            raw = _body(_record(frame, http=True, decode="none"), frame, wanted.longest)
        except _FAULTS:
            raw = b""
        if raw.lstrip()[:1] != b"<":
            raise BadRecord("warc.http", _said(error)) from None
        return raw, charset


def _check_type(frame: Frame, wanted: Wanted, row: dict[str, Any]) -> None:
    """Refuse what neither the server nor the crawler takes for content that is wanted."""
    types = {row["content_type"], _type(frame.head.get("warc-identified-payload-type"))} - {None}
    if types and not types & set(wanted.types):
        raise BadRecord("warc.content", f"it is {' or '.join(sorted(map(str, types)))}")


def _record(frame: Frame, http: bool, decode: str = "all") -> Any:
    archive = _fastwarc().ArchiveIterator(
        io.BytesIO(frame.data), parse_http=http, auto_decode=decode, fsspec_args=False
    )
    for record in archive:
        return record
    raise BadRecord("warc.header", "no record can be made of it")


def _body(record: Any, frame: Frame, longest: int) -> bytes:
    """What a record holds, unpacked; a read makes room for as much as it is asked for."""
    pieces: list[bytes] = []
    size, step = 0, len(frame.data) + 1
    while size <= longest and (more := record.reader.read(min(step, longest + 1 - size))):
        pieces.append(more)
        size += len(more)
    if size > longest:
        detail = f"its content has more than {longest} bytes; set max_size to read it"
        raise BadRecord("warc.too_long", detail)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _type(given: str | None) -> str | None:
    """A content type without its parameters."""
    return (given or "").partition(";")[0].strip().lower() or None


def _said(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _fastwarc() -> Any:
    try:
        from fastwarc import warc
    except ImportError as error:
        raise MissingPackageError(
            "reading web archives needs fastwarc: pip install 'tamis[html]'"
        ) from error
    return warc
