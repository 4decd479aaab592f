"""The gallery's server: pages and pictures of one catalogue, for the browser of this machine only.

It listens on 127.0.0.1. Every address begins with a random token, so that no other page and no
other user can guess one; a request that names another host is refused, so that no foreign name can
be pointed here (DNS rebinding). Rows are asked for by number; no path ever comes from a request.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tamis.errors import SettingError
from tamis.gallery.asked import Asked
from tamis.gallery.catalogue import Catalogue
from tamis.gallery.pages import Pages

_log = logging.getLogger(__name__)

_POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self' data:; "
    "style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ROW = re.compile(r"(record|picture|large|play)/(\d{1,15})\Z", re.ASCII)
_PART = re.compile(r"bytes=(\d{1,12})-(\d{0,12})\Z", re.ASCII)
_IDLE = 30  # seconds that a connection may say nothing
_AT_ONCE = 4  # requests worked on at the same time


class Gallery:
    """A finished run, or a folder of Parquet files, as a page: `with Gallery("out") as gallery`.

    `url` is its address; `port` 0 takes a free one. Within `with` it serves from a thread,
    `serve()` serves until it is interrupted. Raises `DataError` for a folder that holds neither,
    `SettingError` for a port that cannot be had. Of a run whose recipe redacts it shows no text
    that was dropped before, and nothing that its finders find, unless `uncovered`.
    """

    def __init__(
        self, out: str | os.PathLike[str], port: int = 0,
        storage_options: Mapping[str, Any] | None = None, uncovered: bool = False,
    ) -> None:  # fmt: skip
        self.catalogue = Catalogue(out, storage_options)
        self._token = secrets.token_urlsafe(24)
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise SettingError(f"port {port} cannot be listened on: {error}") from error
        self._server.pages = Pages(self.catalogue, f"/{self._token}/", uncovered)
        self._server.token = self._token
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://127.0.0.1:{self.port}/{self._token}/"

    def serve(self) -> None:
        """Serve until `KeyboardInterrupt`."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def __enter__(self) -> Gallery:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.daemon = True
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pages: Pages
    token: str

    def __init__(self, *given: Any) -> None:
        self.working = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(*given)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tamis", ""
    timeout = _IDLE

    def do_GET(self) -> None:
        """Answer, or say what is wrong in a word."""
        port = self.server.server_address[1]
        if self.headers.get_all("Host") not in ([f"127.0.0.1:{port}"], [f"localhost:{port}"]):
            self._send(403, b"not this host\n")
            return
        parts = urlsplit(self.path)
        token, _, rest = parts.path.removeprefix("/").partition("/")
        same = secrets.compare_digest(token.encode(), self.server.token.encode())
        if not same or not parts.path.startswith("/") or parts.netloc:
            self._send(404, b"nothing here\n")
            return
        with self.server.working:
            try:
                answer = self._answer(rest, parts.query)
            except Exception as error:  # a file that has gone: told here, and the next page served
                _log.exception("a page of the gallery could not be made")
                answer = 500, f"{type(error).__name__}: {error}\n".encode(), "text/plain"
        self._send(*answer)

    do_HEAD = do_GET

    def _answer(self, place: str, query: str) -> tuple[int, bytes, str]:
        """Status, body and type."""
        pages = self.server.pages
        found = _ROW.match(place)
        if place == "":
            page = pages.listing(Asked.of(query))
        elif found is None or int(found[2]) >= len(pages.catalogue):
            return 404, b"nothing here\n", "text/plain"
        elif found[1] == "record":
            page = pages.record(int(found[2]), Asked.of(query))
        elif found[1] == "play":
            body, kind = pages.snippet(int(found[2]))
            return (200, body, kind) if body else (404, b"nothing to play\n", "text/plain")
        else:
            return 200, *pages.picture(int(found[2]), large=found[1] == "large")
        return 200, page.encode("utf-8", "replace"), "text/html"

    def _send(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        binary = kind.startswith(("image/", "audio/", "video/")) and kind != "image/svg+xml"
        part = self._part(body) if binary and status == 200 else None
        self.send_response(206 if part else status)
        self.send_header("Content-Type", kind if binary else f"{kind}; charset=utf-8")
        if part:
            first, last = part
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
            body = body[first : last + 1]
        self.send_header("Content-Length", str(len(body)))
        keep = "private, max-age=3600" if binary or kind.startswith("image/") else "no-store"
        self.send_header("Cache-Control", keep)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _part(self, body: bytes) -> tuple[int, int] | None:
        """The first and last byte that were asked for: some players take sound by parts only."""
        found = _PART.match(self.headers.get("Range", ""))
        if not found:
            return None
        first = int(found[1])
        last = min(int(found[2] or len(body)), len(body) - 1)
        return (first, last) if first <= last else None

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses hold the token."""
