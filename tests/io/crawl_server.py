"""A web server for tests: files with byte ranges, and ways to behave badly."""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(files, short=(), silent=(), short_once=()):
    """The address of a server with these files (path to bytes).

    Of those in `short` it breaks off half-way, of those in `short_once` the first time; of those in
    `silent` it does not say how large they are.
    """
    broken = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self, body=True):
            data = files.get(self.path.lstrip("/"))
            if data is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            name, status, start = self.path.lstrip("/"), 200, 0
            total = len(data)
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if asked and name not in silent:
                start, status = int(asked[1]), 206
                data = data[start : int(asked[2]) + 1 if asked[2] else None]
            self.send_response(status)
            if name in silent:
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Accept-Ranges", "bytes")
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{start + len(data) - 1}/{total}")
            self.end_headers()
            if body:
                short_now = name in short or (name in short_once and name not in broken)
                broken.add(name)
                self.wfile.write(data[: len(data) // 2] if short_now else data)
                if short_now:
                    self.close_connection = True

        def do_HEAD(self):
            self.do_GET(body=False)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
