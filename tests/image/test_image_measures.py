"""Measures of photographs against scikit-image, OpenCV, Pillow and the formulas written out."""

import io

import cv2
import numpy as np
import pandas as pd
import pytest
import skimage.measure
from photos import MEASURES, PHOTOS, coded, crops, opened, path, rgb
from PIL import Image, ImageFilter

import tamis
from tamis import Filter, Pipeline, Score, image

FILES = [path(name) for name in PHOTOS]


def perceived(pixels):
    r, g, b = (pixels[..., k].astype(float) for k in range(3))
    return np.sqrt(0.241 * r**2 + 0.691 * g**2 + 0.068 * b**2) / 255


def light(pixels):
    """What the measures of light and colour are, formula by formula."""
    gray = np.asarray(Image.fromarray(pixels).convert("L")).astype(float)
    r, g, b = (pixels[..., k].astype(float) for k in range(3))
    rg, yb = r - g, (r + g) / 2 - b
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV"))
    means = np.array([[[r.mean(), g.mean(), b.mean()]]])
    return {
        "brightness": perceived(means).item(),
        "brightness_percentile": np.percentile(perceived(pixels), 99),
        "dark_ratio": (perceived(pixels) < 0.1).mean(),
        "bright_ratio": (perceived(pixels) > 0.9).mean(),
        "contrast": gray.std() / 255,
        "entropy": skimage.measure.shannon_entropy(gray, base=2),
        "level_count": len(np.unique(gray)),
        "colorfulness": np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()),
        "saturation": hsv[..., 1].mean() / 255,
        "gray_ratio": (np.ptp(pixels.astype(int), axis=2) <= 8).mean(),
    }


NAMES = list(light(np.zeros((2, 2, 3), np.uint8)))
# of thumbnails: shrinking takes the extremes of noise; Hubble's stars are smaller than its pixels
NEAR = {"brightness_percentile": 0.04, "entropy": 0.2, "level_count": 40, "colorfulness": 2.5,
        "saturation": 0.03, "gray_ratio": 0.06}  # fmt: skip


def test_light_and_colour_exactly():
    pipeline = Pipeline([Score(f"image.{name}", exact=True, name=name) for name in NAMES])
    found = pipeline(pd.DataFrame({"path": FILES}))
    for row, name in enumerate(PHOTOS):
        for key, expected in light(rgb(name)).items():
            # perceived brightness is in steps of a quarter of a level
            near = 0.01 if key in ("dark_ratio", "bright_ratio") else 0.0005
            near = 0.005 if key == "saturation" else near  # Pillow cuts digits off
            assert found[key][row] == pytest.approx(expected, abs=near), (key, name)


def test_light_and_colour_of_thumbnails_are_near():
    names = [name for name in PHOTOS if name != "hubble_deep_field.jpg"]
    pipeline = Pipeline([Score(f"image.{name}") for name in NAMES])
    found = pipeline(pd.DataFrame({"path": [path(name) for name in names]}))
    for row, name in enumerate(names):
        for key, expected in light(rgb(name)).items():
            assert found[key][row] == pytest.approx(expected, abs=NEAR.get(key, 0.02)), (key, name)


def test_colorfulness_is_ordered_as_eyes_have_it():
    values = image.colorfulness([path("camera.png"), path("coffee.png"), path("astronaut.png")])
    assert values[0] == 0 < 33 < values[2] < values[1]


