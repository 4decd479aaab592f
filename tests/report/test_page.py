"""The page as HTML: everything from data is text, and what matters is on it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import made_run
import pytest

from tamis import report
from tamis.io.store import Store
from tamis.report.chart import chart
from tamis.report.wording import duration, number, operation, percent, rule, shown, size

TAGS = """
    html head meta title link style body header main footer section nav article h1 h2 h3 h4 p a b
    i em span div ol ul li dl dt dd table thead tbody tr th td pre code details summary figure
    figcaption svg g path circle rect del ins wbr
"""


class Reading(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):  # type: ignore[no-untyped-def]
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):  # type: ignore[no-untyped-def]
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    report.publish(Store(folder), made_run.write(folder, made_run.records()))
    return (folder / "report.html").read_text("utf-8")


def test_nothing_from_data_becomes_markup(page: str) -> None:
    reading = Reading(page)
    assert {tag for tag, _ in reading.tags} <= set(TAGS.split())
    assert '<script>alert("x")</script>' in reading.text
    for _, attributes in reading.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml,"))
    assert not re.search(r"url\(|@import", page)


def test_what_cannot_be_seen_is_shown(page: str) -> None:
    for character in "\u202e\u202c\u200b\x00\x1b":
        assert character not in page
    assert 'title="U+202E right-to-left override"' in page
    assert 'title="U+200B zero width space"' in page
    assert "שלום" in page


def test_the_page_forbids_everything_active(page: str) -> None:
    policy = next(a for tag, a in Reading(page).tags if a.get("http-equiv"))
    assert policy["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
    )


def test_sections_stand_in_order(page: str) -> None:
    sections = [a["id"] for tag, a in Reading(page).tags if tag == "section"]
    assert sections == [
        "steps", "scores", "reasons", "duplicates", "unreadable", "timings", "recipe", "files",
    ]  # fmt: skip
    frame = made_run.records()
    kept = frame["dropped_by"].isna().sum()
    assert f"{kept} of 400 records kept" in Reading(page).text.replace("\n", " ")
    assert "1 March 2026, 12:30 UTC" in page
    assert "sha256" not in page and len(re.findall(r"<code>[0-9a-f]{64}</code>", page)) == 3


def test_rules_that_never_or_always_fired_are_said(tmp_path: Path) -> None:
    frame = made_run.records()
    figures = made_run.write(tmp_path, frame)
    figures["steps"][1]["fired"], figures["steps"][2]["fired"] = "always", "never"
    report.publish(Store(tmp_path), figures)
    text = Reading((tmp_path / "report.html").read_text("utf-8")).text
    always, never = text.index("Always fired"), text.index("Never fired")
    assert "words 10 to 2,000" in " ".join(text[always:never].split())
    assert "share at most 0.8" in " ".join(text[never : never + 400].split())


def test_bars_stand_side_by_side_within_the_plot(tmp_path: Path) -> None:
    figures = made_run.write(tmp_path, made_run.records())
    report.publish(Store(tmp_path), figures)
    for score in figures["scores"]:
        drawn = chart(score)
        if drawn is None:
            assert score["kind"] == "value"
            continue
        ends = [0.0]
        for bar in drawn.bars:
            assert bar.x >= ends[-1] - 1e-9
            ends.append(bar.x + bar.width)
            assert all(top >= -1e-9 and height > 0 for _, top, height in bar.pieces)
        assert ends[-1] <= 100 + 1e-9
        for mark in (*drawn.ticks, *drawn.bounds, *drawn.levels):
            assert -1e-9 <= mark.at <= 100 + 1e-9
        assert 2 <= len(drawn.ticks) <= 9
        assert [mark.label for mark in drawn.bounds] == [
            f"{name} {number(bound)}" for name, bound in score["bounds"].items()
        ]


def test_words_for_numbers() -> None:
    assert [number(v) for v in (0, 1234567, 0.00012345, 1234.5, True, None)] == [
        "0", "1,234,567", "0.000123", "1,234", "True", "–",
    ]  # fmt: skip
    assert [percent(1, 3), percent(0, 3), percent(1, 10**6), percent(10**6 - 1, 10**6)] == [
        "33.3 %", "0 %", "< 0.1 %", "> 99.9 %",
    ]  # fmt: skip
    assert [size(n) for n in (0, 999, 1000, 123456, 5_600_000_000)] == [
        "0 B", "999 B", "1 kB", "123 kB", "5.6 GB",
    ]  # fmt: skip
    assert [duration(s) for s in (0.5, 59.94, 61, 3601)] == [
        "500 ms", "59.9 s", "1 min 1 s", "1 h 0 min",
    ]  # fmt: skip
    assert rule({"min": 0.5}) == "at least 0.5"
    assert rule({"isin": list("abcdefgh")}) == "one of a, b, c, d, e, f …"
    assert rule(None) == ""
    entry = {"filter": "text.word_count", "language": "de", "where": {"kind": ["a", "b"]}, "min": 2}
    assert operation(entry) == "text.word_count, language = de, where kind is a or b"


def test_joiners_and_emoji_are_left_alone() -> None:
    text = "می\u200cخواهم 👩\u200d🚀 क्\u200dष"
    assert str(shown(text)) == text
