"""A long video looked at by several decoders at once: to the last bit what one of them sees."""

import functools
import multiprocessing
import os
import random
import threading
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moving_pictures import SIZE, black, encoded, faded, film, shot
from videos import made, panned

from tamis import Cut, Pipeline, Score, video
from tamis.codes import BadRecord
from tamis.media import idle
from tamis.media.pointers import media
from tamis.media.spilled import Spilled
from tamis.video import passes, sections
from tamis.video.seams import Section, sewn
from tamis.video.stills import Asked
from tamis.video.views import clip, video_header

LOOKS = ("shots", "scan", "flow", "words")
OPEN = {"x264-params": "open-gop=1:bframes=3:keyint=20:scenecut=0"}
PERIODIC = {"x264-params": "intra-refresh=1:keyint=30"}
CODECS = {
    "h264": ("libx264", "mp4", {"preset": "veryfast"} | OPEN),
    "refresh": ("libx264", "mp4", {"preset": "veryfast"} | PERIODIC),
    "hevc": ("libx265", "matroska", {"preset": "ultrafast", "x265-params":
             "open-gop=1:bframes=3:keyint=20:log-level=none"}),
    "vp9": ("libvpx-vp9", "webm", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "mpeg4": ("mpeg4", "avi", {}),
}  # fmt: skip


def pictures():
    """What a look must know the past of: cuts, flashes, fades, stills, black."""
    return [*film(), *shot(2, 30), *black(25), *faded(shot(5, 20), 0, 1)]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    found = {}
    frames = pictures()
    for name, (codec, format, options) in CODECS.items():
        path = folder / f"{name}.{format}"
        path.write_bytes(encoded(frames, codec=codec, format=format, options=options))
        found[name] = str(path)
    steps = random.Random(1).choices([20, 33, 40, 41, 90, 400], k=len(frames))
    uneven = np.cumsum([0, *steps[:-1]]).tolist()
    path = made(folder / "uneven.mkv", frames, times=uneven, bf="2", gop=25)
    return found | {"uneven": str(path)}


def clip_of(path, start=None, end=None, isolate=False):
    rows = media(pd.Series([str(path)], dtype=object))
    spans = [None if one is None else pd.Series([one]) for one in (start, end)]
    return clip(rows, video_header(rows, isolate=isolate), *spans, isolate=isolate)[0]


@functools.cache
def undivided(path, start=None, end=None, looks=LOOKS):
    one = clip_of(path, start, end)
    return sections.joined(list(one.parts("looks", looks=looks)), looks)


def same(one, other):
    for name in LOOKS:
        whole, found = getattr(one, name), getattr(other, name)
        assert (whole is None) == (found is None), name
        for field, left, right in zip(whole._fields, whole, found, strict=True) if whole else ():
            np.testing.assert_array_equal(left, right, f"{name}.{field}")
            assert getattr(left, "dtype", None) == getattr(right, "dtype", None)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from([*CODECS, "uneven"]),
    st.lists(st.floats(0.1, 0.95), min_size=1, max_size=3, unique=True),
)
@example("h264", [0.4, 0.66])  # amid what stands still, and amid what creeps
@example("vp9", [0.4, 0.6, 0.62, 0.64])
@example("uneven", [0.6, 0.7])
def test_wherever_it_is_divided(films, name, places):
    one = clip_of(films[name])

    def again(start):
        return (part.shots for part in one.all_parts("looks", start=start, looks=("shots",)))

    edges = [0.0, *sorted(place * one.told for place in places)]
    ends = [*(edge + 0.3 for edge in edges[1:]), None]
    found = [
        Section(at, sections.joined(list(one.all_parts(
            "looks", start=max(0.0, at - 1.5), end=end, looks=LOOKS)), LOOKS))
        for at, end in zip(edges, ends, strict=True)
    ]  # fmt: skip
    whole = sewn(found, again)
    assert whole is not None or min(np.diff([*edges, 99])) < 1.5
    if whole is not None:
        same(undivided(films[name]), whole)