def test_grey_pictures_are_told_however_they_are_coded():
    gray = np.asarray(opened("camera.png"))
    as_rgb = np.repeat(gray[:, :, None], 3, axis=2)
    files = [coded(gray), coded(as_rgb, "JPEG", quality=75), coded(rgb("coffee.png"))]
    assert image.is_grayscale(files).tolist() == [True, True, False]
    assert image.gray_ratio(files).tolist()[:2] == [1, 1]
    assert image.channels(files).tolist() == [1, 3, 3]


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpness_is_the_variance_of_opencvs_laplacian(name):
    gray = cv2.imread(path(name), cv2.IMREAD_GRAYSCALE)
    expected = cv2.Laplacian(gray, cv2.CV_64F).var()
    # libraries differ by a level in how they make RGB grey
    assert image.sharpness(path(name)) == pytest.approx(expected, rel=0.02)
    blurred = coded(rgb(name)), coded(np.asarray(opened(name).convert("RGB").filter(
        ImageFilter.GaussianBlur(2))))  # fmt: skip
    for measure in (image.sharpness, image.thumbnail_sharpness):
        sharp, soft = measure(list(blurred))
        assert soft < 0.6 * sharp


def test_sharpness_at_one_size_hardly_depends_on_the_size_of_the_file():
    photo = opened("motorcycle_left.png").convert("RGB")
    files = [coded(np.asarray(photo.resize((4 * k, 3 * k)))) for k in (90, 120, 160, 480)]
    values = image.thumbnail_sharpness(files)
    assert values.max() < 2 * values.min()
    full = image.sharpness(files)
    assert full.max() > 4 * full.min()


def test_size_and_form():
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    rotated, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(rotated, "JPEG", quality=90, exif=exif)
    frames = io.BytesIO()
    first, *rest = (Image.fromarray(noise[::k, ::k, 0]).resize((20, 20)) for k in (1, 2, 3))
    first.save(frames, "GIF", save_all=True, append_images=rest)
    alpha = np.dstack([noise, np.full((40, 30), 128, np.uint8)])
    files = [coded(noise), coded(noise, "JPEG", quality=50), rotated.getvalue(),
             frames.getvalue(), coded(alpha), coded(noise[:, :, 0].astype(np.uint16) * 256),
             coded(noise, "WEBP"), coded(noise[:10], "BMP")]  # fmt: skip
    names = ["width", "height", "short_side", "format", "channels", "bit_depth", "has_alpha",
             "frame_count", "color_mode"]  # fmt: skip
    found = Pipeline([Score(f"image.{name}") for name in names])(pd.DataFrame({"path": files}))
    assert found[names].values.tolist() == [
        [30, 40, 30, "png", 3, 8, False, 1, "rgb"],
        [30, 40, 30, "jpeg", 3, 8, False, 1, "rgb"],
        [40, 30, 30, "jpeg", 3, 8, False, 1, "rgb"],
        [20, 20, 20, "gif", 1, 8, False, 3, "palette"],
        [30, 40, 30, "png", 4, 8, True, 1, "rgb"],
        [30, 40, 30, "png", 1, 16, False, 1, "grey"],
        [30, 40, 30, "webp", 3, 8, False, 1, "rgb"],
        [30, 10, 10, "bmp", 3, 8, False, 1, "rgb"],
    ]
    assert image.jpeg_quality(files[:3]).tolist() == [pd.NA, 50, 90]
    assert image.file_size(files).tolist() == [len(data) for data in files]
    assert image.megapixels(files[0]) == 0.0012
    assert image.width_to_height(files)[0] == pytest.approx(3 / 4)
    assert image.width_to_height(files)[2] == pytest.approx(4 / 3)
    assert image.aspect_ratio(files).tolist()[0] == pytest.approx(4 / 3)


def test_borders_of_photographs():
    photo = rgb("coffee.png")
    height, width = photo.shape[:2]
    framed = np.pad(photo, ((50, 50), (0, 0), (0, 0)), constant_values=0)
    boxed = np.pad(photo, ((30, 10), (40, 60), (0, 0)), constant_values=250)
    shares = [0, 100 / (height + 100), 1 - height * width / ((height + 40) * (width + 100))]
    for options in ({"format": "PNG"}, {"format": "JPEG", "quality": 75}):
        found = image.border_ratio([coded(pixels, **options) for pixels in (photo, framed, boxed)])
        assert np.abs(found - shares).max() < 0.015
    assert image.border_ratio(coded(np.full((20, 30, 3), 9, np.uint8))) == 1


