"""What is sent of a video on a web server: for its header, a clip, some keyframes, the packets.

    python benchmarks/video/remote.py FILE …

Each FILE is served from here, by a server that counts the bytes and knows ranges; each line begins
anew, as a table of its own would. Megabytes, and requests.
"""

from __future__ import annotations

import argparse
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd

from tamis.media.pointers import media
from tamis.video import clipping
from tamis.video.clip import Clip, together
from tamis.video.views import clip, keyframes, video_header


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sent = asked = 0
    data = b""

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(False)

    def do_GET(self) -> None:
        self.answer(True)

    def answer(self, body: bool) -> None:
        size = len(self.data)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        stop = min(size, int(asked[2] or size) + 1) if asked else size
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(stop - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        if body:
            Handler.sent += stop - start
            Handler.asked += 1
            self.wfile.write(self.data[start:stop])


def opened(url: str, *span: float) -> Clip:
    rows = media(pd.Series([url]))
    spans = [pd.Series([one]) for one in span]
    found: Clip = clip(rows, video_header(rows), *spans)[0]
    return found


def copied(url: str, start: float) -> Any:
    rows = media(pd.Series([url]))
    (found,) = clipping.clips_of(rows, [0], [(start, start + 2)], clipping.cutting(), 2.0)
    return found.clip


def sixteen(url: str) -> Any:
    rows = media(pd.Series([url]))
    return keyframes(clip(rows, video_header(rows)), max_frames=16)[0].times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    print(
        "| MB sent (requests) | of | header | 2 s copied | 2 s decoded | 16 keyframes | packets |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for path in parser.parse_args().files:
        Handler.data = path.read_bytes()
        middle = opened(url).duration / 2
        ways: dict[str, Callable[[], Any]] = {
            "header": lambda: opened(url),
            "copied": lambda at=middle: copied(url, at),
            "decoded": lambda at=middle: together(opened(url, at, at + 2).frames(fps=1.0)),
            "keyframes": lambda: sixteen(url),
            "packets": lambda: opened(url).packets(),
        }
        told = []
        for way in ways.values():
            Handler.sent = Handler.asked = 0
            assert way() is not None
            told.append(f"{Handler.sent / 1e6:.1f} ({Handler.asked})")
        print(f"| {path.name} | {len(Handler.data) / 1e6:.0f} | {' | '.join(told)} |", flush=True)
    server.shutdown()


if __name__ == "__main__":
    main()