def test_a_picture_that_stands_is_that_of_the_whole(tmp_path):
    """Frames that creep are still for a while by the one that stood, not by the one before."""
    frames = shot(0, 40)
    for k in range(120):
        picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        picture[:, : k + 8] = 96
        frames.append(picture)
    path = tmp_path / "v.mkv"
    options = {"qp": "0", "preset": "ultrafast"}
    path.write_bytes(encoded([*frames, *shot(1, 40)], format="matroska", options=options))
    one, asked = clip_of(path), []

    def again(start):
        asked.append(start)
        return (part.shots for part in one.all_parts("looks", start=start, looks=("shots",)))

    whole = undivided(str(path), looks=("shots",))
    found = [Section(0.0, whole)]
    for at in (3.04, 4.04, 4.8):
        parts = list(one.all_parts("looks", start=at - 0.7, looks=("shots",)))
        found.append(Section(at, sections.joined(parts, ("shots",))))
    same(whole, sewn(found, again))
    stands = whole.shots.times[~whole.shots.still]
    assert asked and set(asked) <= set(stands)
    mistaken = found[1].seen.shots.still[-80:] != whole.shots.still[-80:]
    assert mistaken.any()


@pytest.fixture
def divided(monkeypatch):
    """Clips of two seconds are long, and there are cores; the spans that were decoded."""
    monkeypatch.setattr(sections, "SHORTEST", 1.0)
    monkeypatch.setattr(passes.looked, "__kwdefaults__", {
        "part": 20, "looks": (), "stills": None, "starts": (),
    })  # fmt: skip
    monkeypatch.setattr(idle, "allowed", lambda: 4)
    monkeypatch.setattr(sections, "_LEADS", (0.5, 1.0, 8.0))
    spans = []
    whole = passes.decoded

    def noted(file, header, start=0.0, end=None, **rest):
        spans.append(start)
        for one in whole(file, header, start, end, **rest):
            time.sleep(1e-3)  # threads take turns
            yield one

    monkeypatch.setattr(passes, "decoded", noted)
    return spans


@pytest.mark.parametrize("name", [*CODECS, "uneven"])
def test_idle_cores_take_halves(films, divided, name):
    found = sections.looked(clip_of(films[name]), LOOKS)
    assert len(divided) > 1 and divided[0] == 0.0, "it was not divided"
    same(undivided(films[name]), found)


def test_frames_are_kept_by_all(films, divided):
    asked = Asked(32, [(0.0, None, 3.7), (2.1, 7.3, 25.0)])
    aside = Spilled()
    one = clip_of(films["h264"])
    found = sections.looked(one, ("shots", "scan"), asked, aside).stills
    assert len(divided) > 1
    (whole,) = one.parts("looks", looks=("scan",), stills=tuple(asked), part=10_000)
    for name in ("times", "shown", "damaged"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole.stills, name))
    np.testing.assert_array_equal([aside.get(place) for place in found.pixels], whole.stills.pixels)
    assert len(found.shown) > 130 and found.sound


def test_a_part_of_a_file_and_another_process(films, divided):
    found = sections.looked(clip_of(films["h264"], 1.3, 11.1), ("shots", "scan"))
    assert len(divided) > 1
    same(undivided(films["h264"], 1.3, 11.1, ("shots", "scan")), found)


def test_several_processes_decode_it(films, monkeypatch):
    monkeypatch.setattr(sections, "SHORTEST", 1.0)
    monkeypatch.setattr(idle, "allowed", lambda: 4)
    asked = []
    one = clip_of(films["h264"], isolate=True)

    class Noted(sections._Divided):
        def _asked(self, start):
            asked.append(start)
            return self.ask("looks", start=start, end=self.one.end, looks=self.looks, part=20)

    monkeypatch.setattr(sections, "_Divided", Noted)
    found = sections.looked(one, LOOKS)
    assert len(asked) > 1
    same(undivided(films["h264"]), found)


