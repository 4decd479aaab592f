"""Which columns show a record, and what becomes of bytes."""

from __future__ import annotations

import io
import os
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import picture_run
from tamis.exhibits import FORMS, Exhibit, Subject, exhibits, subject
from tamis.exhibits.form import Source
from tamis.exhibits.picture import begins, encoded, make
from tamis.media.pointers import media


@pytest.mark.parametrize(
    ("columns", "steps", "expected"),
    [
        ("id text", [], ("text", {}, None)),
        ("id body", [{"filter": "text.word_count", "on": "body"}], ("body", {}, None)),
        ("id body path", [{"filter": "text.word_count", "on": "body"}],
         ("body", {"path": "path"}, None)),
        ("id path start end", [], (None, {k: k for k in ("path", "start", "end")}, None)),
        ("id path start", [], (None, {"path": "path"}, None)),
        ("id path caption", [{"filter": "picture_run.level"}],
         ("caption", {"path": "path"}, "image")),
        ("id path offset size", [{"score": "picture_run.level"}],
         (None, {"path": "path", "offset": "offset", "size": "size"}, "image")),
        ("id file path words", [
            {"filter": "picture_run.level", "on": "file"},
            {"filter": "text.word_count", "on": "words"}, {"dedup": "perceptual", "on": "id"},
        ], ("words", {"path": "file"}, "image")),
        ("id", [], (None, {}, None)),
    ],
)  # fmt: skip
def test_subjects(columns: str, steps: list, expected: tuple) -> None:
    assert subject(dict.fromkeys(columns.split(), "string"), steps) == Subject(*expected)


def test_columns_of_bytes_are_pointers() -> None:
    kinds = {"id": "string", "image": "struct<bytes: binary, path: string>[pyarrow]"}
    assert subject(kinds).columns == ("image",)
    assert subject({"id": "str", "jpg": "binary[pyarrow]", "path": "str"}).columns == ("jpg",)
    assert subject({"id": "str", "image": "object"}).columns == ("image",)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(24, 200), st.integers(60, 20_000))
def test_no_picture_is_larger_than_asked(width: int, height: int, side: int, most: int) -> None:
    noise = np.random.default_rng(width * height).integers(0, 255, (height, width, 3), np.uint8)
    found = encoded(noise, side, most)
    assert len(found.data) <= most
    if found.data:
        assert Image.open(io.BytesIO(found.data)).size == (found.width, found.height)
        assert max(found.width, found.height) <= min(side, max(width, height))
        assert found.width == max(width, height) or abs(
            found.width * height - found.height * width
        ) <= max(width, height)


@given(st.binary(max_size=64))
def test_exhibits_survive_json(data: bytes) -> None:
    for made in (Exhibit("image", data, "image/webp", 3, 4), Exhibit("image", why="a: <b>")):
        assert Exhibit.from_dict(made.to_dict()) == made
    for wrong in ({}, {"medium": "image"}, {"medium": 1, "data": "é", "type": "x"}, [], None):
        with pytest.raises(ValueError, match="not an exhibit"):
            Exhibit.from_dict(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_formats_are_known_by_their_bytes(form: str) -> None:
    packed = io.BytesIO()
    Image.fromarray(picture_run.photographs()[0]).save(packed, form)
    assert begins(packed.getvalue())
    held = media(pd.Series([packed.getvalue()]))
    made = make(Source(held, 0), 100, 10_000)
    assert max(made.width, made.height) == 100
    for other in (b"", b"RIFF1234WAVE", b"\0\0\0\x20ftypisom", b"<svg", b"%PDF-1.7", os.urandom(0)):
        assert not begins(other)


def test_rows_that_point_elsewhere_are_not_opened_unasked(tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows = {
        "a": {"path": str(tmp_path / "a.txt")},
        "b": {"path": "http://127.0.0.1:9/b.jpg"},
        "c": {"path": None},
        "d": {"path": str(tmp_path / "none.png")},
    }
    found = exhibits(rows, Subject(None, {"path": "path"}, None))
    assert set(found) == {"d"} and found["d"].why.startswith("media.missing")
    found = exhibits(rows, Subject(None, {"path": "path"}, "image"))
    assert set(found) == set(rows) and all(made.why for made in found.values())


def test_an_exhibit_is_escaped() -> None:
    page = str(Exhibit("image", why="decode.corrupt: <script>\u202e").html())
    assert "<script" not in page and "\u202e" not in page and "&lt;script&gt;" in page
    assert set(FORMS) == {"image", "audio", "video"}


@pytest.mark.parametrize("missing", ["cv2", "simplejpeg"])
def test_without_a_decoder_there_are_no_pictures(
    tmp_path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, missing: str
) -> None:
    Image.fromarray(picture_run.photographs()[0]).save(tmp_path / "a.jpg")
    rows = {"a": {"path": str(tmp_path / "a.jpg")}}
    assert exhibits(rows, Subject(None, {"path": "path"}, "image"))["a"].data
    monkeypatch.setitem(sys.modules, missing, None)
    assert exhibits(rows, Subject(None, {"path": "path"}, "image")) == {}
    assert "pip install 'tamis[image]'" in caplog.text
