"""Broken and hostile videos: each is refused with its code, or measured; nothing else happens."""

import io

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from videos import made, panned

import tamis
from tamis import Filter, Pipeline, Score, video
from tamis.codes import CODES


def why(path, *ops):
    """What is said of a file by all measures; the values of the last one."""
    frame = pd.DataFrame({"id": ["a"], "path": [str(path)]})
    steps = [
        Filter(op, min=0) for op in ops or (video.duration, video.frame_count, video.brightness)
    ]
    found = Pipeline(steps).explain(frame)
    return found.dropped_why[0] if found.dropped_why.notna()[0] else ""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    pictures = list(panned(60))
    return {
        "mp4": made(folder / "a.mp4", pictures, gop=10),
        "fast": made(folder / "b.mp4", pictures, gop=10, format="mp4", sound=True),
        "mkv": made(folder / "c.mkv", pictures, gop=10),
        "avi": made(folder / "d.avi", pictures, "mpeg4", gop=10),
        "ts": made(folder / "e.ts", pictures, gop=10),
    }


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.98])
def test_cut_off(good, tmp_path, kind, share):
    data = good[kind].read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(share * len(data))])
    told = why(tmp_path / "cut")
    assert told.startswith(("decode.truncated", "decode.corrupt")), told
    assert "cut" in told


def test_cut_off_behind_its_index(tmp_path):
    """An index in front, as files for the web have it: frames are there, but not all."""
    path = tmp_path / "fast.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.gop_size = 144, 256, 10
        for picture in panned(60):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(
                np.ascontiguousarray(picture), format="rgb24")))  # fmt: skip
        container.mux(stream.encode())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    assert video.duration(str(path)) == pytest.approx(2.4)
    assert why(path, video.brightness).startswith("decode.truncated")
    frame = pd.DataFrame({"path": [str(path)], "start": [0.2], "end": [0.8]})
    assert Score(video.damaged_frames)(frame).damaged_frames[0] == 0  # this part is there


def test_a_cut_transport_stream_is_what_is_left(good, tmp_path):
    data = good["ts"].read_bytes()
    (tmp_path / "cut.ts").write_bytes(data[: len(data) // 2])
    assert 10 < video.frame_count(str(tmp_path / "cut.ts")) < 50


@pytest.mark.parametrize("kind", ["mkv", "ts"])
def test_damage_is_counted(good, tmp_path, kind):
    data = bytearray(good[kind].read_bytes())
    assert video.damaged_frames(str(good[kind])) == 0
    chosen = np.random.default_rng(3).integers(len(data) // 5, len(data) * 4 // 5, 150)
    for at in chosen:
        data[at] ^= 255
    path = tmp_path / f"damaged.{kind}"
    path.write_bytes(bytes(data))
    assert video.damaged_frames(str(path)) > 2
    assert video.brightness(str(path)) > 0
    kept = Pipeline([Filter(video.damaged_frames, max=0)]).explain(
        pd.DataFrame({"id": ["a", "b"], "path": [str(path), str(good[kind])]})
    )
    assert kept.dropped_by.notna().tolist() == [True, False]
    assert kept.dropped_by[0] == "damaged_frames"


def sound(path, cover=False):
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 32000), np.float32), "fltp", "mono")
        frame.rate = 16000
        container.mux(track.encode(frame))
        container.mux(track.encode())
    return path


def test_no_pictures(tmp_path):
    assert why(sound(tmp_path / "sound.mp4")).startswith("video.none")
    assert why(sound(tmp_path / "sound.mkv")).startswith("video.none")


def test_one_frame(tmp_path):
    path = made(tmp_path / "one.mp4", panned(1))
    assert why(path) == ""
    assert video.frame_count(str(path)) == 1 and video.is_still(str(path))
    assert video.fps_varies(str(path)) is None
    assert video.frozen_ratio(str(path)) == 0 == video.flicker(str(path))


def canary(folder):
    """A file that no other may make anyone read."""
    return made(folder / "secret.mkv", panned(5, name="coffee"))


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
    "late hls": "\n\n#EXTM3U\n#EXTINF:10,\nfile://{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "bare concat": "file '{}'\n",
    "dash": '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{}'
    "</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "html": "<html><body>Not found</body></html>",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("isolate", [False, True])
