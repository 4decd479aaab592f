"""Why a record could not be read: a closed list of codes, and the sentence that carries one."""

from __future__ import annotations

CODES = {
    "json.syntax": "the line is not JSON",
    "json.not_object": "the line is JSON, but not an object",
    "json.depth": "values are nested too deep",
    "json.number": "a number is not JSON (NaN, Infinity) or does not fit its column",
    "json.too_long": "the line is longer than `max_line`",
    "text.utf8": "the bytes are not UTF-8",
    "text.surrogate": "an escape names half of a character (a lone surrogate)",
    "text.utf16": "the file is UTF-16 or UTF-32",
    "text.too_long": "the text is longer than `max_size`",
    "text.twice": "a list has two texts for one medium",
    "schema.type": "a value is of another type than its column",
    "schema.column": "the row has a column that the schema has not",
    "csv.columns": "the row has more or fewer fields than the header",
    "csv.quote": "a quoted field does not end",
    "file.unreadable": "the file cannot be opened or read",
    "file.truncated": "the file ends early",
    "file.corrupt": "the file is damaged, or is not what its name says",
    "file.bomb": "the file expands beyond `max_ratio`",
    "media.null": "the row points to no file and holds no bytes",
    "media.outside": "the list names a file outside of its folder",
    "media.unlisted": "the list of the folder does not name the file",
    "media.missing": "the file that the row points to is not there",
    "media.stale": "the archive that the row points into was written anew since",
    "media.unreadable": "the bytes that the row points to cannot be read",
    "media.empty": "there are no bytes",
    "media.too_long": "there are more bytes than `max_bytes` or `max_size`",
    "media.source": "the list points to something that is no file (a command, a mix of recordings)",
    "decode.format": "the bytes are of no format that is read here",
    "decode.truncated": "the data ends early",
    "decode.corrupt": "the data is damaged",
    "decode.bomb": "the header announces more than the limit",
    "cut.times": "the times by which a recording is cut make no sense",
    "audio.empty": "the recording has no samples",
    "audio.none": "there is no sound in the file",
    "audio.span": "`start` and `end` name no part of the recording",
    "audio.edit": "an edit of the recording cannot be carried out",
    "audio.channel": "the recording does not have that channel",
    "audio.too_long": "the recording is longer than `max_seconds`",
    "video.empty": "the video has no frames",
    "video.none": "there are no pictures in the file, only sound or other data",
    "video.span": "`start` and `end` name no part of the video",
    "encode.format": "the samples cannot be stored in that format",
    "sandbox.crash": "the decoder died",
    "sandbox.timeout": "the decoder took longer than `timeout`",
    "sandbox.memory": "the decoder took more memory than it may",
    "tar.header": "a member's header is damaged",
    "tar.truncated": "the archive ends early",
    "tar.member": "the sample lacks a member that it needs",
    "tar.duplicate": "the sample has a member twice, or its key stands in two places",
    "tar.name": "a member's name leaves the archive or has no extension",
    "tar.link": "a member is a link or a device",
    "tar.sparse": "a member is stored with holes",
    "warc.header": "the header of a record is damaged",
    "warc.length": "a record does not end where its header says",
    "warc.http": "the answer of the server in a record cannot be read",
    "warc.too_long": "a record is longer than `max_size`",
    "warc.content": "the record holds another kind of content than is read",
    "warc.status": "the server answered with a status that is not read",
    "html.too_long": "the page is longer than `max_size`",
    "html.failed": "the extractor failed on the page",
    "xml.syntax": "the element is not well-formed XML",
    "xml.too_long": "the page is longer than `max_page`",
    "wiki.no_text": "the page has no wikitext: it is hidden, empty or something else",
    "tex.none": "there is no TeX in what was submitted: a PDF, pictures, a withdrawal",
    "tex.syntax": "the TeX cannot be followed",
    "pdf.encrypted": "the PDF is encrypted",
    "pdf.no_text": "the PDF shows pictures only, or nothing",
    "pdf.too_long": "the PDF has more pages than `max_pages`",
    "source.item": "a function that lists the records of a source failed",
    "source.record": "a function that reads a record of a source failed",
    "document.shape": "the texts and images of a document do not fit together",
    "fetch.url": "the address is not one that may be fetched",
    "fetch.private": "the address leads into a private network",
    "fetch.redirects": "the server sends from one address to another without end",
    "fetch.too_long": "the answer is longer than `max_bytes`",
    "fetch.status": "the server answered with an error",
    "fetch.failed": "the server could not be reached, or broke off",
    "fetch.timeout": "the server took longer than `timeout`",
    "fetch.opted_out": "the server asks that the file not be used for training",
    "prompt.answer": "what the endpoint answered is not what its protocol says",
    "prompt.empty": "the model answered with nothing",
    "prompt.failed": "the endpoint could not be reached, broke off, or failed",
    "prompt.rate": "the endpoint was asked too often for too long",
    "prompt.refused": "the model, or a filter before it, refused",
    "prompt.request": "the endpoint does not take this request",
    "prompt.schema": "the answer does not fit the schema",
    "prompt.timeout": "the endpoint took longer than `timeout`",
    "prompt.too_long": "the request is longer than the model takes",
    "prompt.truncated": "the answer was cut off after `max_tokens`",
    "fetch.hash": "the bytes have another hash than the list says",
}

RELATED = {  # why a record goes because of others: nothing is wrong with it
    "parent.dropped": "the record that it came from was dropped, or nothing of that was kept",
    "parent.unknown": "the run has no record of the name of its parent",
    "parent.none": "it names no parent",
    "parent.kept": "the record that it came from was kept",
    "record.dropped": "the record of the same id was dropped",
    "record.unknown": "the run has no record of its id",
    "record.kept": "the record of the same id was kept",
    "children.none": "no record that came from it was kept, or there are none",
    "children.left": "so many of the records that came from it were kept",
    "overlap.dropped": "so much of its time is that of records that were dropped",
    "overlap.free": "none of its time is that of records that were dropped",
    "overlap.none": "it has no parent, or no length",
}

EXCERPT = 200  # characters of a bad record that its reason quotes


class BadRecord(Exception):
    """A record that cannot be read. `code` is one of `CODES`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        assert code in CODES, code
        self.code, self.detail = code, detail


def reason(code: str, place: str, detail: str, raw: bytes | None = None) -> str:
    """What stands in `dropped_why`: the code, the file and line, what is wrong, how it begins.

    >>> reason("json.syntax", "a.jsonl, line 3", "no closing brace", b'{"id": 1')
    'json.syntax: a.jsonl, line 3: no closing brace; it begins {"id": 1'
    """
    sentence = f"{code}: {place}: {detail}".encode("utf-8", "backslashreplace").decode("utf-8")
    if raw:
        start = raw[: 4 * EXCERPT].decode("utf-8", "replace")[:EXCERPT]
        sentence += "; it begins " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in start)
    return sentence
