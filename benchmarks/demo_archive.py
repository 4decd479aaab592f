"""Rebuild the small web archive, src/tamis/datasets/archive, from two of Debian's packages.

    python benchmarks/demo_archive.py

Pages of Python's and Debian's documentation as they stand in the packages, byte by byte, packed as
a crawler would have: with requests, answers, a picture, and pages under a second address. The dates
and record ids are made of the addresses, so the file comes out the same each time. Needs warcio.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import packages
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

OUT = Path(__file__).parent.parent / "src" / "tamis" / "datasets" / "archive" / "pages.warc.gz"
PYTHON = ("python3.11-doc", "3.11.2-6+deb12u9", "python3.11/html")
GUIDE = ("installation-guide-amd64", "20230508+deb12u1", "installation-guide-amd64")
TUTORIAL = ("appetite", "interactive", "interpreter", "venv", "whatnow", "floatingpoint", "modules")
QUESTIONS = ("general", "installed", "gui", "index")
CHAPTERS = ("ch01s01", "ch01s02", "ch01s03", "ch03s03")
LANGUAGES = ("en", "de", "fr", "es", "ja", "ko", "ru", "zh_CN", "el")

Page = tuple[str, Path, str]


def pages() -> Iterator[Page]:
    """Address, file and content type of all that the archive holds."""
    folder = unpacked(*PYTHON)
    for part, names in (("tutorial", TUTORIAL), ("faq", QUESTIONS)):
        for name in names:
            file = folder / part / f"{name}.html"
            yield f"https://docs.python.org/3.11/{part}/{name}.html", file, "text/html"
    folder = unpacked(*GUIDE)
    home = "https://d-i.debian.org/manual"
    for language in LANGUAGES:
        for name in CHAPTERS:
            file = folder / language / f"{name}.html"
            yield f"{home}/{language}.amd64/{name}.html", file, "text/html"
    for name in CHAPTERS[:2]:  # the same page under a second address
        yield (
            f"http://www.debian.org/releases/12/amd64/{name}",
            folder / f"en/{name}.html",
            "text/html",
        )
    yield f"{home}/en.amd64/images/next.png", folder / "en/images/next.png", "image/png"


def unpacked(package: str, version: str, folder: str) -> Path:
    """Where the documentation of a package lies."""
    return Path(packages.debian(package, version)) / "usr" / "share" / "doc" / folder


def main() -> None:
    """Write the archive."""
    made = io.BytesIO()
    writer = WARCWriter(made, gzip=True)

    def put(kind: str, url: str, body: bytes, http: StatusAndHeaders | None) -> None:
        seed = f"{kind} {url}"
        number = int(hashlib.sha256(url.encode()).hexdigest()[:6], 16)
        about = {
            "WARC-Date": f"2024-02-{21 + number % 8:02}T{number % 24:02}:{number % 60:02}:07Z",
            "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}>",
        }
        writer.write_record(
            writer.create_warc_record(
                url, kind, payload=io.BytesIO(body), http_headers=http, warc_headers_dict=about
            )
        )

    put("warcinfo", "urn:pages.warc.gz", b"format: WARC File Format 1.0\r\n", None)
    for url, file, kind in pages():
        host, _, path = url.partition("://")[2].partition("/")
        asked = StatusAndHeaders(f"GET /{path} HTTP/1.1", [("Host", host)], is_http_request=True)
        put("request", url, b"", asked)
        body = file.read_bytes()
        fields = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        put("response", url, body, StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1"))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(made.getvalue())
    print(f"{OUT.name}: {len(made.getvalue())} bytes")


if __name__ == "__main__":
    main()