def with_code(photo, side, text="https://example.org/tamis"):
    """A QR code pasted into a photo, and the share of it that the code takes."""
    code = cv2.QRCodeEncoder.create().encode(text)
    code = np.pad(code[2:-2, 2:-2], 4, constant_values=255)  # as much white as is asked for
    scale = max(1, round(side / code.shape[0]))
    code = np.kron(code, np.ones((scale, scale), np.uint8))
    photo = photo.copy()
    size = code.shape[0]
    photo[20 : 20 + size, 30 : 30 + size] = code[:, :, None]
    modules = size - 8 * scale
    return photo, modules**2 / (photo.shape[0] * photo.shape[1])


def test_qr_codes_are_found_and_photographs_have_none():
    assert (image.qr_code_ratio(FILES) == 0).all()
    for name in ("coffee.png", "astronaut.png", "rocket.jpg", "chelsea.png"):
        for side in (90, 150, 220):
            pixels, share = with_code(rgb(name), side)
            assert image.qr_code_ratio(coded(pixels)) == pytest.approx(share, rel=0.15), name


def test_unreadable_rows_have_no_value_and_a_reason():
    good, bad = coded(rgb("chelsea.png")), coded(rgb("chelsea.png"))[:20_000]
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "path": [good, bad, None, b"no picture"]})
    names = [name for name in MEASURES if name not in ("file_size",)]
    scores = Pipeline([Score(f"image.{name}") for name in names])(frame)
    decoded = [name for name in names if name not in
               ("width", "height", "short_side", "megapixels", "width_to_height", "aspect_ratio",
                "format", "channels", "color_mode", "bit_depth", "has_alpha", "frame_count",
                "jpeg_quality", "cleanvision_size")]  # fmt: skip
    assert scores[decoded].isna().values.tolist()[1:] == [[True] * len(decoded)] * 3
    assert scores[names].isna().all(axis=1).tolist() == [False, False, True, True]
    assert scores[[n for n in names if n != "jpeg_quality"]].notna().all(axis=1).tolist()[0]
    for name in ("brightness", "perceptual_hash", "cleanvision_blur", "thumbnail_sharpness"):
        bounds = {"isin": ["0"], "invert": True} if name.endswith("hash") else {"min": 0}
        why = Filter(f"image.{name}", **bounds).explain(frame).dropped_why.tolist()
        assert pd.isna(why[0])
        assert [reason.partition(":")[0] for reason in why[1:]] == [
            "decode.truncated", "media.null", "decode.format",
        ]  # fmt: skip


def test_one_decode_serves_all_measures(monkeypatch):
    from tamis.image import views

    seen = []
    real = views.decode
    monkeypatch.setattr(views, "decode", lambda data, **how: seen.append(how) or real(data, **how))
    names = [name for name in MEASURES if name not in ("sharpness", "qr_code_ratio")]
    Pipeline([Score(f"image.{name}") for name in names])(pd.DataFrame({"path": FILES[:3]}))
    assert len(seen) == 3 and all(how["short_side"] == 256 for how in seen)


def test_crops_of_any_size_have_all_values():
    files = [coded(pixels[: 3 + 40 * k, : 1 + 25 * k]) for k, pixels in
             enumerate(crops("coffee.png", 9))]  # fmt: skip
    names = [name for name in MEASURES if name != "jpeg_quality"]
    found = Pipeline([Score(f"image.{name}") for name in names])(pd.DataFrame({"path": files}))
    assert found.notna().all().all()


def test_impossible_bounds_are_refused():
    with pytest.raises(tamis.TamisError, match="impossible"):
        Filter(image.brightness, min=2)
    with pytest.raises(tamis.TamisError, match="bits=65"):
        Score(image.perceptual_hash, bits=65)
