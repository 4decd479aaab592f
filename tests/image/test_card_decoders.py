"""JPEG files decoded in batches by a card's decoder: the host's pictures, its reasons, its turns.

Where there is no card another decoder stands in for it, on the processor: OpenCV's, which takes
damage for pictures as decoders on cards do, and nvImageCodec's own libjpeg-turbo if installed.
"""

import importlib.util
import io
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import photos
import pytest
import simplejpeg
from broken import broken, encoded, exif, good, turned
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tamis import Score, image
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.image import on_card
from tamis.image.card_decoders import CardDecoder, Without, jpeg_decoder
from tamis.image.decode import MAX_PIXELS, decode
from tamis.image.jpeg_plain import plain
from tamis.image.jpeg_segments import segments
from tamis.image.on_card import CardPictures
from tamis.media.ahead import ahead
from tamis.media.area import reduce_on, squares_on
from tamis.media.columns import Held
from tamis.media.pointers import Media
from tamis.media.resizing import resize

torch = pytest.importorskip("torch", reason="needs the extra image-models")
FLIPS = ("flip", "twice-as-high")  # damage within the codes, which decoders may pass as a picture
HOW = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def opencv(calls=None, failing=lambda files: None):
    def run(files):
        if calls is not None:
            calls.append(len(files))
        failing(files)
        found = [cv2.imdecode(np.frombuffer(f, np.uint8), HOW) for f in files]
        return [None if p is None else torch.from_numpy(p[:, :, ::-1].copy()) for p in found]

    return CardDecoder("stand-in", torch, torch.device("cpu"), run)


def nvidia():
    if not (importlib.util.find_spec("nvidia") and importlib.util.find_spec("nvidia.nvimgcodec")):
        pytest.skip("nvidia-nvimgcodec is not installed")
    found = jpeg_decoder("cpu")
    assert isinstance(found, CardDecoder) and found.name == "nvImageCodec", found
    return found


def pictures(files, decoder, side=None, most=MAX_PIXELS):
    media = Media([Held(data) for data in files])
    host = lambda data: decode(data, short_side=side, max_pixels=most)  # noqa: E731
    return CardPictures(media, decoder, host, side, most)


def outcome(function):
    try:
        return function()
    except BadRecord as bad:
        return bad.code


@pytest.fixture(autouse=True)
def fresh():
    on_card._broken.clear()
    on_card.card.cache_clear()


@pytest.mark.parametrize("make", [opencv, nvidia])
@pytest.mark.parametrize("side", [None, 64, 37])
def test_the_host_s_pictures_and_reasons(make, side):
    samples = [one for one in (*good(), *broken()) if not any(f in one.name for f in FLIPS)]
    found = pictures([one.data for one in samples], make(), side)
    given = 0
    for row, one in enumerate(samples):
        wanted = outcome(lambda one=one: decode(one.data, short_side=side))
        made = found[row]
        if isinstance(wanted, str):
            assert made is None, one.name
            assert found.problems[row].startswith(f"{wanted}: "), (one.name, found.problems[row])
            continue
        assert made is not None, (one.name, found.problems)
        assert made.shape == wanted.shape and made.dtype == np.uint8, one.name
        away = np.abs(made.astype(int) - wanted)
        assert away.mean() <= 2.5, (one.name, away.mean())
        given += one.name.startswith("jpeg") and plain(one.data, segments(one.data))
    assert given > 5  # the card had something to do


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_it_is_displayed(orientation):
    picture = np.asarray(Image.fromarray(photos.rgb("astronaut.png")).resize((200, 150)))
    data = encoded(turned(picture, orientation), exif=exif(orientation), quality=95)
    found = pictures([data], opencv(), 75)[0]
    assert found.shape == (75, 100, 3)
    assert np.abs(found.astype(int) - decode(data, short_side=75)).mean() < 1.5


