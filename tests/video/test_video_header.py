"""What the header of a video says, beside what ffprobe says."""

import json
import shutil
import subprocess

import cv2
import fsspec
import pandas as pd
import pytest
from videos import made, panned

import tamis
from tamis import Score, video
from tamis.codes import BadRecord
from tamis.media.reader import Reader
from tamis.video.formats import FORMATS, sniff
from tamis.video.header import header

KINDS = {
    "h264.mp4": ("libx264", {}),
    "h264.mkv": ("libx264", {}),
    "h264.ts": ("libx264", {}),
    "h264.flv": ("libx264", {}),
    "vp9.webm": ("libvpx-vp9", {"cpu-used": "8", "deadline": "realtime"}),
    "mpeg4.avi": ("mpeg4", {}),
    "mpeg2.mpg": ("mpeg2video", {}),
    "ten.mp4": ("libx264", {"pix_fmt": "yuv420p10le"}),
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    return {
        name: made(folder / name, panned(25), codec, **options)
        for name, (codec, options) in KINDS.items()
    }


def probed(path):
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    asked = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format"]
    said = subprocess.run([*asked, "-of", "json", str(path)], capture_output=True, check=True)
    told = json.loads(said.stdout)
    return next(s for s in told["streams"] if s["codec_type"] == "video"), told["format"]


def read(path):
    return header(Reader(path.read_bytes()))


@pytest.mark.parametrize("name", KINDS)
def test_as_ffprobe_says(kinds, name):
    found = read(kinds[name])
    stream, container = probed(kinds[name])
    assert (found.codec, found.width, found.height) == (
        stream["codec_name"],
        stream["width"],
        stream["height"],
    )
    top, bottom = map(int, stream["avg_frame_rate"].split("/"))
    assert found.fps == pytest.approx(top / bottom, rel=1e-6)
    seconds = float(stream.get("duration") or container["duration"])
    assert found.duration == pytest.approx(seconds, abs=2e-3)
    assert video.pixel_format(str(kinds[name]), isolate=False) == stream["pix_fmt"]
    matrix = video.color_matrix(str(kinds[name]), isolate=False)
    assert matrix == stream.get("color_space", "unknown").replace("unknown", "") or matrix is None
    assert not found.audio


@pytest.mark.parametrize("name", KINDS)
def test_as_opencv_says(kinds, name):
    found, other = read(kinds[name]), cv2.VideoCapture(str(kinds[name]))
    assert (found.width, found.height) == (other.get(3), other.get(4))
    assert found.fps == pytest.approx(other.get(5), rel=1e-3)
    count = sum(1 for _ in iter(other.grab, False))
    assert video.frame_count(str(kinds[name]), isolate=False) == count == 25


@pytest.mark.parametrize("name", KINDS)
def test_frames_are_counted_and_times_regular(kinds, name):
    row = Score(video.frame_count)(pd.DataFrame({"path": [str(kinds[name])]}))
    stream, _ = probed(kinds[name])
    assert row.frame_count[0] == 25 == int(stream["nb_read_packets"])
    assert not video.fps_varies(str(kinds[name]))
    assert video.keyframe_interval(str(kinds[name])) == pytest.approx(12 / 25, abs=2e-3)


def test_times_that_vary(tmp_path):
    times = [0, 40, 80, 200, 240, 500, 540, 580, 620, 660]
    path = made(tmp_path / "v.mp4", panned(10), times=times)
    assert video.fps_varies(str(path))
    assert video.frame_count(str(path)) == 10


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_turned(tmp_path, angle):
    path = made(tmp_path / "turned.mp4", panned(3), rotation=angle)
    found = read(path)
    assert found.rotation == angle
    assert (found.width, found.height) == ((256, 144), (144, 256))[angle in (90, 270)]
    assert found.stored == (256, 144)
    assert video.short_side(str(path)) == 144


def test_sound_and_sizes_of_pixels(tmp_path):
    path = made(tmp_path / "s.mp4", panned(10), sound=True)
    assert video.has_audio(str(path)) and read(path).audio == "aac"
    assert video.aspect_ratio(str(path)) == pytest.approx(16 / 9)
    assert video.bit_rate(str(path)) > 0 and video.bits_per_pixel(str(path)) > 0
    assert video.is_interlaced(str(path)) is False


def test_sound_of_a_video_is_read(tmp_path):
    path = made(tmp_path / "s.mp4", panned(10), sound=True)
    assert tamis.audio.duration(str(path)) == pytest.approx(0.4, abs=0.1)


def test_two_half_pictures(tmp_path):
    path = made(tmp_path / "i.mp4", panned(10), **{"x264-params": "interlaced=1:tff=1"})
    assert video.is_interlaced(str(path)) is True
    assert video.brightness(str(path)) > 0 and video.frame_count(str(path)) == 10


@pytest.mark.parametrize("isolate", [False, True])
def test_from_an_address(kinds, isolate):
    with fsspec.open("memory://videos/a.mp4", "wb") as file:
        file.write(kinds["h264.mp4"].read_bytes())
    for op in (video.width, video.frame_count, video.first_frame_hash):
        assert op("memory://videos/a.mp4", isolate=isolate) == op(str(kinds["h264.mp4"]))


def test_the_name_does_not_count(kinds, tmp_path):
    wrong = shutil.copy(kinds["h264.mkv"], tmp_path / "wrong.mp4")
    assert video.format(str(wrong)) == "matroska"


def test_every_format_has_a_beginning(kinds):
    told = {sniff(path.read_bytes()[:4096]) for path in kinds.values()}
    assert told == set(FORMATS) - {"wmv", "ogg"}
    with pytest.raises(BadRecord, match="GIF"):
        sniff(b"GIF89a....")
