"""The gallery in a real browser: pictures are seen, pages and filters work, nothing is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import CHROMIUM, Browser

import picture_run
from tamis.gallery import Gallery

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium here; on Debian: apt install chromium"
    ),
]

IDS = "[...document.querySelectorAll('.tiles .id')].map((found) => found.textContent)"
WIDTHS = "[...document.images].map((image) => image.naturalWidth)"
CHOOSE = """(() => {{
    const form = document.forms[0]
    for (const [name, value] of Object.entries({})) form.elements[name].value = value
    form.requestSubmit()
}})()"""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("seen")
    picture_run.run(folder, count=90)
    with Gallery(folder / "out") as gallery:
        yield gallery


@pytest.fixture
def browser(tmp_path: Path):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


def test_a_walk_through_the_gallery(gallery: Gallery, browser: Browser) -> None:
    browser.go(gallery.url)
    first = browser.ask(IDS)
    assert len(first) == 60
    widths = browser.ask(WIDTHS)
    assert len(widths) == 60 and min(widths) > 0 and 100 < max(widths) <= 160

    browser.ask("document.querySelector('a[rel=next]').click()")
    browser.settle()
    second = browser.ask(IDS)
    assert len(second) == 30 and not set(first) & set(second)
    assert browser.ask("document.querySelector('a[rel=next]')") is None

    browser.ask(CHOOSE.format('{fate: "kept", score: "level", order: "down", high: "100"}'))
    browser.settle()
    levels = browser.ask("[...document.querySelectorAll('.tiles b')].map((b) => +b.textContent)")
    assert levels == sorted(levels, reverse=True) and len(levels) > 3
    assert 40 <= min(levels) <= max(levels) <= 100
    assert browser.ask("document.forms[0].elements.order.value") == "down"

    browser.ask("document.querySelector('.tiles a').click()")
    browser.settle()
    assert browser.ask("document.querySelector('h1').textContent").startswith("photo")
    assert browser.ask(WIDTHS)[0] == browser.ask("document.images[0].width") > 160
    browser.ask("document.querySelector('.pages a').click()")
    browser.settle()
    assert browser.ask("document.forms[0].elements.high.value") == "100"

    host = f"http://127.0.0.1:{gallery.port}/"
    assert {url for url in browser.asked if not url.startswith((host, "data:"))} == set()
    assert browser.logged == []


def test_what_is_broken_says_why(gallery: Gallery, browser: Browser) -> None:
    browser.go(f"{gallery.url}?code=decode.truncated")
    assert browser.ask(IDS) == ["photo0005"]
    assert browser.ask(WIDTHS) == [160]  # a picture of the reason
    assert "decode.truncated" in browser.ask("document.querySelector('.tiles').textContent")
    browser.ask("document.querySelector('.tiles a').click()")
    browser.settle()
    assert browser.ask("document.querySelector('.unshown').textContent").startswith("decode.trunc")


def test_what_means_harm_does_none(gallery: Gallery, browser: Browser) -> None:
    browser.go(f"{gallery.url}?id=%3Cscript")
    assert browser.ask(IDS) == [picture_run.HOSTILE]
    browser.ask("document.querySelector('.tiles a').click()")
    browser.settle()
    assert browser.ask("document.querySelector('h1').textContent") == picture_run.HOSTILE
    assert browser.ask("document.scripts.length") == 0
    assert not [url for url in browser.asked if "elsewhere" in url]
    assert browser.logged == []