def test_rows_say_the_same_and_only_long_videos_are_divided(films, divided, monkeypatch):
    rows = pd.DataFrame({"id": ["a", "b"], "path": [films["h264"], films["vp9"]]})
    names = ("motion", "sharpness", "flicker", "is_still")
    steps = [Cut(video.scenes, isolate=False),
             *(Score(getattr(video, name), isolate=False) for name in names),
             Score("video.frame_measure", measure="image.entropy", fps=3, isolate=False),
             Score(video.fingerprint, isolate=False)]  # fmt: skip
    found = Pipeline(steps)(rows)
    assert len(divided) > 2
    divided.clear()
    monkeypatch.setattr(sections, "SHORTEST", 30.0)
    pd.testing.assert_frame_equal(Pipeline(steps)(rows), found, check_exact=True)
    clips = set(found.start)
    assert divided[:2] == [0.0, 0.0] and set(divided[2:]) <= clips


def test_damage_is_that_of_one_decode(tmp_path, divided):
    """A damaged video is looked at in one go: a decoder that begins elsewhere sees other damage."""
    path = made(tmp_path / "v.mp4", panned(300), gop=25)
    data = bytearray(path.read_bytes())
    for part in (0.5, 0.8):
        at = int(len(data) * part)
        data[at : at + 400] = bytes(400)
    path.write_bytes(data)
    found = sections.looked(clip_of(path), ("shots", "scan"))
    assert not found.scan.sound and len(divided) > 1
    same(undivided(str(path), looks=("shots", "scan")), found)


def test_a_file_that_ends_early_says_so_once(tmp_path, divided):
    path = tmp_path / "v.mkv"
    whole = encoded(shot(1, 300), format="matroska")
    path.write_bytes(whole[: len(whole) * 2 // 3])
    before = threading.active_count()
    with pytest.raises(BadRecord, match=r"decode.truncated"):
        sections.looked(clip_of(path), ("shots",))
    assert threading.active_count() <= before + 2  # those of the decoders, which are kept


def test_where_sections_do_not_agree_all_is_looked_at_again(films, divided, monkeypatch):
    monkeypatch.setattr(sections, "sewn", lambda *given: None)
    found = sections.looked(clip_of(films["h264"]), LOOKS)
    assert divided[-1] == 0.0 and divided.count(0.0) == 2
    same(undivided(films["h264"]), found)


def test_another_picture_in_the_frames_before_is_seen(films):
    """What was seen twice must be the same: one level of one field is enough."""
    one = clip_of(films["h264"])
    parts = [sections.joined(list(one.all_parts("looks", start=at, looks=LOOKS)), LOOKS)
             for at in (0.0, 4.0)]  # fmt: skip
    whole = [Section(0.0, parts[0]), Section(5.0, parts[1])]
    assert sewn(whole, lambda start: iter(())) is not None
    fields = parts[1].scan.fields.copy()
    fields[20, 3, 3] ^= 1
    other = parts[1]._replace(scan=parts[1].scan._replace(fields=fields))
    assert sewn([whole[0], Section(5.0, other)], lambda start: iter(())) is None


def _hold(count, said, wait):
    held = [idle.take() for _ in range(count)]
    said.put(sum(core is not None for core in held))
    wait.wait(30)
    os._exit(1)  # nothing is given back


def test_cores_are_shared_by_processes_that_may_die(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(idle, "allowed", lambda: 3)
    forks = multiprocessing.get_context("fork")
    said, wait = forks.Queue(), forks.Event()
    other = forks.Process(target=_hold, args=(2, said, wait))
    other.start()
    assert said.get(timeout=30) == 2
    mine = idle.take()
    assert mine is not None and idle.take() is None
    wait.set()
    other.join(30)
    again = [idle.take(), idle.take(), idle.take()]
    assert [core is not None for core in again] == [True, True, False]
    mine.free()
    with idle.used():
        assert idle.take() is None
    assert idle.take() is not None


def test_a_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"tamis-cores-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    assert idle.take() is None and not list((tmp_path / "elsewhere").iterdir())


def test_a_group_of_processes_may_have_fewer_cores(tmp_path, monkeypatch):
    told = tmp_path / "cpu.max"
    monkeypatch.setattr(idle, "_QUOTAS", (str(told),))
    monkeypatch.setattr(idle, "cores", lambda: 8)
    for said, count in (("max 100000\n", 8), ("250000 100000\n", 2), ("5000 100000\n", 1),
                        ("nonsense", 8)):  # fmt: skip
        told.write_text(said)
        assert idle.allowed() == count
