"""The `cleanvision` recipes against what CleanVision 0.3.7 itself says of the same pictures."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from photos import coded, path, rgb
from PIL import Image, ImageFilter

from tamis import Pipeline, Score, image

# What CleanVision 0.3.7 (Pillow 13.0) finds: brightness, brightness_perc_99, brightness_perc_5,
# entropy, aspect_ratio, blurry_score; written down from `ImageProperty.calculate` and `get_scores`.
FOUND = {
    "astronaut.png": [0.450407, 0.973614, 0.0, 8.95728, 1.0, 0.779486],
    "chelsea.png": [0.469771, 0.706234, 0.249488, 8.641568, 0.665188, 0.430582],
    "coffee.png": [0.417351, 0.941072, 0.067574, 8.971172, 0.666667, 0.493632],
    "rocket.jpg": [0.239013, 0.752195, 0.104357, 8.322685, 0.667188, 0.328209],
    "hubble_deep_field.jpg": [0.076312, 0.671298, 0.023529, 6.751798, 0.872, 0.85685],
    "camera.png": [0.50612, 0.901961, 0.047059, 7.231695, 1.0, 0.668525],
    "coins.png": [0.379826, 0.847059, 0.117647, 7.524412, 0.789062, 0.539473],
    "moon.png": [0.439881, 0.552941, 0.376471, 4.884989, 1.0, 0.711157],
    "page.png": [0.672725, 0.945098, 0.227451, 7.44368, 0.497396, 0.540031],
    "motorcycle_left.png": [0.424196, 0.899148, 0.082874, 9.316222, 0.674764, 0.557141],
    "brick.png": [0.43708, 0.741176, 0.364706, 5.455265, 1.0, 0.86724],
    "text.png": [0.50691, 0.619608, 0.313725, 6.133722, 0.383929, 0.391348],
    "color.png": [0.299662, 0.965997, 0.0, 7.075563, 0.997305, 0.429283],
}
COLUMNS = ["brightness", "dark", "light", "entropy", "aspect_ratio", "blur"]
# of the thumbnail: stars smaller than its pixels are fainter in it
NEAR = [0.002, 0.035, 0.02, 0.1, 1e-5, 0.02]
STARS = [0.002, 0.1, 0.02, 1.0, 1e-5, 0.02]
EXACT = [1e-5, 6e-4, 6e-4, 1e-5, 1e-5, 1e-5]

# What CleanVision 0.3.7 says of the sizes of these: its `odd_size_score`, an issue below 0.5.
SIZES = {
    "astronaut.png": 0.928571,
    "brick.png": 0.928571,
    "camera.png": 0.928571,
    "cell.png": 0.848592,
    "chelsea.png": 0.944012,
    "chessboard_GRAY.png": 0.795681,
    "chessboard_RGB.png": 0.795681,
    "clock_motion.png": 0.925079,
    "coffee.png": 0.948105,
    "coins.png": 0.92039,
    "color.png": 0.94637,
    "grass.png": 0.928571,
    "gravel.png": 0.928571,
    "horse.png": 0.939048,
    "hubble_deep_field.jpg": 0.555774,
    "ihc.png": 0.928571,
    "logo.png": 0.939177,
    "microaneurysms.png": 0.709068,
    "moon.png": 0.928571,
    "motorcycle_left.png": 0.843119,
    "motorcycle_right.png": 0.843119,
    "page.png": 0.858273,
    "phantom.png": 0.972442,
    "retina.jpg": 0.13403,
    "rocket.jpg": 0.91906,
    "text.png": 0.864255,
}


def measured(files, exact):
    scores = [
        Score(image.brightness, exact=exact, name="brightness"),
        Score(image.brightness_percentile, q=99, exact=exact, name="dark"),
        Score(image.brightness_percentile, q=5, exact=exact, name="light"),
        Score(image.cleanvision_entropy, exact=exact, name="entropy"),
        Score(image.aspect_ratio),
        Score(image.cleanvision_blur, exact=exact, name="blur"),
    ]
    found = Pipeline(scores)(pd.DataFrame({"path": files}))
    return found.assign(aspect_ratio=1 / found.aspect_ratio)[COLUMNS].values.tolist()


@pytest.mark.parametrize("exact", [False, True])
def test_values_are_cleanvisions(exact):
    files = [path(name) for name in FOUND]
    for name, row in zip(FOUND, measured(files, exact), strict=True):
        near = EXACT if exact else STARS if name.startswith("hubble") else NEAR
        for column, value, expected, far in zip(COLUMNS, row, FOUND[name], near, strict=True):
            assert value == pytest.approx(expected, abs=far), (name, column)


def test_odd_sizes_are_cleanvisions():
    """The score is 1 - |size - middle| / width of the range, which shows both bounds."""
    frame = pd.DataFrame({"id": list(SIZES), "path": [path(name) for name in SIZES]})
    step = Pipeline.from_yaml("cleanvision").steps[0]
    found = Pipeline([step]).explain(dd.from_pandas(frame, npartitions=4)).compute()
    assert found.id[found.dropped_by.notna()].tolist() == ["retina.jpg"]
    bounds = step.bounds.settled(lambda: [found.odd_size.to_numpy()])
    middle, width = (bounds.max + bounds.min) / 2, bounds.max - bounds.min
    scores = 1 - np.clip((found.odd_size - middle).abs() / width, 0, 1)
    assert scores.tolist() == pytest.approx(list(SIZES.values()), abs=1e-6)


def flawed():
    """Pictures with one flaw each, and what CleanVision calls it (checked with 0.3.7)."""
    photo = rgb("coffee.png")
    wide = Image.fromarray(photo).filter(ImageFilter.GaussianBlur(25))
    yield "fine", coded(photo)
    yield "dark", coded((photo * 0.2).astype(np.uint8))
    yield "light", coded((252 + photo // 85).astype(np.uint8))
    yield "odd_aspect_ratio", coded(photo[:100])
    yield "low_information", coded(np.kron(
        [[0, 250, 0], [250, 0, 250]], np.ones((99, 99)))
        .astype(np.uint8)[..., None].repeat(3, axis=2))  # fmt: skip
    yield "blurry", coded(np.asarray(wide))
    yield "grayscale", coded(np.asarray(Image.fromarray(photo).convert("L")))


@pytest.mark.parametrize("name", ["cleanvision", "cleanvision@exact"])
def test_each_issue_is_found_by_its_filter(name):
    issues, files = zip(*flawed(), strict=True)
    frame = pd.DataFrame({"id": issues, "path": files})
    found = Pipeline.from_yaml(name).explain(frame)
    names = found.dropped_by.fillna("fine").tolist()
    assert dict(zip(issues, names, strict=True)) == {issue: issue for issue in issues}
