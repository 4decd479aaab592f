"""Frames that are too many to be held come block by block: the same values."""

import numpy as np
import pandas as pd
import pytest
from moving_pictures import encoded, film
from videos import made, panned

from tamis import Cut, Pipeline, Score, video
from tamis.framewise import embedded
from tamis.framewise.jpegs import frame_jpegs
from tamis.media import decoded
from tamis.media.ahead import following
from tamis.media.carried import Carried
from tamis.media.pointers import media
from tamis.video import views
from tamis.video.frame_blocks import FrameBlocks

GIVEN = {"fps": 25.0, "max_frames": 1000, "short_side": 64}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A film, one that ends early, a short one, and none."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "film.mp4").write_bytes(encoded(film()[:90]))
    made(folder / "whole.mkv", panned(120), gop=25)
    data = (folder / "whole.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(data[: len(data) * 2 // 3])
    made(folder / "short.mp4", panned(7), gop=25)
    return [str(folder / name) for name in ("film.mp4", "cut.mkv", "short.mp4", "none.mp4")]


def clips_of(paths):
    rows = media(pd.Series(paths, dtype=object))
    return views.clip(rows, views.video_header(rows, isolate=False), isolate=False)


class Means:
    """A model that knows the mean colour of a picture, and says how many it is given at a time."""

    def __init__(self):
        self.batches = []

    def prepare(self, picture):
        return picture.mean(axis=(0, 1))

    def compute(self, batch):
        self.batches.append(len(batch))
        return np.stack(batch)


def embeddings(paths):
    model = Means()
    frames = views.clip_frames(clips_of(paths), Carried(), **GIVEN)
    found = embedded.EmbeddedFrames(frames, lambda: model, 11, "means")
    return found.of_all(), model.batches, frames


def test_models_are_given_the_same_frames(paths, monkeypatch):
    whole, batches, frames = embeddings(paths)
    assert [one is None for one in whole] == [False, True, False, True]
    monkeypatch.setattr(views, "ROOM", 64 * 64 * 3 * 20)
    again, more, blocks = embeddings(paths)
    assert isinstance(blocks[0], FrameBlocks) and not isinstance(blocks[2], FrameBlocks)
    assert sum(len(block.times) for block in blocks[0]) == 90
    for one, other in zip(whole, again, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
    assert max(more) == 11 and sum(more) >= sum(batches) == 97
    assert blocks.problems[1].startswith("decode.truncated") and set(blocks.problems) == {1, 3}
    assert frames.problems == blocks.problems


def test_measures_and_jpegs_of_blocks_are_those_of_frames(paths, monkeypatch):
    rows = pd.DataFrame({"id": list("abcd"), "path": paths})
    steps = [
        Score("video.frame_measure", name=take, measure="image.entropy", take=take, isolate=False,
              **GIVEN)
        for take in ("max", "mean", "median")
    ]  # fmt: skip
    steps.append(Score(video.brightness, isolate=False))  # with it frames come from one pass
    windows = Cut(video.windows, length=1.3, minimum=0.1, isolate=False)
    work = [Pipeline(steps), Pipeline([windows, *steps])]
    whole = [one(rows) for one in work]
    pictures = list(frame_jpegs(views.clip_frames(clips_of(paths), Carried(), **GIVEN)))
    monkeypatch.setattr(views, "ROOM", 0)
    for one, expected in zip(work, whole, strict=True):
        pd.testing.assert_frame_equal(one(rows), expected, check_exact=True)
    again = frame_jpegs(views.clip_frames(clips_of(paths), Carried(), **GIVEN))
    assert list(again) == pictures
    assert whole[0]["max"].isna().tolist() == [False, True, False, True]


def test_one_item_is_made_ahead():
    made_so_far = []

    def items():
        for k in range(5):
            made_so_far.append(k)
            yield k

    some = following(items())
    assert next(some) == 0
    some.close()
    assert made_so_far in ([0], [0, 1])

    def failing():
        yield 1
        raise ValueError("no more")

    some = following(failing())
    assert next(some) == 1
    with pytest.raises(ValueError, match="no more"):
        next(some)
    assert decoded.ROOM == views.ROOM
