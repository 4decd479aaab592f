"""Pictures in the report: which, of what size, and that a page of them stays a safe, small file."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_browser import CHROMIUM, opened
from test_page import TAGS, Reading

import picture_run
import tamis
from tamis import report
from tamis.report import thumbnails


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    picture_run.run(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "out/report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def figures(folder: Path) -> dict:
    return json.loads((folder / "out/run.json").read_text("utf-8"))


def stored(folder: Path) -> dict:
    return json.loads((folder / "out/thumbnails.json").read_text("utf-8"))["records"]


def test_pictures_are_those_of_the_files(folder: Path) -> None:
    found = stored(folder)
    frame = picture_run.records(folder / "again").set_index("id")
    assert len(found) > 30
    for name, row in found.items():
        if "why" in row:
            continue
        small = Image.open(io.BytesIO(base64.b64decode(row["data"])))
        assert small.format == "WEBP"
        assert small.size == (row["width"], row["height"])
        assert max(small.size) == 160
        whole = (
            Image.open(frame["path"][name]).convert("RGB").resize(small.size, Image.Resampling.BOX)
        )
        apart = np.abs(np.asarray(small.convert("RGB"), float) - np.asarray(whole, float))
        assert apart.mean() < 8, name


def test_every_record_on_the_page_is_seen(figures: dict, folder: Path, page: str) -> None:
    named = list(thumbnails.named(figures))
    found = stored(folder)
    assert set(named) == set(found)
    sources = re.findall(r'<img class="picture" src="data:image/webp;base64,([^"]+)"', page)
    assert len(sources) == sum("data" in found[name] for name in named)


def test_what_cannot_be_read_says_why(folder: Path, page: str) -> None:
    found = stored(folder)
    assert found["photo0005"]["why"].startswith("decode.truncated: ")
    assert found["photo0011"]["why"].endswith(": no such file")
    assert 'class="unshown"' in page


def test_nothing_from_data_becomes_markup(page: str) -> None:
    reading = Reading(page)
    assert {tag for tag, _ in reading.tags} <= {*TAGS.split(), "img"}
    assert picture_run.HOSTILE in reading.text
    for _, attributes in reading.tags:
        assert not any(name.startswith("on") for name in attributes)
        source = attributes.get("src") or "data:image/webp;base64,"
        assert re.fullmatch(r"data:image/webp;base64,[A-Za-z0-9+/=]*", source)


def test_along_a_score(figures: dict, folder: Path) -> None:
    """The record nearest to each quantile, by brute force over the ledger."""
    (level,) = [score for score in figures["scores"] if score["step"] == "level"]
    ledger = tamis.Run(folder / "out").ledger().compute()
    ledger = ledger[ledger["level"].notna()]
    at = sorted({level["min"], *level["quantiles"].values(), level["max"]})
    expected = set()
    for value in at:
        rows = ledger.assign(distance=(ledger["level"] - value).abs())
        expected.add(rows.sort_values(["distance", "id"])["id"].iloc[0])
    assert {row["id"] for row in level["along"]} == expected
    values = [row["value"] for row in level["along"]]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (ledger["level"].min(), ledger["level"].max())


def test_contact_sheets_of_clusters(figures: dict, page: str) -> None:
    (found,) = figures["duplicates"]
    assert len(found["largest"][0]["members"]) == min(11, found["largest"][0]["dropped"]) > 3
    assert page.count('<li class="stays">') == len(found["largest"])


@pytest.mark.parametrize("parts", [1, 7])
def test_partitions_do_not_matter(folder: Path, figures: dict, tmp_path: Path, parts: int) -> None:
    frame = pd.read_parquet(folder / "out/dropped")
    frame = pd.concat([frame, pd.read_parquet(folder / "out/kept")])[["id", "path", "caption"]]
    frame = frame.sort_values("path").reset_index(drop=True)
    picture_run.run(tmp_path, parts=parts, frame=frame)
    again = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    for key in ("scores", "reasons", "duplicates", "text_column", "shown_by"):
        assert again[key] == figures[key], key
    assert stored(tmp_path) == stored(folder)


def test_run_json_holds_no_pictures(folder: Path, figures: dict) -> None:
    assert "base64" not in (folder / "out/run.json").read_text("utf-8")
    assert figures["shown_by"] == {
        "text": "caption",
        "pointer": {"path": "path"},
        "medium": "image",
    }
    assert figures["text_column"] == "caption"


def test_the_page_stays_small(monkeypatch: pytest.MonkeyPatch, folder: Path, figures: dict) -> None:
    """However many are shown: what a picture may take is a share of a fixed room."""
    run = tamis.Run(folder / "out")
    shown = len(list(thumbnails.named(figures)))
    for room in (150_000, 60_000):
        monkeypatch.setattr(thumbnails, "ROOM", room)
        found = thumbnails.made(run.store, run.figures)
        taken = sum(len(found[name].data) for name in thumbnails.named(figures))
        assert taken <= room
        assert max(len(exhibit.data) for exhibit in found.values()) <= room // shown
        assert any(exhibit.data for exhibit in found.values())
        assert len(report.render(figures, found)) < 4 / 3 * room + 200_000


def test_the_page_can_be_made_again(folder: Path, page: str, tmp_path: Path) -> None:
    shutil.copytree(folder / "out", tmp_path / "out")
    target = tmp_path / "out/report.html"
    target.unlink()
    report.again(tmp_path / "out")  # from thumbnails.json
    assert target.read_text("utf-8") == page
    for damage in (None, "{", '{"token": 1}', '{"token": "other", "records": {}}'):
        (tmp_path / "out/thumbnails.json").unlink()
        if damage is not None:
            (tmp_path / "out/thumbnails.json").write_text(damage)
        report.again(tmp_path / "out")  # from the files that the rows point to
        assert target.read_text("utf-8") == page
    shutil.rmtree(tmp_path / "out/kept")  # only the file of thumbnails is left to make it from
    report.again(tmp_path / "out")
    assert target.read_text("utf-8") == page


def test_bytes_in_the_rows(folder: Path, tmp_path: Path) -> None:
    """Hugging Face's structs, looked at by no step: told by their bytes."""
    frame = picture_run.records(folder / "again", 8)
    paths = frame.pop("path")
    kept = [k for k in range(8) if k != picture_run.BROKEN]
    frame["image"] = [
        {"bytes": Path(paths[k]).read_bytes() if k in kept else b"no picture", "path": None}
        for k in range(8)
    ]
    frame["n"] = range(8)
    run = tamis.Pipeline([tamis.Filter("n", min=2)]).run(frame, tmp_path / "out", progress=False)
    assert run.figures["shown_by"]["pointer"] == {"path": "image"}
    assert run.figures["text_column"] == "caption"
    found = stored(tmp_path)
    assert {f"photo{k:04d}" for k in (0, 1, 2, 3, 4, 6)} <= set(found)
    assert "photo0005" not in found


