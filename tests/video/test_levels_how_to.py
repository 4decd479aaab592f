"""The how-to of videos, clips and transcripts runs from top to bottom, and does what it says."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from videos import made, panned

import tamis
from tamis import Cut, Filter, Pipeline, levels, video

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "levels.md"


def sources():
    """Videos with black clips, a short one, and what is no video."""
    Path("raw").mkdir()
    black = [np.zeros((144, 256, 3), np.uint8)]
    made("raw/long.mp4", [*panned(50), *black * 50, *panned(100)])  # its second clip is black
    made("raw/dark.mp4", [*panned(50), *black * 100])  # one clip is left: too few
    made("raw/other.mp4", panned(100, name="coffee"))
    made("raw/short.mp4", panned(25))
    Path("raw/text.mp4").write_text("404 Not Found")


def adds_up(run):
    """That of every record something is told, and of none twice."""
    rows, ledger = run.rows, run.ledger().compute()
    assert rows["in"] + rows["cut"] == rows["kept"] + rows["dropped"] == len(ledger)
    assert ledger.id.is_unique
    dropped = run.dropped().compute()
    assert dropped.dropped_why.notna().all() and dropped.dropped_by.notna().all()
    assert set(run.kept().compute().id) | set(dropped.id) == set(ledger.id)


def went(run):
    return run.dropped().compute().set_index("id").dropped_why.to_dict()


def test_the_how_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources()
    said = [
        ("long.mp4", 0.2, 1.8, "A first sentence."),
        ("long.mp4", 4.5, 6.0, "What all of them say."),
        ("other.mp4", 0.5, 1.5, "What all of them say."),
        ("other.mp4", 1.6, 1.9, "Hm."),
    ]
    with open("said.jsonl", "w") as file:
        for row in said:
            names = ("parent_id", "start", "end", "text")
            file.write(json.dumps(dict(zip(names, row, strict=True))) + "\n")
    page = HOW_TO.read_text("utf-8")
    names = {"__name__": "__main__"}
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)
    run = names["run"]
    assert run.dropped().compute().set_index("id").dropped_by.to_dict() == {
        "dark.mp4/1": "siblings_left",
        "dark.mp4/2": "black_ratio",
        "dark.mp4/3": "black_ratio",
        "long.mp4/2": "black_ratio",
        "short.mp4": "duration",
        "text.mp4": "duration",
    }
    usable = names["usable"]
    assert usable.kept().compute().id.tolist() == ["long.mp4", "other.mp4"]
    assert names["blame"].startswith(
        "children.none: none of 3 is left (black_ratio 2, siblings_left 1); min: 0 < 1"
    )
    recipe = Pipeline.from_yaml(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])
    assert recipe.steps[0] == Filter(levels.children_left, run="clips", min=1)
    table = names["table"].compute().set_index("id")
    assert table.clips.to_dict() == {
        "dark.mp4": 0, "long.mp4": 3, "other.mp4": 2, "short.mp4": 0, "text.mp4": 0
    }  # fmt: skip
    assert table.seconds["long.mp4"] == pytest.approx(8, abs=0.1)
    clips = names["clips"].compute().set_index("id")
    assert clips.text.dropna().to_dict() == {
        "long.mp4/1": "A first sentence.",
        "long.mp4/3": "What all of them say.",
        "other.mp4/1": "What all of them say. Hm.",
    }
    assert clips.spoken["other.mp4/1"] == pytest.approx(1.3) and clips.spoken["long.mp4/4"] == 0
    assert names["judged"].rows["kept"] == 5  # other.mp4/1 says more than long.mp4/3
    assert went(names["strict"]) == {
        "other.mp4/1": "overlap.dropped: 65 % of its time (exact_dedup, word_count); "
        "max: 0.65 > 0.3"
    }
    for name in ("run", "usable", "judged", "strict"):
        adds_up(names[name])


def test_videos_clips_frames_and_transcripts(tmp_path, monkeypatch):
    """Four levels: what goes at one takes along, by policy, what belongs to it at the others."""
    monkeypatch.chdir(tmp_path)
    sources()
    videos = tamis.read_files("raw/*.mp4")
    clips = Pipeline([Cut(video.windows, length=2, minimum=1)]).run(videos, "clips", max_errors=1)
    frames = Pipeline([
        Cut(video.windows, length=0.5, minimum=0.25), Filter(video.black_ratio, max=0.5),
    ]).run(clips.kept(), "frames")  # fmt: skip
    own = clips.kept().compute()
    texts = pd.DataFrame(
        {"id": own.id, "text": own.id.map({"long.mp4/1": "x", "other.mp4/1": "x"})}
    )
    texts = texts.assign(text=texts.text.fillna(own.id).astype("string"))
    said = Pipeline([tamis.ExactDedup()]).run(texts, "said", progress=False)
    assert went(said).keys() == {"other.mp4/1"}

    lit = Pipeline([Filter(levels.children_share, run="frames", min=0.5)]).run(clips.kept(), "lit")
    assert went(lit).keys() == {"long.mp4/2", "dark.mp4/2", "dark.mp4/3"}
    assert went(lit)["long.mp4/2"].startswith("children.none: none of 4 is left (black_ratio 4)")
    new = Pipeline([Filter(levels.record_kept, run="said", isin=[True])]).run(lit.kept(), "new")
    assert went(new) == {"other.mp4/1": "record.dropped: other.mp4/1 went by exact_dedup"}
    down = Pipeline([Filter(levels.parent_kept, run="new", isin=[True])])
    pictures = down.run(frames.kept(), "pictures")
    gone = pictures.dropped().compute().dropped_why
    assert set(gone) == {
        "parent.dropped: other.mp4/1 went by record_kept_said",
    } and len(gone) == 4  # fmt: skip
    every = Pipeline([Filter(levels.children_share, run="lit", min=1)]).run(videos, "every")
    assert every.kept().compute().id.tolist() == ["other.mp4", "short.mp4"]
    some = Pipeline([Filter(levels.children_left, run="lit", min=1)]).run(videos, "some")
    assert went(some).keys() == {"text.mp4"}
    assert went(some)["text.mp4"] == "children.none: there are none; min: 0 < 1"
    for run in (clips, frames, said, lit, new, pictures, every, some):
        adds_up(run)
