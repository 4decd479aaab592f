"""Small web archives for the tests, packed by warcio."""

import gzip
import io
import random

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

WORDS = ["the", "drum", "sieve", "lets", "fine", "grains", "through", "and", "keeps", "what", "is"]


def page_of(number, words=300, seed=0):
    """A page whose text the number and the seed decide."""
    choice = random.Random(f"{seed} {number}")
    said = " ".join(choice.choice(WORDS) + str(choice.randrange(999)) for _ in range(words))
    return f"<html><head><title>{number}</title></head><body><p>{said}</p></body></html>".encode()


def packed(records, gz=True):
    """The bytes of an archive of (type, URL, body, HTTP headers or None, WARC headers)."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gz)
    for kind, url, body, http, more in records:
        answer = None
        if http is not None:
            status, *fields = http
            answer = StatusAndHeaders(status, fields, protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                url,
                kind,
                payload=io.BytesIO(body),
                http_headers=answer,
                warc_headers_dict=dict(more),
            )
        )
    return out.getvalue()


def response(number, body=None, status="200 OK", type="text/html; charset=utf-8", **more):
    """A server's answer, as `packed` takes it."""
    fields = [("Content-Type", type)] if type else []
    fields += [(name.replace("_", "-"), value) for name, value in more.items()]
    body = page_of(number) if body is None else body
    return ("response", f"http://example.org/{number}", body, [status, *fields], {})


def archive(count=12, gz=True, words=300, seed=0):
    """An archive of so many pages."""
    return packed(
        [response(n, page_of(n, words, seed)) for n in range(count)],
        gz=gz,
    )


def as_one(plain):
    """All of it packed as one piece, as `gzip` does."""
    return gzip.compress(plain, mtime=0)
