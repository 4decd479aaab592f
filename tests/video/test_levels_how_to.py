"""The how-to of videos, clips and transcripts runs from top to bottom, and does what it says."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from videos import made, panned

from tamis import registry

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "levels.md"


def test_the_how_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    black = [np.zeros((144, 256, 3), np.uint8)]
    made("raw/long.mp4", [*panned(50), *black * 50, *panned(100)])  # its second clip is black
    made("raw/dark.mp4", [*panned(50), *black * 100])  # one clip is left: too few
    made("raw/other.mp4", panned(100, name="coffee"))
    made("raw/short.mp4", panned(25))
    Path("raw/text.mp4").write_text("404 Not Found")
    said = [
        ("long.mp4", 0.2, 1.8, "A first sentence."),
        ("long.mp4", 4.5, 6.0, "What all of them say."),
        ("other.mp4", 0.5, 1.5, "What all of them say."),
        ("other.mp4", 1.6, 1.9, "Hm."),
    ]
    with open("said.jsonl", "w") as file:
        for row in said:
            file.write(json.dumps(dict(zip(("video", "start", "end", "text"), row, strict=True))))
            file.write("\n")
    monkeypatch.setattr(registry, "OPS", dict(registry.OPS))  # the page defines an op
    names = {"__name__": "__main__"}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)
    assert names["gone"].set_index("id").dropped_by.to_dict() == {
        "dark.mp4/1": "clips_left",
        "dark.mp4/2": "black_ratio",
        "dark.mp4/3": "black_ratio",
        "long.mp4/2": "black_ratio",
        "short.mp4": "duration",
        "text.mp4": "duration",
    }
    counts = names["whole"].set_index("id").clips
    assert counts.dropna().to_dict() == {"long.mp4": 3, "other.mp4": 2}
    assert len(counts) == 5 and names["usable"].id.tolist() == ["long.mp4", "other.mp4"]
    clips = names["clips"].set_index("id")
    assert clips.text.dropna().to_dict() == {
        "long.mp4/1": "A first sentence.",
        "long.mp4/3": "What all of them say.",
        "other.mp4/1": "What all of them say. Hm.",
    }
    judged = names["judged"].set_index("id")
    assert judged.dropped_by.isna().all()  # other.mp4/1 says more than long.mp4/3
    assert clips.said_before["other.mp4/1"] == pytest.approx((1.0 + 0.3) / 2)
    strict = names["strict"].set_index("id")
    assert strict.index[strict.dropped_by.notna()].tolist() == ["other.mp4/1"]
    same = names["clips"].assign(text=names["clips"].text.where(~names["clips"].spoken, "one text"))
    again = names["judge"].explain(same).set_index("id")
    assert again.dropped_by.dropna().index.tolist() == ["long.mp4/3", "other.mp4/1"]
    assert pd.isna(again.dropped_by["long.mp4/4"])  # nobody speaks in it
