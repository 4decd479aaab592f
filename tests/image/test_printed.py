"""Text found in pictures: pages, words drawn on photographs, photographs that have none."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import coded, rgb
from PIL import Image, ImageDraw, ImageFont

import tamis
from tamis import Filter, Pipeline, Score, image
from tamis.errors import MissingPackageError, SettingError
from tamis.frame import STRING
from tamis.image.text_boxes import covered, text_boxes

rapidocr = pytest.importorskip("rapidocr", reason="needs the extra ocr")

WORDS = "SALE www.shop"


def drawn(photo, size, words=WORDS, at=(20, 100)):
    """A photograph with white words over it, and the share of it that their rectangle covers."""
    picture = Image.fromarray(rgb(photo) if isinstance(photo, str) else photo)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    pen.text(at, words, font=font, fill="white")
    left, top, right, bottom = pen.textbbox(at, words, font=font)
    return coded(np.asarray(picture)), (right - left) * (bottom - top) / np.prod(picture.size)


def letters(text):
    return "".join(text.split()).lower()


def test_photographs_have_no_text():
    """Of coins and a cup the detector alone is sure."""
    files = [coded(rgb(f"{name}.png")) for name in ("coins", "coffee", "moon", "astronaut")]
    assert (image.text_area(files) == 0).all()


def test_words_over_photographs():
    made = [drawn(f"{name}.png", 32) for name in ("astronaut", "grass", "coffee")]
    files, shares = zip(*made, strict=True)
    area, text = image.text_area(files), image.printed_text(files)
    ratio = area / np.array(shares)
    assert ratio.between(1, 2).all()  # boxes stand a little off the letters
    assert [letters(one) for one in text] == [letters(WORDS)] * 3
    assert image.has_text(files).tolist() == [True] * 3


def test_small_words_need_a_larger_picture():
    file, share = drawn("grass.png", 16)
    assert image.text_area(file) == 0
    assert share < image.text_area(file, side=512) < 2 * share


def test_a_page_is_read_line_by_line():
    page = coded(rgb("page.png"))
    lines = image.printed_text(page, side=None).split("\n")
    assert lines[0] == "Region-based segmentation"
    assert letters(lines[1]) == letters("Let us first determine markers of the coins and the")
    assert image.text_area(page) > 0.5


def test_a_picture_of_one_line_and_one_that_is_turned():
    line = np.full((24, 600, 3), 60, np.uint8)
    file, _ = drawn(line, 18, "one line only", at=(10, 0))
    assert letters(image.printed_text(file)) == "onelineonly"
    picture, _ = drawn("grass.png", 40)
    turned = np.rot90(np.asarray(Image.open(io.BytesIO(picture))), -1)
    assert letters(image.printed_text(coded(np.ascontiguousarray(turned)))) == letters(WORDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["page.png", "astronaut.png", "brick.png"])
def test_as_rapidocr_reads_it(name):
    picture = rgb(name) if name == "page.png" else None
    if picture is None:
        picture = np.asarray(Image.open(io.BytesIO(drawn(name, 48)[0])))
    height, width = (n // 32 * 32 for n in picture.shape[:2])  # neither has to resize it
    picture = np.ascontiguousarray(picture[:height, :width])
    asked = {
        "Det.limit_side_len": 32, "Global.use_cls": False, "Global.log_level": "error",
        "Global.width_height_ratio": -1,
    }  # fmt: skip
    expected = rapidocr.RapidOCR(params=asked)(picture[:, :, ::-1])
    found = image.printed_text(coded(picture), side=None, min_letters=0)
    assert sorted(found.split("\n")) == sorted(expected.txts)
    share = image.text_area(coded(picture), side=None, min_letters=0)
    assert share == pytest.approx(covered(np.array(expected.boxes), height, width), rel=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_rectangles_as_rapidocr_finds_them(seed):
    """Of maps with a few slanted bars."""
    import cv2
    from rapidocr.ch_ppocr_det.utils import DBPostProcess

    choice = np.random.default_rng(seed)
    chance = choice.uniform(0, 0.25, (160, 224)).astype(np.float32)
    for k in range(3):
        centre = (40 + 70 * k, float(choice.uniform(40, 120)))
        size = (float(choice.uniform(6, 60)), float(choice.uniform(2, 14)))
        bar = cv2.boxPoints((centre, size, float(choice.uniform(-30, 30)))).astype(np.int32)
        cv2.fillPoly(chance, [bar], float(choice.uniform(0.3, 1)))
    reference = DBPostProcess(box_thresh=0.5, unclip_ratio=1.6, use_dilation=True)
    expected, _ = reference(chance[None, None], chance.shape)
    found = text_boxes(chance)
    # RapidOCR takes away boxes whose sides have no more than 3 pixels; none here is so small
    assert len(found) == len(expected)
    one, other = (np.zeros(chance.shape, np.uint8) for _ in range(2))
    for boxes, mask in ((found, one), (expected, other)):
        for box in boxes:
            cv2.fillPoly(mask, [np.rint(box).astype(np.int32)], 1)
    both, either = (one & other).sum(), (one | other).sum()
    assert either == 0 or both / either > 0.8  # whole pixels there, none here


def test_pictures_of_any_size():
    choice = np.random.default_rng(0)
    shapes = [(1, 1), (3, 300), (300, 3), (31, 33), (20, 2100)]
    files = [coded(choice.integers(0, 256, (*shape, 3)).astype(np.uint8)) for shape in shapes]
    area = image.text_area([*files, b"no picture", None])
    assert area[:5].between(0, 1).all() and area[5:].isna().all()
    assert image.printed_text([*files, b"no picture"]).isna().tolist() == [False] * 5 + [True]


@pytest.mark.slow
def test_steps_for_pictures_without_text():
    """`where` the picture is textless; whatever the partitions."""
    files = [drawn("astronaut.png", 48)[0], coded(rgb("coffee.png")), coded(rgb("page.png"))]
    rows = pd.DataFrame({"id": pd.array(list("abc"), STRING), "path": files})
    steps = Pipeline(
        [
            Score(image.has_text),
            Filter(image.short_side, min=10_000, where={"has_text": False}),
            Filter(image.text_area, max=0.4),
        ]
    )
    for parts in (1, 3):
        kept = steps(tamis.from_pandas(rows, npartitions=parts)).compute()
        assert kept.id.tolist() == ["a"]
    why = steps.explain(rows).dropped_by
    assert why.isna().tolist() == [True, False, False]


def test_settings_that_cannot_be():
    file = coded(rgb("page.png"))
    with pytest.raises(SettingError, match=r"min_score=2: a probability is from 0 to 1"):
        image.text_area(file, min_score=2)
    with pytest.raises(SettingError, match=r"min_letters=-1"):
        image.has_text(file, min_letters=-1)


@pytest.mark.parametrize("package", ["rapidocr", "onnxruntime"])
def test_a_missing_package_is_one_line(monkeypatch, package):
    import importlib.util
    import sys

    from tamis.image import ocr

    monkeypatch.setattr(ocr, "reader", tamis.resource(ocr.reader.__wrapped__))
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == package else find(name, *more),
    )
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=r"pip install 'tamis\[ocr\]'$"):
        image.text_area(coded(rgb("camera.png")))
