"""A web server with every fault, on a thread, for the tests of fetching."""

import hashlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image


def picture(number, width=40, height=30, kind="JPEG"):
    """A picture that its number tells apart from all others."""
    rng = np.random.default_rng(number)
    base = rng.integers(0, 255, (3, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(base).resize((width, height), Image.BICUBIC).save(file, kind)
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        path = self.path.partition("?")[0]
        with server.lock:
            count = server.counts[path] = server.counts.get(path, 0) + 1
            server.times.append((path, time.monotonic()))
            server.agents.add(self.headers.get("User-Agent"))
            server.now += 1
            server.most = max(server.most, server.now)
        try:
            self._answer(path, count)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.lock:
                server.now -= 1

    def _answer(self, path, count):
        kind, _, rest = path[1:].partition("/")
        if kind == "image":
            time.sleep(self.server.pause)
            number, _, size = rest.partition("/")
            width, _, height = size.partition("x")
            sizes = (int(width), int(height)) if size else ()
            self._send(picture(int(number.split(".")[0]), *sizes))
        elif kind == "tiff":
            self._send(picture(6, 60, 40, "TIFF"))
        elif kind == "status":
            self._send(b"no", int(rest))
        elif kind == "flaky":  # fails twice
            self._send(picture(1)) if count > 2 else self._send(b"later", 503)
        elif kind == "busy":  # asks once to wait a second
            headers = {"Retry-After": "1"} if count == 1 else {}
            self._send(picture(2), 429 if count == 1 else 200, headers)
        elif kind == "forever":
            self._send(b"", 429, {"Retry-After": "86400"})
        elif kind == "tagged":
            self._send(picture(3), 200, {"X-Robots-Tag": rest.replace("_", " ")})
        elif kind == "redirect":
            self._send(b"", 302, {"Location": self.server.target(rest)})
        elif kind == "loop":
            self._send(b"", 302, {"Location": f"/loop/{int(rest or 0) + 1}"})
        elif kind == "nowhere":
            self._send(b"", 301)
        elif kind == "short":  # says more than it sends
            self._send(b"x" * 100, length=1000)
            self.close_connection = True
        elif kind == "long":
            self._send(b"x" * 300_000)
        elif kind == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        elif kind == "silent":
            self.server.stopping.wait(20)
        elif kind == "drip":  # never silent, never done
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not self.server.stopping.wait(0.05):
                self.wfile.write(b"x")
        elif kind == "reset":
            import os
            import socket
            import struct

            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        elif kind == "garbage":
            self.wfile.write(b"\x00\xff not http\r\n\r\n")
            self.close_connection = True
        elif kind == "gzip":
            import gzip

            self._send(gzip.compress(picture(4)), 200, {"Content-Encoding": "gzip"})
        elif kind == "bomb":
            import gzip

            self._send(gzip.compress(bytes(10_000_000)), 200, {"Content-Encoding": "gzip"})
        elif kind == "html":
            self._send(b"<html>not a picture</html>")
        elif kind == "empty":
            self._send(b"")
        else:
            self._send(b"no such thing", 404)

    def _send(self, data, status=200, headers=None, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.counts, self.times, self.agents = {}, [], set()
        self.now = self.most = 0
        self.pause = 0.0
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.targets = {}

    def handle_error(self, *_):
        pass

    def target(self, name):
        return self.targets.get(name, f"/{name}")

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.shutdown()
        self.server_close()


def sha256(data):
    return hashlib.sha256(data).hexdigest()
