"""Headers of large remote videos: a server counts what is sent for them."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from videos import made

from tamis import Filter, Pipeline, Score, video
from tamis.media.pieces import LARGE

av = pytest.importorskip("av")
pytest.importorskip("aiohttp")
FORMATS = {"a.mp4": "mp4", "b.mkv": "matroska", "c.ts": "mpegts"}
TOLD = ("duration", "width", "height", "fps", "codec", "has_audio")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(False)

    def do_GET(self):
        self._answer(True)

    def _answer(self, body):
        data = self.server.files[self.path[1:]]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, stop = 0, len(data)
        if asked:
            start, stop = int(asked[1]), min(len(data), int(asked[2] or len(data)) + 1)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(stop - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.end_headers()
        if body:
            self.server.sent += stop - start
            self.wfile.write(data[start:stop])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Lossless noise in three containers: MP4 has its header at the end."""
    folder = tmp_path_factory.mktemp("remote")
    noise = list(np.random.default_rng(0).integers(0, 255, (45, 480, 640, 3), dtype=np.uint8))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.folder, server.sent = {}, folder, 0
    made(folder / "first.mp4", noise, gop=5, crf="0", sound=True)
    for name, format in FORMATS.items():
        copied(folder / "first.mp4", folder / name, format)
        server.files[name] = (folder / name).read_bytes()
        assert len(server.files[name]) > LARGE + (4 << 20)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def copied(path, out, format, options=None):
    how = {"format": format, "options": options or {}}
    with av.open(str(path)) as source, av.open(str(out), "w", **how) as container:
        streams = {s: container.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                container.mux(packet)


def measured(path):
    frame = pd.DataFrame({"path": [path]})
    steps = [Score(getattr(video, name)) for name in TOLD]
    found = Pipeline(steps).explain(frame)
    return found.drop(columns="path").to_dict("records")[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_some_of_a_file_is_fetched_for_its_header(server, name):
    server.sent = 0
    url = f"http://127.0.0.1:{server.server_address[1]}/{name}"
    found = measured(url)
    assert found["width"] == 640 and found["has_audio"]
    assert found == measured(str(server.folder / name))
    assert 0 < server.sent < len(server.files[name]) // 2


@pytest.mark.slow
def test_a_damaged_one_is_told_as_a_local_one_is(server):
    data = server.files["a.mp4"][: LARGE + (2 << 20)]
    server.files["cut.mp4"] = data
    (server.folder / "cut.mp4").write_bytes(data)
    paths = [f"http://127.0.0.1:{server.server_address[1]}/cut.mp4", str(server.folder / "cut.mp4")]
    steps = Pipeline([Filter(video.width, min=1)])
    whys = steps.explain(pd.DataFrame({"path": paths})).dropped_why
    assert [why.partition(":")[0] for why in whys] == ["decode.truncated"] * 2
