"""The text of a PDF file, page by page, as PDFium reads it."""

from __future__ import annotations

import re
from typing import Any

from tamis.codes import BadRecord

_JOINED = re.compile(r"(?:\ufffe|\x02)\n?")  # PDFium's sign for a hyphen at the end of a line
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENCRYPTED = ("password", "security")
_TITLE = 1000


def pages(data: bytes | memoryview, *, max_pages: int) -> dict[str, Any]:
    """`pages`: the text of each page, or None for one that cannot be read; and the `title`.

    Words that a hyphen parts at the end of a line are put together. Raises `BadRecord`:
    pdf.encrypted, pdf.too_long, pdf.no_text, decode.….
    """
    import pypdfium2

    raw = bytes(data)
    if b"%PDF-" not in raw[:1024]:
        raise BadRecord("decode.format", "the file is no PDF")
    try:
        document = pypdfium2.PdfDocument(raw)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        said = " ".join(str(error).split())[:200]
        if any(word in said.lower() for word in _ENCRYPTED):
            raise BadRecord("pdf.encrypted", "it opens with a password only") from None
        code = "decode.corrupt" if b"%%EOF" in raw[-2048:] else "decode.truncated"
        raise BadRecord(code, said) from None
    if count > max_pages:
        raise BadRecord("pdf.too_long", f"it has {count} pages; see max_pages")
    if not count:
        raise BadRecord("pdf.no_text", "it has no pages")
    texts = [_page(document, number) for number in range(count)]
    if all(text is None for text in texts):
        raise BadRecord("decode.corrupt", "none of its pages can be read")
    if not any(text and text.strip() for text in texts):
        raise BadRecord("pdf.no_text", f"there is no text on its {count} pages")
    return {"pages": texts, "title": _title(document)}


def _page(document: Any, number: int) -> str | None:
    import pypdfium2

    try:
        page = document[number]
        try:
            shown = page.get_textpage()
            try:
                text = shown.get_text_range()
            finally:
                shown.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return None
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _JOINED.sub("", text)).strip()


def _title(document: Any) -> str | None:
    import pypdfium2

    try:
        found = str(document.get_metadata_value("Title"))
    except (pypdfium2.PdfiumError, UnicodeError):
        return None
    found = found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(_CONTROL.sub("", found).split())[:_TITLE] or None
