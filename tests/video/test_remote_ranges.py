"""Videos on a web server: what is sent of them, by a server that counts.

ffmpeg reads 5 MB of a Matroska file to learn how its tracks are coded: a sixth of these files.
"""

import contextlib
import threading
from http.server import ThreadingHTTPServer

import fsspec
import numpy as np
import pandas as pd
import pytest
from test_remote_headers import Handler, copied
from videos import made

from tamis import Cut, Filter, Pipeline, Score, video
from tamis.codes import BadRecord
from tamis.media.pieces import LARGE
from tamis.media.pointers import media
from tamis.video import clipping
from tamis.video.clip import together
from tamis.video.views import clip, keyframes, video_header, video_packets

av = pytest.importorskip("av")
pytest.importorskip("aiohttp")
FORMATS = {"end.mp4": "mp4", "front.mp4": "mp4", "a.mkv": "matroska"}


class Counting(Handler):
    def _answer(self, body):
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.path.startswith("/whole/"):  # a server that knows no ranges
            self.path = self.path[6:]
            del self.headers["Range"]
        self.server.files.get(self.path[1:]) or self.send_error(404)
        super()._answer(body)

    def send_header(self, name, value):
        if name != "Accept-Ranges":
            super().send_header(name, value)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # who had enough hangs up
            super().handle()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Lossless noise, 48 seconds of five frames, a keyframe every two seconds."""
    folder = tmp_path_factory.mktemp("ranges")
    noise = np.random.default_rng(0).integers(0, 255, (16, 240, 320, 3), dtype=np.uint8)
    pictures = [noise[k % 16] for k in range(240)]
    made(folder / "first.mp4", pictures, fps=5, gop=10, crf="0", sound=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    server.files, server.folder, server.sent, server.asked = {}, folder, 0, []
    for name, format in FORMATS.items():
        options = {"movflags": "faststart"} if name.startswith("front") else {}
        copied(folder / "first.mp4", folder / name, format, options)
        server.files[name] = (folder / name).read_bytes()
        assert len(server.files[name]) > LARGE + (4 << 20)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield server
    server.shutdown()
    server.server_close()


def counted(server, function):
    """What a function gives, and which share of a file was sent for it."""
    server.sent = 0
    found = function()
    return found, server.sent / len(server.files["end.mp4"])


def views(path, start=None, end=None, isolate="risky"):
    rows = media(pd.Series([path]))
    spans = [None if one is None else pd.Series([one]) for one in (start, end)]
    return rows, clip(rows, video_header(rows, isolate=isolate), *spans, isolate=isolate)


@pytest.mark.slow
@pytest.mark.parametrize("isolate", ["risky", False])
@pytest.mark.parametrize("name", FORMATS)
def test_some_keyframes(server, name, isolate):
    def some(path):
        return keyframes(views(path, isolate=isolate)[1], max_frames=3)[0]

    found, share = counted(server, lambda: some(server.url + name))
    here = some(str(server.folder / name))
    np.testing.assert_allclose(here.times - here.times[0], [0, 16, 32], atol=2e-3)
    for one, other in zip(found, here, strict=True):
        np.testing.assert_array_equal(one, other)
    assert 0 < share < (0.3 if name.endswith("mkv") else 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_frames_and_packets_of_a_clip(server, name):
    def seen(path):
        _, clips = views(path, 20.0, 22.0)
        return together(clips[0].frames(fps=2.0)), video_packets(clips)[0]

    found, share = counted(server, lambda: seen(server.url + name))
    for one, other in zip(found, seen(str(server.folder / name)), strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)
    assert len(found[1].times) == 10 and 0 < share < 0.4


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_clip_is_copied(server, name):
    def cut(path):
        rows = media(pd.Series([path]))
        (one,) = clipping.clips_of(rows, [0], [(20.0, 22.0)], clipping.cutting(), 2.0)
        assert not isinstance(one, BadRecord), one
        return one.clip

    found, share = counted(server, lambda: cut(server.url + name))
    assert found == cut(str(server.folder / name)) and found.frames == 10
    assert 0 < share < 0.4


@pytest.mark.slow
def test_rows_of_one_file_share_what_was_fetched(server):
    """Cuts, frames of each and measures of all: no more than the file, and its header."""
    steps = [Cut(video.windows, length=8.0), Score(video.brightness), Filter(video.fps, min=1)]

    def run(path):
        return Pipeline(steps)(pd.DataFrame({"id": ["a"], "path": [path]}))

    found, share = counted(server, lambda: run(server.url + "end.mp4"))
    here = run(str(server.folder / "end.mp4"))
    pd.testing.assert_frame_equal(found.drop(columns="path"), here.drop(columns="path"))
    assert len(found) == 6 and share < 1.1


@pytest.mark.slow
def test_a_server_without_ranges_sends_the_file_once(server):
    def seen(path):
        _, clips = views(path, 20.0, 22.0)
        return together(clips[0].frames(fps=2.0)), video_packets(clips)[0].times

    server.asked.clear()
    found = seen(server.url + "whole/a.mkv")
    np.testing.assert_array_equal(found[0].pixels, seen(str(server.folder / "a.mkv"))[0].pixels)
    gets = [given for how, _, given in server.asked if how == "GET"]
    assert sum(given is None for given in gets) == 1  # all of it
    assert len(gets) <= 4  # before that it was asked for ranges


@pytest.mark.slow
def test_of_another_file_system(server, monkeypatch):
    """What holds for web servers holds for those whose ranges come by `cat_file`."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/ranges/a.mkv", server.files["a.mkv"])
    sent, plain = [], type(memory).cat_file

    def cat_file(self, path, start=None, end=None, **more):
        found = plain(self, path, start=start, end=end, **more)
        sent.append(len(found))
        return found

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    found = keyframes(views("memory://ranges/a.mkv")[1], max_frames=3)[0]
    here = keyframes(views(str(server.folder / "a.mkv"))[1], max_frames=3)[0]
    np.testing.assert_array_equal(found.pixels, here.pixels)
    assert 0 < sum(sent) < 0.3 * len(server.files["a.mkv"])
    memory.rm("/ranges", recursive=True)


@pytest.mark.slow
def test_one_that_breaks_off_costs_its_row(server, monkeypatch):
    """Ranges are refused from some time on: a reason, for that row only."""
    path = server.url + "end.mp4"
    _, clips = views(path)
    assert clips[0].header.codec == "h264"
    monkeypatch.setattr(server, "files", {})
    steps = Pipeline([Filter(video.brightness, min=0)])
    frame = pd.DataFrame({"path": [path, str(server.folder / "end.mp4")]})
    assert [why.partition(":")[0] for why in steps.explain(frame).dropped_why.fillna("")] == [
        "media.missing", ""]  # fmt: skip
    found = list(_told(clips[0]))
    assert found[-1].code == "media.unreadable"


def _told(one):
    try:
        yield from one.frames(fps=1.0)
    except BadRecord as bad:
        yield bad