def test_lists_of_other_files_are_not_opened(tmp_path, name, isolate):
    path = tmp_path / "hostile.mp4"
    path.write_text(PLAYLISTS[name].format(canary(tmp_path)))
    frame = pd.DataFrame({"id": ["a"], "path": [str(path)]})
    told = Pipeline([Filter(video.width, min=0, isolate=isolate)]).explain(frame).dropped_why[0]
    assert told.startswith("decode.format")


OTHERS = {
    "nothing": b"", "zeros": bytes(5000), "text": b"hello world, this is no video " * 40,
    "pdf": b"%PDF-1.7 ....", "zip": b"PK\3\4....", "gzip": b"\x1f\x8b\x08....",
    "half a box": b"\0\0\0\x18ftypmp42\0\0", "huge box": b"\xff\xff\xff\xffmoov" + bytes(90),
    "webm head": b"\x1aE\xdf\xa3" + bytes(60), "avi head": b"RIFF\0\0\0\0AVI LIST",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_bytes(tmp_path, name):
    path = tmp_path / "x.mp4"
    path.write_bytes(OTHERS[name])
    assert why(path).startswith(("decode.", "media.empty", "video.none")), why(path)


def test_pictures_are_no_videos(tmp_path):
    for kind in ("png", "jpeg", "gif"):
        data = io.BytesIO()
        Image.new("RGB", (20, 20)).save(data, kind)
        (tmp_path / "x.mp4").write_bytes(data.getvalue())
        assert why(tmp_path / "x.mp4").startswith("decode.format")


def test_a_size_that_lies(tmp_path):
    """A frame size of 16,000 × 16,000 is refused before memory is taken for it."""
    data = made(tmp_path / "a.mkv", panned(2, 300, 300), "ffv1", pix_fmt="bgr0").read_bytes()
    for name in (b"\xb0\x82", b"\xba\x82"):  # PixelWidth and PixelHeight, two bytes each
        assert data.count(name + (300).to_bytes(2, "big")) == 1
        data = data.replace(name + (300).to_bytes(2, "big"), name + (16_000).to_bytes(2, "big"))
    path = tmp_path / "bomb.mkv"
    path.write_bytes(data)
    assert why(path, video.width).startswith("decode.bomb"), why(path)


def mutated(data, choice):
    """A video with some bytes changed, a piece left out, or a piece twice."""
    data = bytearray(data)
    for at in choice.integers(0, len(data), int(choice.integers(1, 30))):
        data[at] = choice.integers(0, 256)
    first, last = sorted(choice.integers(0, len(data), 2))
    kind = choice.integers(0, 4)
    if kind == 0:
        del data[first : min(last, first + 500)]
    if kind == 1:
        data[first:first] = data[first : min(last, first + 500)]
    return bytes(data)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi", "ts"])
def test_any_bytes_give_a_value_or_a_code(good, kind):
    choice = np.random.default_rng(7)
    small = good[kind].read_bytes()
    rows = [mutated(small, choice) for _ in range(30)]
    frame = pd.DataFrame({"id": [str(k) for k in range(30)], "path": rows})
    steps = [Filter(video.frame_count, min=0), Filter(video.damaged_frames, min=0)]
    found = Pipeline(steps).explain(frame)
    assert len(found) == 30
    whys = found.dropped_why.dropna()
    assert all(why.partition(":")[0] in CODES for why in whys), whys.tolist()
    assert not whys.str.startswith("sandbox").any()
    assert len(whys) < 30


def test_all_are_accounted_for(good, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    paths = [*map(str, good.values()), str(tmp_path / "text.mp4"), str(tmp_path / "missing.mp4")]
    frame = pd.DataFrame({"id": [f"v{k}" for k in range(len(paths))], "path": paths})
    run = Pipeline([Filter(video.frame_count, min=1)]).run(frame, tmp_path / "out")
    assert run.rows == {"in": 7, "cut": 0, "kept": 5, "dropped": 2}
    assert sorted(run.dropped().compute().id) == ["v5", "v6"]
    assert isinstance(tamis.video.motion(str(good["mp4"])), float)
