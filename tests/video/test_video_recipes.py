"""The recipes for videos, over videos of which each bound must drop one."""

import cv2
import numpy as np
import pandas as pd
import pytest
from moving_pictures import black, encoded, shot

from tamis import Pipeline

pytest.importorskip("av")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")

    def large(frames):
        return [cv2.resize(f, (464, 260)) for f in frames]

    made = {
        "good": large([*shot(0, 75, 2), *shot(1, 75, 2), *shot(2, 230, 0.8)]),
        "same": large([*shot(0, 75, 2), *shot(1, 75, 2), *shot(2, 230, 0.8)]),
        "small": shot(3, 75, 2),
        "still": large(shot(3, 1) * 75),
        "dark": large(black(75)),
        "bars": [np.pad(f, ((90, 90), (0, 0), (0, 0))) for f in large(shot(5, 75, 2))],
        "short": large(shot(1, 30)),
    }
    rows = []
    for name, frames in made.items():
        (folder / f"{name}.mp4").write_bytes(encoded(frames, options={"preset": "ultrafast"}))
        rows.append((name, str(folder / f"{name}.mp4")))
    return pd.DataFrame(rows, columns=["id", "path"]).astype("string")


def test_clips_basic(videos):
    found = Pipeline.from_yaml("clips-basic").explain(videos).set_index("id")
    why = found["dropped_by"].to_dict()
    kept = [name for name, by in why.items() if pd.isna(by)]
    assert kept == ["good/1", "good/2", "good/3"]
    assert why["small/1"] == "short_side" and why["still/1"] == "is_still"
    assert why["dark/1"] == "is_still" and why["bars/1"] == "letterbox"
    assert why["short"].startswith("scenes")
    assert [why[f"same/{k}"] for k in (1, 2, 3)] == ["fingerprint_dedup"] * 3
    length = found["end"] - found["start"]
    assert length["good/1"] == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize(
    ("recipe", "kept"),
    [
        ("curator-video", ["good/1", "good/2", "same/1", "same/2"]),
        ("open-sora", ["good/1", "good/2", "good/3"]),
        ("panda", ["good/1", "good/2", "good/3", "good/4"]),
    ],
)
def test_published_cuts(videos, recipe, kept):
    found = Pipeline.from_yaml(recipe).explain(videos).set_index("id")
    stay = found.index[found["dropped_by"].isna()].tolist()
    assert set(kept) <= set(stay)
    assert "short" not in stay and "short/1" not in stay
    if recipe == "panda":  # 9.2 s: 5 s and what is left
        assert found.loc["good/3", "end"] - found.loc["good/3", "start"] == pytest.approx(5.0)
        assert not any(name.startswith("still") for name in stay)
    if recipe == "curator-video":
        assert found.loc["still/1", "dropped_by"] == "motion_score_global_mean"


def test_relative_cut(videos):
    found = Pipeline.from_yaml("svd").explain(videos).set_index("id")
    gone = found.index[found["dropped_by"] == "motion"]
    assert {"still/1", "dark/1"} <= set(gone)
