"""Two hundred videos of a web server at once: large, small, slow and broken, in eight threads."""

import os
import threading
import time
from http.server import ThreadingHTTPServer

import dask
import numpy as np
import pandas as pd
import pytest
from test_remote_ranges import Counting
from videos import made, panned

import tamis
from tamis import Filter, Pipeline, Score, video
from tamis.media.pieces import LARGE

pytest.importorskip("aiohttp")
pytestmark = pytest.mark.slow
ROWS, THREADS, BROKEN = 200, 8, 6
WHY = {
    "gone": "media.missing", "refused": "media.unreadable", "cut": "media.unreadable",
    "text": "decode.format", "fails": "media.unreadable", "short": "decode.truncated",
}  # fmt: skip


class Faulty(Counting):
    """A path says how a file is sent: "slow-", "refused-", "cut-" (the line drops), "fails-" (from
    the second request on)."""

    def _answer(self, body):
        kind = self.path[1:].partition("-")[0]
        if kind == "slow":
            time.sleep(0.05)
        seen = self.server.seen[self.path] = self.server.seen.get(self.path, 0) + 1
        if kind == "refused" or (kind == "fails" and body and seen > 1):
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif kind == "cut" and body:
            self.send_response(206)
            self.send_header("Content-Length", "70000")
            self.send_header("Content-Range", "bytes 0-69999/70000")
            self.end_headers()
            self.wfile.write(b"\0" * 5000)
            self.close_connection = True
        elif self.path[1:] in self.server.files:
            super()._answer(body)
        else:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    small = made(folder / "small.mp4", panned(12), gop=6).read_bytes()
    room = LARGE + (1 << 20)
    large = small + room.to_bytes(4, "big") + b"free" + bytes(room - 8)  # a box that nobody reads
    server = ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    server.files, server.seen, server.sent, server.asked = {}, {}, 0, []
    for k in range(ROWS):
        data = large if k % 10 == 3 else small
        kind = "slow" if k % 4 == 1 else "good"
        if k % 20 == 7:
            kind = tuple(WHY)[k // 20 % BROKEN]
            data = {"text": b"<html>no video</html>", "fails": large,
                    "short": small[: len(small) * 3 // 4]}.get(kind, small)  # fmt: skip
        name = f"{kind}-{k:03}.mp4"
        if kind != "gone":
            server.files[name] = data
        server.names = [*getattr(server, "names", []), name]
    server.large = len(large)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_many_rows_at_once(server):
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("memory is told by /proc")
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    ids, paths = [n.partition(".")[0] for n in server.names], [url + n for n in server.names]
    rows = pd.DataFrame({"id": ids, "path": paths}).astype("string")
    light = {"measure": "image.brightness", "fps": 5.0, "name": "light", "min": 0}
    steps = Pipeline([Score(video.duration), Filter("video.frame_measure", **light)])
    steps(rows.iloc[:1])  # what decodes is loaded
    most, before, over = [0], resident(), threading.Event()

    def watched():
        while not over.wait(0.02):
            most[0] = max(most[0], resident())

    threading.Thread(target=watched, daemon=True).start()
    lazy = steps.explain(tamis.from_pandas(rows, npartitions=16))
    with dask.config.set(scheduler="threads", num_workers=THREADS):
        started = threading.Thread(target=lambda: made_.append(lazy.compute()), daemon=True)
        made_ = []
        started.start()
        started.join(300)
    over.set()
    assert made_, "it hangs"
    found = made_[0].set_index("id").loc[rows["id"]]
    assert len(found) == ROWS
    for name, row in found.iterrows():
        why = WHY.get(name.partition("-")[0])
        if why is None:
            assert abs(row["duration"] - 0.48) < 0.01 and np.isfinite(row["light"]), (name, row)
        else:
            assert pd.isna(row["light"]), name
            assert str(row["dropped_why"]).startswith(why), (name, row["dropped_why"])
    assert most[0] - before < 400 << 20, f"{(most[0] - before) >> 20} MiB"
    large = sum(len(data) == server.large for data in server.files.values())
    assert server.sent < 0.6 * large * server.large  # of large ones only what is read is fetched
