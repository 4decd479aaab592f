"""`isin` is checked against all that a measure can be, at the call."""

import pytest

from tamis import Filter, audio, image, text
from tamis.errors import SettingError
from tamis.op import measure
from tamis.recipe import load


@pytest.mark.parametrize(
    ("op", "isin", "told"),
    [
        (image.format, ["jpg"], "isin='jpg': image.format is never that; did you mean 'jpeg'?"),
        (image.format, ["png", "TIF"], "isin='TIF': image.format is never that; did you mean"),
        (image.format, "JPEG", "isin='JPEG': image.format is never that; did you mean 'jpeg'?"),
        (image.format, ["x"], "never that (it is one of jpeg, png, webp, gif, tiff, bmp,"),
        (image.color_mode, ["gray"], "did you mean 'grey'?"),
        (audio.format, ["m4a"], "isin='m4a': audio.format is never that"),
        (audio.quality_band, ["best"], "one of excellent, good, moderate, fair, poor"),
        (text.language, ["EN"], "did you mean 'en'?"),
        (text.language, ["english"], "… (176 in all)"),
        (text.language, [1], "isin=1: text.language is text"),
        (text.language, [None], "isin=None: text.language is text"),
        (image.has_alpha, ["true"], "isin='true': image.has_alpha is true or false"),
        (image.channels, ["3"], "isin='3' is not a number"),
        (image.channels, [3, 7], "isin=7 is impossible, image.channels lies between 1 and 5"),
    ],
)  # fmt: skip
def test_what_never_is(op, isin, told):
    for invert in (False, True):
        with pytest.raises(SettingError) as error:
            Filter(op, isin=isin, invert=invert)
        assert told in str(error.value)


def test_what_may_be():
    Filter(image.format, isin=["jpeg", "png"])
    Filter(image.has_alpha, isin=[False])
    Filter(image.channels, isin=[1, 3.0])
    Filter(text.language, isin=["en", "de"], null="keep")
    Filter(image.perceptual_hash, isin=["anything"])


def test_values_that_settings_decide():
    asked = {"labels": ("cat", "dog"), "model": "open_clip:x"}
    Filter(image.zero_shot_label, isin=["cat"], **asked)
    with pytest.raises(SettingError, match=r"isin='dogs': .* never that; did you mean 'dog'"):
        Filter(image.zero_shot_label, isin=["dogs"], **asked)


def test_a_recipe_quotes_the_line():
    with pytest.raises(SettingError, match=r"(?s)line 3: .*never that.*3 \| isin: \[jpg\]"):
        load("steps:\n- filter: image.format\n  isin: [jpg]\n")


def test_a_measure_of_ones_own():
    @measure(dtype="string", values=("low", "high"), namespace="test_closed_values")
    def level(text):
        return text.str.len().gt(3).map({True: "high", False: "low"})

    with pytest.raises(SettingError, match=r"isin='hihg': .* never that; did you mean 'high'"):
        Filter(level, isin=["hihg"])
