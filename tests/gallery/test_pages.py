"""What the gallery's pages hold, against pandas over the run's ledger."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import picture_run
import tamis
from tamis.gallery.asked import PAGE, Asked
from tamis.gallery.catalogue import Catalogue
from tamis.gallery.pages import Pages


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gallery")
    picture_run.run(made, count=90)
    return made


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> Catalogue:
    return Catalogue(folder / "out")


@pytest.fixture(scope="module")
def pages(catalogue: Catalogue) -> Pages:
    return Pages(catalogue, "/t/")


@pytest.fixture(scope="module")
def ledger(folder: Path) -> pd.DataFrame:
    return tamis.Run(folder / "out").ledger().compute().reset_index(drop=True)


def ids(catalogue: Catalogue, asked: Asked) -> list[str]:
    found = []
    for page in range(1, 2 + len(catalogue.select(asked)) // PAGE):
        rows = catalogue.page(Asked(**{**vars(asked), "page": page}))
        found += [record["id"] for record in catalogue.records(rows)]
    return found


def test_all_rows_in_their_order(catalogue: Catalogue, ledger: pd.DataFrame) -> None:
    assert len(catalogue) == len(ledger) == 90
    assert sorted(ids(catalogue, Asked())) == sorted(ledger["id"])
    counts = catalogue.counts()
    assert counts.pop("") == ledger["dropped_by"].isna().sum()
    assert counts == {
        step: (ledger["dropped_by"] == step).sum()
        for step in ("level", "average_hash", "perceptual_dedup")
    }


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (Asked(fate="kept"), "dropped_by.isna()"),
        (Asked(fate="dropped"), "dropped_by.notna()"),
        (Asked(step="level"), "dropped_by == 'level'"),
        (Asked(code="decode.truncated"),
         "dropped_why.str.contains('decode.truncated: ', na=False)"),
        (Asked(score="level", low=40, high=80), "40 <= level <= 80"),
        (Asked(fate="dropped", score="level", low=90), "dropped_by.notna() and level >= 90"),
        (Asked(score="nothing", low=40), "id == id"),
        (Asked(step="nothing"), "id != id"),
        (Asked(fate="kept", step="level"), "id != id"),
        (Asked(id="photo0023"), "id == 'photo0023'"),
        (Asked(id="PHOTO002"), "id.str.startswith('photo002')"),
        (Asked(id="<script>"), "id.str.startswith('<script>')"),
    ],
)  # fmt: skip
def test_filters(catalogue: Catalogue, ledger: pd.DataFrame, asked: Asked, where: str) -> None:
    expected = ledger.query(where, engine="python")["id"]
    assert sorted(ids(catalogue, asked)) == sorted(expected)


@pytest.mark.parametrize("order", ["up", "down"])
def test_order(catalogue: Catalogue, ledger: pd.DataFrame, order: str) -> None:
    found = ids(catalogue, Asked(score="level", order=order))
    rows = ledger[ledger["level"].notna()].sort_values(
        "level", ascending=order == "up", kind="stable"
    )
    assert found[: len(rows)] == rows["id"].tolist()
    assert set(found[len(rows) :]) == set(ledger[ledger["level"].isna()]["id"])


def test_a_query_string_comes_back_as_it_went() -> None:
    asked = Asked("kept", "a&b=", "c", "s<", 0.1, 2e20, "up", 'i"d', 7)
    assert Asked.of(asked.query()) == asked
    assert Asked.of("") == Asked()
    odd = "fate=x&low=nan&high=inf&page=-3&order=sideways&page=1e400&unknown=1&id=%ff"
    assert Asked.of(odd) == Asked(id="\ufffd")
    assert Asked.of("&".join(f"a{k}=1" for k in range(100))) == Asked()


def test_a_page_past_the_end_is_the_last(pages: Pages) -> None:
    assert "page 2 of 2" in pages.listing(Asked(page=2**70))
    assert "No record is like that" in pages.listing(Asked(step="nothing"))


def test_tiles_and_records_are_escaped(pages: Pages, catalogue: Catalogue) -> None:
    row = catalogue.find(picture_run.HOSTILE)
    assert row is not None
    for page in (
        pages.listing(Asked(id="<script>")),
        pages.record(row, Asked(id=picture_run.HOSTILE)),
    ):
        assert not re.search(r"<script|onerror=alert\(1\)>", page)
        assert html.escape(picture_run.HOSTILE[:20]) in page or "&lt;script&gt;" in page
        for source in re.findall(r'(?:src|href|action)="([^"]*)"', page):
            assert source.startswith(("/t/", "data:"))


def test_a_record_has_scores_why_and_duplicates(
    pages: Pages, catalogue: Catalogue, ledger: pd.DataFrame
) -> None:
    gone = ledger[ledger["duplicate_of"].notna()].iloc[0]
    row, kept = catalogue.find(gone["id"]), catalogue.find(gone["duplicate_of"])
    page = pages.record(row, Asked())
    assert html.escape(gone["dropped_why"]) in page
    assert f"/t/record/{kept}?" in page and "What it duplicates" in page
    assert f"{gone['level']:.6g}" in page and "40 to 120" in page
    assert gone["average_hash"] in page
    whole = pages.record(kept, Asked())
    others = ledger[ledger["duplicate_of"] == gone["duplicate_of"]]["id"]
    assert {f"/t/record/{catalogue.find(name)}?" for name in others} <= set(
        re.findall(r"/t/record/\d+\?", whole)
    )


def test_pictures(pages: Pages, catalogue: Catalogue) -> None:
    for large, side in ((False, 160), (True, 240)):  # the files are 240 pixels wide: not enlarged
        data, kind = pages.picture(catalogue.find("photo0002"), large)
        assert kind == "image/webp"
        assert max(Image.open(io.BytesIO(data)).size) <= side
    for name, code in (("photo0005", "decode.truncated"), ("photo0011", "media.missing")):
        data, kind = pages.picture(catalogue.find(name), False)
        assert kind == "image/svg+xml" and code.encode() in data


def test_a_folder_of_pointers(folder: Path, tmp_path: Path) -> None:
    frame = picture_run.records(folder / "in", 8).assign(size_of=np.arange(8.0))
    frame.drop(columns="id").to_parquet(tmp_path / "a.parquet")
    catalogue = Catalogue(tmp_path)
    assert catalogue.scores == ["size_of"] and not catalogue.steps
    records = catalogue.records(catalogue.page(Asked(score="size_of", low=6, order="down")))
    assert [record["id"] for record in records] == ["a.parquet:7", "a.parquet:6"]
    assert catalogue.select(Asked(id="a.parquet:3")).tolist() == [3]
    pages = Pages(catalogue, "/t/")
    assert 'src="/t/picture/0"' in pages.listing(Asked())
    assert pages.picture(0, False)[1] == "image/webp"
    assert "caption" not in pages.record(0, Asked()).split("<dl>")[1]
    with pytest.raises(tamis.TamisError, match="neither a finished run nor Parquet"):
        Catalogue(folder / "in")


def test_the_dropped_of_a_run(folder: Path, ledger: pd.DataFrame) -> None:
    catalogue = Catalogue(folder / "out/dropped")
    assert len(catalogue) == ledger["dropped_by"].notna().sum()
    assert catalogue.steps == ["level", "perceptual_dedup"]
    assert len(catalogue.select(Asked(step="level"))) == (ledger["dropped_by"] == "level").sum()


def test_bytes_in_rows(folder: Path, tmp_path: Path) -> None:
    frame = picture_run.records(folder / "in", 8)
    frame["image"] = [None if k == 3 else Path(p).read_bytes() for k, p in enumerate(frame["path"])]
    frame.drop(columns="path").to_parquet(tmp_path / "a.parquet")
    pages = Pages(Catalogue(tmp_path), "/t/")
    assert pages.catalogue.subject.columns == ("image",)
    assert 'src="/t/picture/0"' in pages.listing(Asked())
    assert pages.picture(0, False)[1] == "image/webp"
    assert b"nothing to show" in pages.picture(3, False)[0]
    assert "image" not in pages.catalogue.records([0], whole=True)[0]


def test_texts_are_shown_by_their_beginnings(tmp_path: Path) -> None:
    texts = ["word " * 400, "<b>short</b>", "more words than two here"]
    frame = pd.DataFrame({"id": ["a", "b", "c"], "text": texts})
    tamis.Pipeline([tamis.Filter(tamis.text.word_count, min=2)]).run(
        frame, tmp_path, progress=False, format="jsonl.zst"
    )
    pages = Pages(Catalogue(tmp_path), "/t/")
    page = pages.listing(Asked())
    assert "<img" not in page and "&lt;b&gt;short" in page
    assert page.count("word ") < 100
    assert pages.record(0, Asked()).count("word ") == 400
    assert "dropped here" in pages.record(1, Asked())