def test_texts_with_a_path_show_texts(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["a", "b"], "body": ["some words", "more"], "path": ["/etc/hostname", "x.jpg.txt"]}
    )
    step = tamis.Filter(tamis.text.word_count, on="body", min=2)
    run = tamis.Pipeline([step]).run(frame, tmp_path, progress=False)
    assert run.figures["text_column"] == "body"
    assert not (tmp_path / "thumbnails.json").exists()
    assert "some words" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt install chromium")
def test_pictures_in_a_browser(page: str, tmp_path: Path) -> None:
    probe = """<script>onload = () => {
        const seen = [...document.images].map((image) => image.naturalWidth)
        document.title = JSON.stringify([seen.length, Math.min(...seen), Math.max(...seen)])
        }</script></body>"""
    copy = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", probe)
    (tmp_path / "copy.html").write_text(copy, "utf-8")
    document, _, hosts = opened(tmp_path / "copy.html", tmp_path)
    count, least, most = json.loads(re.search(r"<title>(.*?)</title>", document).group(1))  # type: ignore[union-attr]
    assert count == page.count('<img class="picture"') > 30
    assert 0 < least <= most <= 160
    assert hosts == set()
    (tmp_path / "second").mkdir()
    (tmp_path / "page.html").write_text(page, "utf-8")
    _, logged, hosts = opened(tmp_path / "page.html", tmp_path / "second")
    assert hosts == set()
    assert "CONSOLE" not in logged
