"""What a cut learned of a video serves its clips: the same values, decoded once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moving_pictures import encoded, film
from videos import made, panned

import tamis
from tamis import Cut, Filter, Pipeline, Score, video
from tamis.media import carried as carrying
from tamis.media import spilled
from tamis.media.carried import Carried, Wish
from tamis.media.pointers import media
from tamis.video import frames, passes
from tamis.video.fingerprints import picture_words, words_of
from tamis.video.learned import LOOKS, seen_of
from tamis.video.ticks import Ticks
from tamis.video.views import clip, clip_frames, video_header

ALL = (
    "brightness", "contrast", "sharpness", "black_ratio", "frozen_ratio", "letterbox", "flicker",
    "motion", "motion_score_global_mean", "motion_score_per_patch_min_256", "camera_shake",
    "is_still", "damaged_frames", "optical_flow",
)  # fmt: skip
MEASURES = [Score(getattr(video, name), isolate=False) for name in ALL]
SCENES = Cut(video.scenes, isolate=False)
CODECS = {"h264": ("libx264", "mp4"), "vp9": ("libvpx-vp9", "webm")}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    found = {}
    for name, (codec, format) in CODECS.items():
        fast = {"deadline": "realtime", "cpu-used": "8"} if name == "vp9" else {}
        path = folder / f"{name}.{format}"
        path.write_bytes(encoded(film(), codec=codec, format=format, options=fast))
        found[name] = str(path)
    return found


@pytest.fixture
def decodes(monkeypatch):
    """The start and end of each decode."""
    found = []
    whole = passes.decoded

    def noted(file, header, start=0.0, end=None, **rest):
        found.append((start, end))
        return whole(file, header, start, end, **rest)

    monkeypatch.setattr(passes, "decoded", noted)  # all frames looked at
    monkeypatch.setattr(frames, "decoded", noted)  # some of them given
    return found


def frame_of(*paths):
    return pd.DataFrame({"id": [f"r{k}" for k in range(len(paths))], "path": list(paths)})


def clips_of(path, start=None, end=None):
    rows = media(pd.Series([path], dtype=object))
    spans = [None if one is None else pd.Series([one]) for one in (start, end)]
    return clip(rows, video_header(rows, isolate=False), *spans, isolate=False)


def by_themselves(steps, clips):
    """The steps on each clip alone, as if the others were not there."""
    return pd.concat([Pipeline(steps)(clips.iloc[[k]]) for k in range(len(clips))])


def same(one, other):
    one, other = (frame.reset_index(drop=True) for frame in (one, other))
    pd.testing.assert_frame_equal(one, other, check_dtype=False, check_exact=True)


def test_scenes_and_all_measures_from_one_decode(films, decodes):
    rows = frame_of(*films.values())
    once = Pipeline([SCENES, *MEASURES])(rows)
    assert decodes == [(0.0, None)] * 2
    clips = SCENES(rows)
    decodes.clear()
    apart = by_themselves(MEASURES, clips)
    assert len(decodes) >= len(clips) > 12  # and again for the optical flow of H.264
    same(once, apart)
    assert once.motion.notna().all() and once.is_still.any() and not once.is_still.all()


def test_fingerprints_come_from_the_same_decode(films, decodes):
    rows = frame_of(*films.values())
    steps = [MEASURES[0], Score(video.fingerprint, isolate=False)]
    once = Pipeline([SCENES, *steps])(rows)
    assert decodes == [(0.0, None)] * 2
    clips = SCENES(rows)
    decodes.clear()
    apart = [by_themselves([one], clips) for one in steps]
    assert len(decodes) == 2 * len(clips)  # each step by itself
    assert once.fingerprint.nunique() > 12 and once.fingerprint.notna().all()
    same(once, apart[0].assign(fingerprint=apart[1].fingerprint))
    decodes.clear()
    same(once[["fingerprint"]], by_themselves(steps[::-1], clips)[["fingerprint"]])
    assert len(decodes) == len(clips)  # the first that decodes a clip looks for the other


def test_neighbours_of_one_file_are_looked_at_in_one_go(films, decodes):
    """As in a run that goes on behind a cut: the clips are rows, their videos were not decoded."""
    clips = SCENES(frame_of(*films.values()))
    steps = [*MEASURES, Score(video.fingerprint, isolate=False)]
    decodes.clear()
    once = Pipeline(steps)(clips)
    ends = clips.groupby("path", sort=False).end.max().tolist()
    assert decodes[0] == (0.0, ends[0]) and len(decodes) == 2
    same(once, by_themselves(steps, clips))
    # What is far between two is not decoded, neither is a clip that a filter has dropped.
    rows = frame_of(*[films["h264"]] * 4).assign(
        start=[0.0, 2.0, 7.0, 8.5], end=[2.0, 7.0, 8.0, 9.0]
    )
    decodes.clear()
    found = Pipeline([Filter(video.duration, max=3, isolate=False), MEASURES[0]])(rows)
    assert decodes == [(0.0, 2.0), (7.0, 9.0)]
    same(found[["brightness"]], by_themselves(MEASURES[:1], rows)[["brightness"]].iloc[[0, 2, 3]])


def test_neighbours_that_overlap_and_a_damaged_file(films, decodes, tmp_path):
    starts = [0, 1.5, 3, 4.5, 6]
    rows = frame_of(*[films["vp9"]] * 5).assign(start=starts, end=[3, 4.5, 6, 7.5, None])
    once = Pipeline(MEASURES)(rows)
    assert decodes == [(0.0, None)]
    same(once, by_themselves(MEASURES, rows))
    path = made(tmp_path / "v.mp4", panned(75), gop=25)
    data = bytearray(path.read_bytes())
    at = len(data) // 3
    data[at : at + 400] = bytes(400)
    path.write_bytes(data)
    rows = frame_of(*[str(path)] * 3).assign(start=[0.0, 1.0, 2.0], end=[1.0, 2.0, 3.0])
    same(Pipeline(MEASURES)(rows), by_themselves(MEASURES, rows))


ENTROPY = Score("video.frame_measure", name="entropy", measure="image.entropy", take="max",
                fps=2.0, short_side=64, isolate=False)  # fmt: skip


def test_frames_for_measures_of_images_come_from_the_same_decode(films, decodes):
    rows = frame_of(*films.values())
    steps = [MEASURES[0], ENTROPY]
    once = Pipeline([SCENES, *steps])(rows)
    assert decodes == [(0.0, None)] * 2
    clips = SCENES(rows)
    decodes.clear()
    apart = [by_themselves([one], clips) for one in steps]
    assert len(decodes) == 2 * len(clips)
    same(once, apart[0].assign(entropy=apart[1].entropy))
    assert once.entropy.nunique() > 12
    # A quarter of a second away from the cuts: what may be the first frame of a clip is known.
    cut = Cut(video.scenes, crop=0.25, min_duration=1.0, max_duration=2.0, isolate=False)
    decodes.clear()
    once = Pipeline([cut, *steps])(rows)
    assert decodes == [(0.0, None)] * 2
    same(once[["entropy"]], by_themselves([ENTROPY], cut(rows))[["entropy"]])
    # Clips that are known beforehand, in either order; at most three frames of each.
    few = Score("video.frame_measure", name="entropy", measure="image.entropy", take="max",
                max_frames=3, fps=2.0, short_side=64, isolate=False)  # fmt: skip
    windows = Cut(video.windows, length=2.3, isolate=False)
    apart = by_themselves([few], windows(rows))
    for steps in ([windows, MEASURES[0], few], [windows, few, MEASURES[0]]):
        decodes.clear()
        once = Pipeline(steps)(rows)
        assert len(decodes) == (2 if steps[1] is not few else len(once))
        same(once[["entropy"]], apart[["entropy"]])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(CODECS)), st.integers(0, 290),
    st.sampled_from([-6e-4, -3e-4, 0, 3e-4, 0.02]), st.integers(1, 290), st.booleans(),
    st.sampled_from([0.7, 2.0, 7.5, 25.0]),
)  # fmt: skip
def test_frames_kept_are_those_of_a_decode(films, codec, first, off, count, last, fps):
    """Of a clip known beforehand; and of others nothing is made up."""
    start = max(first / 25 + off, 0.0)
    end = None if last else min(start + count / 25 + off, 12.0)
    given = {"fps": fps, "short_side": 32}
    wish = Wish(frozenset({"clip_frames"}), given)
    known = Carried(frozenset({"video_scan", "clip_frames"}), wishes=[wish])
    clips = clips_of(films[codec], start, end)
    kept = clip_frames(clips, known, **given)[0]
    assert known.known("stills of 32", clips[0].key)
    alone = clip_frames(clips, Carried(), **given)[0]
    for one, other in zip(kept, alone, strict=True):
        np.testing.assert_array_equal(one, other)
    assert kept.pixels.dtype == alone.pixels.dtype
    whole = clips_of(films[codec])
    other = clip_frames(whole, known, fps=3.3, short_side=32)[0]
    np.testing.assert_array_equal(
        other.pixels, clip_frames(whole, Carried(), fps=3.3, short_side=32)[0].pixels
    )


def test_a_full_disk_and_another_process_show_in_nothing(films, decodes, monkeypatch):
    rows = frame_of(films["h264"])
    steps = [MEASURES[0], ENTROPY]
    once = Pipeline([SCENES, *steps])(rows)
    there = [Cut(video.scenes), Score(video.brightness), Score(
        "video.frame_measure", name="entropy", measure="image.entropy", take="max", fps=2.0,
        short_side=64)]  # fmt: skip
    same(once, Pipeline(there)(rows))
    decodes.clear()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spilled, "_written", full)
    same(once, Pipeline([SCENES, *steps])(rows))
    assert decodes == [(0.0, None), *((r.start, r.end) for r in once.itertuples())]


def test_partitions_and_room_do_not_show(films, decodes, monkeypatch):
    dd = pytest.importorskip("dask.dataframe")
    rows = frame_of(films["h264"], films["vp9"], films["h264"])
    some = [Score(getattr(video, name), isolate=False) for name in ("motion", "sharpness")]
    work = Pipeline([Filter(video.brightness, min=0.01, isolate=False), SCENES, *some])
    whole = work(rows)
    assert len(decodes) == 2  # the third row has the same file, and comes behind the first
    for partitions in (1, 3):
        same(whole, work(dd.from_pandas(rows, npartitions=partitions)).compute())
    decodes.clear()
    monkeypatch.setattr(carrying.Carried.__init__, "__defaults__", (frozenset(), 1, ()))
    same(whole, work(rows))
    assert len(decodes) > len(whole)


def test_bytes_in_rows_and_another_process(films, decodes):
    with open(films["h264"], "rb") as file:
        rows = frame_of(file.read())
    once = Pipeline([SCENES, *MEASURES])(rows)
    assert len(decodes) == 1
    steps = [Cut(video.scenes), *(Score(getattr(video, name)) for name in ALL)]
    apart = Pipeline(steps)(rows)
    assert len(decodes) == 1
    same(once, apart)


@pytest.fixture(scope="module")
def wholes(films):
    """All of the films, by codec and view."""
    known = Carried(frozenset(LOOKS))
    return {
        (codec, view): seen_of(view, clips_of(path), known)[0]
        for codec, path in films.items() for view in ("video_scan", "flow_scan")
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(CODECS)), st.sampled_from(["video_scan", "flow_scan"]),
    st.integers(0, 290), st.sampled_from([-3e-4, 0, 3e-4, 0.02]), st.integers(1, 75),
)  # fmt: skip
@example("h264", "flow_scan", 188, -3e-4, 13)  # a moment just before the piece
def test_a_piece_is_what_a_decode_of_it_sees(films, wholes, codec, view, first, off, count):
    """Of any two moments, not only those of cuts; what is not known is not made up."""
    whole = wholes[codec, view]
    assert len(whole.times) == 300
    start = max(first / 25 + off, 0.0)
    end = min(start + count / 25, 12.0)
    alone = seen_of(view, clips_of(films[codec], start, end), Carried())[0]
    piece = whole.piece(start, end, end - start)
    if piece is None:
        seconds = np.arange(12)
        assert not ((seconds >= start) & (seconds + 0.05 < end)).any()
        return
    for name, one, other in zip(alone._fields, piece, alone, strict=True):
        np.testing.assert_array_equal(one, other, name)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(CODECS)), st.integers(0, 290),
    st.sampled_from([-6e-4, -3e-4, 0, 3e-4, 0.02]), st.integers(1, 290), st.booleans(),
)  # fmt: skip
def test_words_of_a_piece_are_those_of_a_decode(films, known_words, codec, first, off, count, last):
    start = max(first / 25 + off, 0.0)
    end = None if last else min(start + count / 25 + off, 12.0)
    clips = clips_of(films[codec], start, end)
    found = picture_words(clips, known_words[codec])[0]
    np.testing.assert_array_equal(found, words_of(clips[0]))


@pytest.fixture(scope="module")
def known_words(films):
    """What is known by codec once the words of all frames are."""
    found = {}
    for codec, path in films.items():
        found[codec] = Carried(frozenset(LOOKS))
        assert len(seen_of("picture_words", clips_of(path), found[codec])[0].times) == 300
    return found


def test_short_clips_between_the_seconds_are_decoded_alone(films, decodes):
    known = Carried(frozenset(LOOKS))
    seen_of("video_scan", clips_of(films["h264"]), known)[0]
    short = seen_of("video_scan", clips_of(films["h264"], 0.2, 0.8), known)[0]
    assert decodes == [(0.0, None), (0.2, 0.8)]
    assert short.looked.tolist() == [0.2] and len(short.times) == 15
    long = seen_of("video_scan", clips_of(films["h264"], 0.2, 3.1), known)[0]
    assert len(decodes) == 2 and long.looked.tolist() == [1.0, 2.0, 3.0]


def test_nothing_is_carried_of_a_damaged_video(tmp_path, decodes):
    path = made(tmp_path / "v.mp4", panned(75), gop=25)
    data = bytearray(path.read_bytes())
    at = len(data) // 3
    data[at : at + 400] = bytes(400)
    path.write_bytes(data)
    rows = frame_of(str(path))
    windows = Cut(video.windows, length=1.0, minimum=0.1, isolate=False)
    count = Score(video.damaged_frames, isolate=False, name="whole")
    once = Pipeline([count, windows, *MEASURES])(rows)
    assert once.whole.iloc[0] > 0 and len(decodes) > 1 + len(once)
    same(once[list(ALL)], Pipeline(MEASURES)(windows(rows))[list(ALL)])


def test_only_what_steps_ask_for_is_looked_at(films, monkeypatch):
    asked = []
    whole = passes.looked

    def noted(*given, looks, **rest):
        asked.append(tuple(looks))
        return whole(*given, looks=looks, **rest)

    monkeypatch.setitem(tamis.video.apart.WORK, "looks", noted)
    rows = frame_of(films["h264"])
    SCENES(rows)
    Pipeline([SCENES, Score(video.brightness, isolate=False)])(rows)
    Pipeline([Score(video.brightness, isolate=False), SCENES])(rows)
    assert asked == [("shots",), ("shots", "scan"), ("scan", "shots")]


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=40), st.sampled_from([1.0, 2.0]))
def test_ticks_are_the_first_frames_not_before_each_moment(steps, rate):
    times = (np.cumsum(steps) / 1000).tolist()
    ticks = Ticks(rate, 0.0)
    found = [time for time in times if ticks.due(time)]
    moments = np.arange(0, times[-1] + 1, 1 / rate)
    firsts = [next((t for t in times if t >= m - 5e-4), None) for m in moments]
    assert found == sorted({t for t in firsts if t is not None})
