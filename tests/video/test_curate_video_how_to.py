"""The how-to of curating video runs from top to bottom, and does what it says."""

import re
from pathlib import Path

import numpy as np
from videos import made, panned

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "curate-video.md"


def test_the_how_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    made("raw/good.mp4", panned(30))
    made("raw/black.mp4", [np.zeros((144, 256, 3), np.uint8)] * 30)
    made("raw/short.mp4", panned(5))
    made("raw/still.mp4", [next(panned(1))] * 75, gop=250, crf="3")
    Path("raw/text.mp4").write_text("404 Not Found")
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(block, names)
    gone = names["gone"].set_index("id").dropped_by.to_dict()
    assert gone == {
        "black.mp4": "black_ratio",
        "short.mp4": "duration",
        "still.mp4": "frozen_ratio",
        "text.mp4": "short_side",
    }
    kept = names["run"].kept().compute()
    assert kept.id.tolist() == ["good.mp4"] and kept["camera_shake"].item() < 0.01
    entropies = names["looked"].set_index("id").entropy
    assert entropies["black.mp4"] == 0 < entropies["good.mp4"]
    assert names["found"].pixels.shape[1:] == (128, 228, 3)