def test_what_is_given_to_a_card():
    picture = photos.rgb("astronaut.png")[:160, :200]
    grey = np.ascontiguousarray(picture[:, :, 1])
    yes = [encoded(picture, subsampling=s, progressive=p) for s in (0, 1, 2) for p in (False, True)]
    yes += [
        encoded(grey),
        simplejpeg.encode_jpeg(np.ascontiguousarray(picture), 90, colorsubsampling="440"),
    ]
    yes.append(encoded(picture, restart_marker_blocks=3))
    yes.append(yes[0] + b"more behind the end mark")
    for data in yes:
        assert plain(data, segments(data))
    cmyk = io.BytesIO()
    Image.fromarray(picture).convert("CMYK").save(cmyk, "JPEG")
    whole = yes[0]
    no = {
        "CMYK": cmyk.getvalue(),
        "RGB": encoded(picture, keep_rgb=True),
        "cut": whole[: len(whole) // 2],
        "no end mark": whole[:-2],
        "arithmetic": whole.replace(b"\xff\xc0", b"\xff\xc9", 1),
        "12 bits": whole.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c", 1),
        "a marker within the codes": whole[:-40] + b"\xff\x02" + whole[-40:],
    }
    for name, data in no.items():
        assert not plain(data, segments(data)), name


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_file_breaks_the_look_at_it(data):
    whole = bytearray(
        encoded(photos.rgb("coins.png")[:40, :40], progressive=data.draw(st.booleans()))
    )
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    found = pictures([cut], opencv(), 16)
    assert (found[0] is None) == (0 in found.problems)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_areas_as_the_host_reduces_them(height, width, data):
    wanted = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    extent = (height - data.draw(st.sampled_from([0, 0.25, 0.75])) * (height > wanted[0]),
              width - data.draw(st.sampled_from([0, 0.5])) * (width > wanted[1]))  # fmt: skip
    picture = np.random.default_rng(height * 61 + width).integers(
        0, 256, (height, width, 3), np.uint8
    )
    found = reduce_on(torch, torch.from_numpy(picture), *wanted, extent).numpy()
    expected = resize(picture, *wanted, extent)
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("size", [(160, 240), (163, 245)])
def test_a_scaled_jpeg_as_libjpeg_decodes_it(scale, size):
    grey = cv2.resize(photos.rgb("astronaut.png"), size[::-1])[:, :, 1]
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(grey)[:, :, None], 80, "GRAY")
    rows, columns = -(-size[0] // scale), -(-size[1] // scale)
    wanted = simplejpeg.decode_jpeg(data, "RGB", min_height=rows, min_width=columns)
    assert wanted.shape == (rows, columns, 3)
    found = squares_on(torch, torch.from_numpy(simplejpeg.decode_jpeg(data, "RGB")), scale).numpy()
    away = np.abs(found.astype(int) - wanted)
    inner = away[: size[0] // 8 * 8 // scale, : size[1] // 8 * 8 // scale]
    assert inner.max() <= 8 and inner.mean() < 0.5 and away.mean() < 1


def test_in_batches_whoever_asks():
    """Threads ask for single rows; few batches are decoded, and every row gets its own picture."""
    files = [simplejpeg.encode_jpeg(np.full((64, 48, 3), k, np.uint8), 95) for k in range(100)]
    calls = []
    found = pictures(files, opencv(calls), 32)
    seen = list(ahead(found, lambda pixels: int(pixels.mean().round()), range(100), room=8))
    assert seen == list(range(100))
    assert sum(calls) <= 100 + 3 * on_card.BATCH and max(calls) == on_card.BATCH and len(calls) < 20


def test_one_file_that_fails_fails_alone(caplog):
    files = [simplejpeg.encode_jpeg(np.full((64, 48, 3), k, np.uint8), 95) for k in range(40)]

    def failing(given):
        if files[7] in given:
            raise RuntimeError("Failed to decode")

    calls = []
    found = pictures(files, opencv(calls, failing), 32)
    assert [int(found[k].mean().round()) for k in range(40)] == list(range(40))
    assert not found.problems and not caplog.records and calls.count(1) <= 2


def test_where_memory_ends(caplog):
    files = [simplejpeg.encode_jpeg(np.full((64, 48, 3), k, np.uint8), 95) for k in range(40)]

    def failing(given):
        if len(given) > 10:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 MiB")

    calls = []
    found = pictures(files, opencv(calls, failing), 32)
    assert [int(found[k].mean().round()) for k in range(40)] == list(range(40))
    assert calls == [32, 16, 8, 8, 16, 8, 8, 8]
    assert [r.getMessage() for r in caplog.records if "out of memory" in r.getMessage()]


def test_a_card_that_breaks_is_left_alone(caplog):
    files = [simplejpeg.encode_jpeg(np.full((64, 48, 3), k, np.uint8), 95) for k in range(70)]

    def failing(given):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    calls = []
    found = pictures(files, opencv(calls, failing), 32)
    assert [int(found[k].mean().round()) for k in range(70)] == list(range(70))
    assert len(calls) == 1
    (line,) = caplog.records
    assert "by the processor from now on: CUDA error" in line.getMessage()


def frame(files):
    return pd.DataFrame({"id": pd.array([f"p{k}" for k in range(len(files))], STRING),
                         "path": pd.array(files, STRING)})  # fmt: skip


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpeg")
    made = []
    for name in ("astronaut.png", "coffee.png", "chelsea.png"):
        made.append(str(folder / f"{name}.jpg"))
        Image.open(photos.path(name)).convert("RGB").resize((900, 700)).save(made[-1], quality=90)
    (folder / "cut.jpg").write_bytes((folder / "coffee.png.jpg").read_bytes()[:9000])
    return [*made, str(folder / "cut.jpg"), str(folder / "none.jpg"), photos.path("coins.png")]


def without(monkeypatch, why="no GPU"):
    found = on_card.accelerators()._replace(devices=(), why=why)
    monkeypatch.setattr(on_card, "accelerators", lambda: found)


def test_where_there_is_no_card_the_host_decodes(paths, monkeypatch, caplog):
    without(monkeypatch)
    wanted = Score("image.classifier", name="x", model="timm:none")  # built, not run
    assert wanted.settings
    picked = [
        image.views.by_card(Media([Held(b"")]), "risky", MAX_PIXELS, 256, "card") for _ in "ab"
    ]
    assert picked == [None, None]
    (line,) = caplog.records
    assert 'decoder="card": pictures are decoded by the processor: no GPU' in line.getMessage()
    assert image.views.by_card(Media([Held(b"")]), True, MAX_PIXELS, 256, "card") is None
    assert "pass isolate=False" in caplog.records[1].getMessage()
    with pytest.raises(SettingError, match='decoder=\'gpu\': "host" or "card"'):
        image.views.by_card(Media([Held(b"")]), "risky", MAX_PIXELS, 256, "gpu")


@pytest.mark.slow
def test_embeddings_of_pictures_from_a_card(paths, monkeypatch):
    """Rows keep their reasons, and directions are the host's but for some thousandths."""
    monkeypatch.setattr(on_card, "card", lambda device="cuda", isolated=False: opencv())
    rows = frame(paths)
    plain = {"name": "v", "precision": "float32", "device": "cpu"}
    found, wanted = (Score("image.embedding", **plain, decoder=d)(rows) for d in ("card", "host"))
    assert (
        found["v"].isna().tolist()
        == wanted["v"].isna().tolist()
        == [False] * 3 + [True] * 2 + [False]
    )
    for one, other in zip(found["v"].dropna(), wanted["v"].dropna(), strict=True):
        assert float(np.dot(one, other)) > 0.99


@pytest.mark.slow
def test_no_library_no_card():
    """In a process without the libraries: why, of each of them."""
    code = (
        "import sys; sys.modules['nvidia.nvimgcodec'] = sys.modules['torchvision'] = None\n"
        "from tamis.image.card_decoders import jpeg_decoder\nprint(jpeg_decoder('cpu').why)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "nvImageCodec: " in made.stdout and "torchvision: it is not installed" in made.stdout, (
        made
    )


def test_a_decoder_that_makes_other_pictures_is_not_taken():
    from tamis.errors import TamisError
    from tamis.image.card_decoders import _tried

    grey = lambda files: [torch.full((48, 64, 3), 128, dtype=torch.uint8)]  # noqa: E731
    with pytest.raises(TamisError, match="another picture"):
        _tried(CardDecoder("x", torch, torch.device("cpu"), grey))
    with pytest.raises(TamisError, match="refuses"):
        _tried(CardDecoder("x", torch, torch.device("cpu"), lambda files: [None]))
    assert isinstance(jpeg_decoder("cuda"), CardDecoder | Without)
