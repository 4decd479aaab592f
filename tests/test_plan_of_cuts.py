"""A plan of a cascade that cuts: what is kept of what it cuts, and what decoding takes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import soundfile

from tamis import Cut, Filter, Pipeline, audio


def test_cuts_and_decoding(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * 44_100)
    paths = [tmp_path / f"{k}.flac" for k in range(4)]
    for path in paths:
        soundfile.write(path, noise, 44_100)
    rows = pd.DataFrame({"id": list("abcd"), "path": pd.array(list(map(str, paths)), "string")})
    steps = [Filter(audio.rms_level, min=-60), Cut(audio.windows, length=5.0)]
    plan = Pipeline(steps).plan(rows)
    assert (plan.figures["rows"]["in"], plan.figures["rows"]["cut"]) == (4, 12)
    told = dict(plan.summary())
    assert told["rows cut out of them"] == "about 16"
    assert told["rows kept"] == "about 16 (100 %), 16 to 16"
    seconds = plan.steps().seconds
    assert list(seconds.index) == ["rms_level", "windows"]  # a cut's settings are not in its name
    assert seconds["rms_level"] > plan.figures["work"]["writing and the rest"]


def test_as_a_module():
    told = subprocess.run(
        [sys.executable, "-m", "tamis", "show", "audio.fingerprint"], capture_output=True, text=True
    ).stdout
    assert told.rstrip().endswith("- score: audio.fingerprint")  # no filter by values nobody knows
