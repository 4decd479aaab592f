"""A server of large files with every fault that breaks downloads, on a thread."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 3_000_000


def content(name):
    """The bytes of a file: its name tells it from all others."""
    block = hashlib.sha512(name.encode()).digest()
    return (block * (SIZE // len(block) + 1))[:SIZE]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server, path = self.server, self.path.partition("?")[0]
        with server.lock:
            count = server.counts[path] = server.counts.get(path, 0) + 1
            server.asked.append((path, self.headers.get("Range"), self.headers.get("If-Range")))
            server.now += 1
            server.most = max(server.most, server.now)
        try:
            self._answer(path[1:].partition("/")[0], path, count)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.lock:
                server.now -= 1

    def _answer(self, kind, path, count):
        data, tag = content(path), '"1"'
        if kind == "good":
            self._send(data, tag)
        elif kind == "cuts":  # every answer ends after a third
            self._send(data, tag, stop=1_200_000)
        elif kind == "crumbs":  # nothing gained that counts
            self._send(data, tag, stop=1000)
        elif kind == "once":  # breaks off once
            self._send(data, tag, stop=1_000_000 if count == 1 else None)
        elif kind == "stalls":
            self._send(data, tag, stop=1_000_000 if count == 1 else None, wait=count == 1)
        elif kind == "ignores":  # knows no ranges
            self._send(data, tag, stop=1_000_000 if count == 1 else None, ranges=False)
        elif kind == "changes":  # another file at the second try
            data, tag = (data, tag) if count == 1 else (content(path + "2"), '"2"')
            self._send(data, tag, stop=1_000_000 if count == 1 else None)
        elif kind == "mixes":  # another file, and it does not look at If-Range
            data, tag = (data, tag) if count == 1 else (content(path + "2"), '"2"')
            self._send(data, tag, stop=1_000_000 if count == 1 else None, heed=False)
        elif kind == "mute":  # … nor does it say which file it is
            data = data if count == 1 else content(path + "2")
            self._send(data, tag, stop=1_000_000 if count == 1 else None, heed=False)
        elif kind == "elsewhere":  # sends another part than was asked for
            self._send(data, tag, stop=1_000_000 if count == 1 else None, shift=7)
        elif kind == "untagged":
            self._send(data, None, stop=1_000_000 if count == 1 else None)
        elif kind == "dated":
            self._send(data, 'W/"1"', stop=1_000_000 if count == 1 else None, dated=True)
        elif kind == "lies":  # says more than there is, every time
            self._send(data[:1000], tag, length=5000)
        elif kind == "hides":  # says less than there is: nobody can tell but by a hash
            self._send(data[:1000], tag)
        elif kind == "chunks":
            self._chunks(data, broken=False)
        elif kind == "chunked":
            self._chunks(data, broken=count == 1)
        elif kind == "old":  # no length: the end of the connection is the end of the file
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True
        elif kind == "packed":
            self._send(data, tag, extra={"Content-Encoding": "gzip"})
        elif kind == "empty":
            self._send(b"", tag)
        elif kind == "busy":
            if count == 1:
                self._send(b"", None, status=503, extra={"Retry-After": "1"})
            else:
                self._send(data, tag)
        elif kind == "redirect":
            self._send(
                b"", None, status=302, extra={"Location": "/good/" + path.rpartition("/")[2]}
            )
        elif kind == "noai":
            self._send(data, tag, extra={"X-Robots-Tag": "noai"})
        elif kind == "slow":
            self._send(data, tag, pause=0.05)
        else:
            self._send(b"no", None, status=404)

    def _send(self, data, tag, status=200, stop=None, wait=False, ranges=True, heed=True, shift=0,
              dated=False, length=None, extra=None, pause=0.0):  # fmt: skip
        asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range") or "")
        date = "Fri, 02 Jan 2026 03:04:05 GMT"
        same = self.headers.get("If-Range") in (tag, date if dated else tag) or not heed
        first = int(asked.group(1)) if asked and ranges and same and status == 200 else None
        if first is not None and first >= len(data):
            status, extra, data = 416, {"Content-Range": f"bytes */{len(data)}"}, b""
        elif first is not None:
            first += shift
            status = 206
            extra = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"} | (extra or {})
            data = data[first:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        if tag:
            self.send_header("ETag", tag)
        if dated:
            self.send_header("Last-Modified", date)
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        data = data[:stop]
        for at in range(0, len(data), 100_000):
            self.wfile.write(data[at : at + 100_000])
            if pause and self.server.stopping.wait(pause):
                break
        if wait:
            self.server.stopping.wait(10)
        if stop is not None or (length or 0) > len(data):
            self.close_connection = True

    def _chunks(self, data, broken):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data[: 10_000 if broken else None])
        if not broken:
            self.wfile.write(b"\r\n0\r\n\r\n")
        self.close_connection = True


class FileServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.counts, self.asked = {}, []
        self.now = self.most = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.shutdown()
        self.server_close()
