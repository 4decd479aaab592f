"""Clips of one long file: its index is read once, and frames are those of a file opened anew."""

import os
import random

import numpy as np
import pandas as pd
import pytest
from moving_pictures import encoded, film
from videos import made, panned

from tamis import Pipeline, Score, video
from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.pointers import media
from tamis.video import apart, packets
from tamis.video.views import clip, video_header

OPEN = {"preset": "veryfast", "x264-params": "open-gop=1:bframes=3:keyint=20:scenecut=0"}
FILES = {
    "mp4": ("libx264", OPEN), "matroska": ("libx264", {"preset": "ultrafast"}),
    "webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}), "avi": ("mpeg4", {}),
    "mpegts": ("libx264", {"preset": "ultrafast"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("files"), {}
    for format, (codec, options) in FILES.items():
        found[format] = folder / f"v.{format}"
        frames = film()[:200]
        found[format].write_bytes(encoded(frames, codec=codec, format=format, options=options))
    return found


@pytest.fixture
def opens(monkeypatch):
    found = []
    whole = containers.opened
    monkeypatch.setattr(containers, "opened", lambda *a, **k: found.append(1) or whole(*a, **k))
    yield found
    apart._closed()


def clip_of(path, start=None, end=None):
    rows = media(pd.Series([str(path)], dtype=object))
    spans = [None if one is None else pd.Series([one]) for one in (start, end)]
    return clip(rows, video_header(rows, isolate=False), *spans, isolate=False)[0]


def asked(path, header, work, **settings):
    """What the other process would answer, in this one."""
    place = {"path": str(path), "offset": None, "length": None}
    found, number = [], 0
    while True:
        part = apart.read_part(
            b"", place=place, header=header._asdict(), work=work, settings=settings, number=number
        )
        if part is None:
            return found
        found.append(part)
        number += 1


def alone(path, work, **settings):
    """The same of a file that is opened for it."""
    return list(clip_of(path).all_parts(work, **settings))


def told(function, *given, **settings):
    """What a function gives, or the reason why it does not."""
    try:
        return function(*given, **settings)
    except BadRecord as bad:
        return [bad.code, bad.detail.rpartition(": ")[2]]


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, tuple | list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("format", FILES)
def test_a_file_is_opened_once_and_gives_the_same(files, opens, format):
    path, chance = files[format], random.Random(format)
    header = clip_of(path).header
    works = [("frames", {"fps": 3.0, "short_side": 48}), ("frames", {"keyframes": True}),
             ("looks", {"looks": ("shots", "scan")}), ("frames", {"size": (9, 9), "grey": True}),
             ("packets", {})]  # fmt: skip
    opens.clear()
    fresh = 0
    for k in range(12):
        work, settings = works[(k * 3) % 5]
        start = round(chance.uniform(0, 6), 2)
        span = {} if work == "packets" else {"start": start, "end": start + chance.uniform(0.2, 2)}
        before = len(opens)
        given = span | settings
        found = told(asked, path, header, work, **given)
        fresh += len(opens) - before
        same(found, told(alone, path, work, **given))
    assert fresh <= 3 if format != "mpegts" else fresh >= 12


def test_what_was_asked_for_is_not_read_to_its_end(files, opens):
    """The one who asks may go away amid a clip; the next is given what is open."""
    path = files["mp4"]
    header = clip_of(path).header
    opens.clear()
    place = {"path": str(path), "offset": None, "length": None}
    for start in (0.0, 3.0, 1.5):
        settings = {"start": start, "end": start + 4, "block": 2}
        part = apart.read_part(
            b"", place=place, header=header._asdict(), work="frames", settings=settings
        )
        same(part, next(clip_of(path).all_parts("frames", **settings)))
    assert len(opens) == 1 + 2 * 3  # those opened for it, each with its header, and one


def test_a_file_in_the_place_of_another_is_opened(tmp_path, opens):
    path = made(tmp_path / "v.mp4", panned(30), gop=10)
    header = clip_of(path).header
    one = asked(path, header, "frames", start=0.0, end=None)
    made(tmp_path / "w.mp4", panned(30, name="coffee"), gop=10)
    os.replace(tmp_path / "w.mp4", path)
    other = asked(path, clip_of(path).header, "frames", start=0.0, end=None)
    assert not np.array_equal(one[0].pixels, other[0].pixels)
    same(other, list(clip_of(path).all_parts("frames", start=0.0, end=None)))


def test_damage_is_not_carried_on(tmp_path, opens):
    path = made(tmp_path / "v.mp4", panned(75), gop=25)
    data = bytearray(path.read_bytes())
    at = len(data) // 3
    data[at : at + 400] = bytes(400)
    path.write_bytes(data)
    header = clip_of(path).header
    for start in (0.0, 2.0, 0.5):
        found = asked(path, header, "frames", start=start, end=start + 1)
        same(found, list(clip_of(path).all_parts("frames", start=start, end=start + 1)))


def test_clips_of_a_file_share_its_header_and_its_packets(files, monkeypatch):
    read, demuxed = [], []
    header, whole = apart.header, packets.packets
    monkeypatch.setattr(apart, "header", lambda *a: read.append(a[1]) or header(*a))
    monkeypatch.setitem(apart.WORK, "packets", lambda *a: demuxed.append(1) or whole(*a))
    rows = pd.DataFrame({"path": [str(files["mp4"])] * 20 + [str(files["avi"])] * 3})
    rows["start"] = [0.3 * k for k in range(20)] + [0.0, 1.0, 2.0]
    rows["end"] = rows.start + 0.5
    steps = [Score(video.frame_count, isolate=False), Score(video.duration, isolate=False)]
    found = Pipeline(steps)(rows)
    assert len(read) == len(demuxed) == 2
    for row in found.itertuples():
        times = np.concatenate([f.times for f in clip_of(row.path, row.start, row.end).frames()])
        assert row.frame_count == len(times)
    missing = pd.DataFrame({"path": ["none.mp4", "none.mp4"]})
    assert Pipeline(steps)(missing).duration.isna().all()
    with pytest.raises(BadRecord, match=r"media.missing"):
        video.read_frames("none.mp4")
