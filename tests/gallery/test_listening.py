"""Recordings in the gallery and in a report: seen, and playable in a real browser."""

from __future__ import annotations

import http.client
import io
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, Browser

import tamis.audio.views  # noqa: F401 - registers `recording`
from tamis import Filter, Pipeline, measure
from tamis.gallery import Gallery
from tamis.media import each

soundfile = pytest.importorskip("soundfile")
RATE, COUNT, BROKEN = 16_000, 24, 5

pytestmark = pytest.mark.slow
SECONDS = """(async () => {
    const found = []
    for (const sound of document.querySelectorAll("audio")) {
        sound.preload = "auto"; sound.load()
        await new Promise((go) => { sound.onloadedmetadata = sound.onerror = go })
        found.push(sound.error ? sound.error.message : sound.duration)
    }
    return found
})()"""


@measure(dtype="float64", heavy=True, namespace="sound_run")
def peak(recording):
    """The highest sample."""
    return each(recording, lambda one: max(float(np.abs(b).max()) for b in one.blocks()))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heard")
    rows = []
    for k in range(COUNT):
        path = folder / f"{k:02d}.wav"
        seconds = np.arange(RATE * 2) / RATE
        soundfile.write(path, (k + 1) / COUNT * np.sin(2 * np.pi * (200 + 100 * k) * seconds), RATE)
        if k == BROKEN:
            path.write_bytes(path.read_bytes()[:5000])
        rows.append({"id": f"r{k:02d}", "path": str(path), "start": 0.5, "end": 1.5})
    Pipeline([Filter(peak, min=0.2, max=0.8)]).run(
        pd.DataFrame(rows), folder / "out", max_errors=1.0
    )
    return folder / "out"


def asked(gallery: Gallery, place: str, **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=20)
    connection.request("GET", urlsplit(gallery.url).path + place, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def test_snippets_are_served_whole_and_in_parts(out: Path) -> None:
    with Gallery(out) as gallery:
        status, headers, body = asked(gallery, "play/3")
        assert (status, headers["Content-Type"]) == (200, "audio/ogg")
        samples, rate = soundfile.read(io.BytesIO(body))
        assert abs(len(samples) / rate - 1) < 0.05  # the row is one second of the file
        status, headers, part = asked(gallery, "play/3", Range="bytes=10-49")
        assert (status, part) == (206, body[10:50])
        assert headers["Content-Range"] == f"bytes 10-49/{len(body)}"
        status, _, part = asked(gallery, "play/3", Range=f"bytes={len(body) - 7}-")
        assert (status, part) == (206, body[-7:])
        for odd in ("bytes=9-3", "bytes=-5", "bytes=99999999-", "lines=1-2", "bytes=1-2,4-5"):
            assert asked(gallery, "play/3", Range=odd)[::2] == (200, body)
        assert asked(gallery, f"play/{BROKEN}")[0] == 404
        assert asked(gallery, f"picture/{BROKEN}")[1]["Content-Type"].startswith("image/svg")
        assert asked(gallery, "picture/3")[1]["Content-Type"] == "image/png"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt install chromium")
def test_a_browser_plays_them(out: Path, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile")
    try:
        with Gallery(out) as gallery:
            browser.go(gallery.url)
            found = browser.ask(SECONDS)
            assert len(found) == COUNT
            heard = [seconds for seconds in found if isinstance(seconds, float | int)]
            assert len(heard) == COUNT - 1 and all(abs(s - 1) < 0.1 for s in heard)
            browser.go(gallery.url + "record/3")
            assert len(browser.ask(SECONDS)) == 1
            assert browser.ask("document.querySelector('.record img').naturalWidth") == 800
            own = ("http://127.0.0.1:", "data:")  # the controls are pictures of the browser itself
            assert not [address for address in browser.asked if not address.startswith(own)]
        browser.go((out / "report.html").as_uri())
        found = browser.ask(SECONDS)
        assert len(found) > 6 and all(
            isinstance(s, float | int) and abs(s - 1) < 0.1 for s in found
        )
        widths = browser.ask("[...document.images].map((image) => image.naturalWidth)")
        assert set(widths) == {160}
        assert not [line for line in browser.logged if "Content Security Policy" in line]
    finally:
        browser.close()
