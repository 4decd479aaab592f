"""Clips as they are written, opened by other decoders: OpenCV, ffprobe, Pillow."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from moving_pictures import SIZE, encoded, film, number_of, numbered, shot
from PIL import Image
from PIL.ImageSequence import Iterator as Sequence

import tamis
from tamis import Clips, Cut, Filter, Pipeline, video
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.writers import Writer
from tamis.video import clipping, encoders

av = pytest.importorskip("av")
pytestmark = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
STEPS = Pipeline([Filter("media.file_size", min=0)])
QUICK = {"h264": "ultrafast", "hevc": "ultrafast", "vp9": "8", "av1": "12"}


def sources():
    return numbered([*shot(0, 50), *shot(1, 50), *shot(2, 50)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Six seconds in several containers, with a keyframe each second."""
    folder, fixed = tmp_path_factory.mktemp("files"), {"sc_threshold": "0"}
    made = {
        "a.mp4": {"options": fixed, "sound": True},
        "b.mkv": {"options": fixed, "sound": True, "format": "matroska"},
        "c.webm": {"codec": "libvpx-vp9", "format": "webm", "sound": True,
                   "options": {"deadline": "realtime", "cpu-used": "8"}},
        "d.ts": {"options": fixed, "format": "mpegts"},
    }  # fmt: skip
    for name, settings in made.items():
        (folder / name).write_bytes(encoded(sources(), **settings))
    return folder


def rows(folder, *spans):
    """A frame of (name, start, end)."""
    columns = ["path", "start", "end"]
    frame = pd.DataFrame([(str(folder / n), a, b) for n, a, b in spans], columns=columns)
    frame = frame.astype({"start": "float64", "end": "float64"})
    return frame.assign(id=[f"r{k}" for k in range(len(spans))])


def written(frame, out, writer, partitions=1, **settings):
    lazy = tamis.from_pandas(frame, npartitions=partitions)
    return STEPS.run(lazy, out, format=writer, max_errors=1.0, progress=False, **settings)


def seen(path):
    """The numbers of the frames of a file, as OpenCV decodes it."""
    reader, found = cv2.VideoCapture(str(path)), []
    if probe(path)["streams"][0]["codec_name"] == "av1":  # which OpenCV's wheel does not decode
        told = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            str(path),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ]
        data = subprocess.run(told, capture_output=True, check=True).stdout
        return [number_of(f) for f in np.frombuffer(data, np.uint8).reshape(-1, *SIZE[::-1], 3)]
    while True:
        good, frame = reader.read()
        if not good:
            return found
        found.append(number_of(frame))


def probe(path):
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_frames", "-of", "json",
         str(path)], capture_output=True, check=True,
    ).stdout  # fmt: skip
    return json.loads(told)


@pytest.mark.parametrize("name", ["a.mp4", "b.mkv", "c.webm", "d.ts"])
def test_copies_begin_with_keyframes(files, tmp_path, name):
    frame = rows(files, (name, 1, 3), (name, 2.4, 3.5), (name, 5, None), (name, 0, 0.5))
    run = written(frame, tmp_path, Clips())
    kept = run.kept().compute()
    assert run.rows == {"in": 4, "cut": 0, "kept": 4, "dropped": 0}
    assert kept["source_start"].tolist() == [1.0, 2.0, 5.0, 0.0]
    asked = [3.0, 3.5, 6.0, 0.5]
    for row, end in zip(kept.itertuples(), asked, strict=True):
        numbers = seen(row.path)
        first = round(row.source_start * 25)
        assert numbers == list(range(first, first + row.frame_count))
        assert row.source_end == pytest.approx((numbers[-1] + 1) / 25, abs=2e-3)
        # frames that need one behind the end are left out: those between two references
        assert -0.17 <= row.source_end - end <= 0.04
        told = probe(row.path)
        picture = next(s for s in told["streams"] if s["codec_type"] == "video")
        assert (picture["width"], picture["height"]) == (row.width, row.height) == (192, 108)
        assert float(told["format"]["duration"]) == pytest.approx(row.duration, abs=0.06)
        assert picture["codec_name"] == row.codec
        assert row.has_audio == (name != "d.ts") == (len(told["streams"]) == 2)
    assert kept["start"].isna().all() and kept["end"].isna().all()
    assert run.record("r1")["path"] == kept["path"].iloc[1]  # whole, also to the gallery


def test_copies_with_nothing_of_another_shot(files, tmp_path):
    frame = rows(files, ("a.mp4", 2.4, 4.5), ("a.mp4", 2.1, 2.9))
    run = written(frame, tmp_path, Clips(snap="inside"))
    (row,) = run.kept().compute().itertuples()
    assert row.source_start == 3.0 and seen(row.path)[0] == 75
    (gone,) = run.dropped().compute()["dropped_why"]
    assert gone.startswith("video.span") and "no keyframe" in gone


@pytest.mark.parametrize("encode", list(QUICK))
def test_encoded_clips_are_exact(files, tmp_path, encode):
    if encode not in [encoders.encoding(e, None, None).format for e in ("h264", encode)]:
        pytest.skip("no such encoder here")
    spans = [("a.mp4", 1.02, 1.5), ("c.webm", 2.4, 2.8), ("b.mkv", 5.6, None)]
    writer = Clips(encode=encode, preset=QUICK[encode])
    kept = written(rows(files, *spans), tmp_path, writer).kept().compute()
    wanted = [range(26, 38), range(60, 70), range(140, 150)]
    for row, numbers in zip(kept.itertuples(), wanted, strict=True):
        assert seen(row.path) == list(numbers)
        assert (row.frame_count, row.codec) == (len(numbers), encode)
        assert row.source_start == pytest.approx(numbers[0] / 25, abs=1e-3)
        assert row.duration == pytest.approx(len(numbers) / 25, abs=2e-3)
        told = probe(row.path)
        assert float(told["format"]["duration"]) == pytest.approx(row.duration, abs=0.06)
        assert {s["codec_type"] for s in told["streams"]} == {"video", "audio"}


@pytest.mark.parametrize("encode", ["copy", "h264"])
def test_sound_stays_with_the_pictures(files, tmp_path, encode):
    """The tone tells the place: 220 Hz at 0 s, an octave more each second."""
    frame = rows(files, ("a.mp4", 2, 3), ("b.mkv", 1, 3), ("c.webm", 1, 2))
    for row in written(frame, tmp_path, Clips(encode=encode)).kept().compute().itertuples():
        told = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", row.path, "-f", "f32le", "-ac", "1", "-ar", "48k", "-"],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        samples = np.frombuffer(told, np.float32)
        part = samples[int(0.5 * 48_000) :][:4800]
        at = np.fft.rfft(part * np.hanning(len(part)), 1 << 16)
        tone = np.abs(at).argmax() * 48_000 / (1 << 16)
        place = np.log2(tone / 220)
        assert place == pytest.approx(row.source_start + 0.55, abs=0.03)
    silent = written(frame, tmp_path / "silent", Clips(encode=encode, sound=False)).kept().compute()
    assert not silent["has_audio"].any()


def test_uneven_times_stay(tmp_path):
    times = [0, 1, 2, 6, 7, 8, 9, 30, 31, 32, 33, 34]
    data = encoded(numbered(shot(0, 12)), times=times, gop=4, options={"sc_threshold": "0"})
    (tmp_path / "v.mp4").write_bytes(data)
    frame = rows(tmp_path, ("v.mp4", 0.28, 1.32))
    for number, encode in enumerate(("copy", "h264")):
        kept = written(frame, tmp_path / str(number), Clips(encode=encode)).kept().compute()
        (row,) = kept.itertuples()
        shown = [float(f["pts_time"]) for f in probe(row.path)["frames"]]
        first = times.index(round(row.source_start * 25))
        wanted = np.array(times[first : first + len(shown)]) / 25
        np.testing.assert_allclose(shown, wanted - wanted[0], atol=1e-5)
        assert len(shown) >= 4


def test_turned_and_odd_pictures(tmp_path):
    frames = [cv2.resize(f, (191, 107)) for f in shot(0, 10)]
    (tmp_path / "odd.mp4").write_bytes(encoded(frames, pixels="yuv444p"))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
        stream.set_display_rotation(90)
        for picture in shot(1, 10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    (tmp_path / "turned.mp4").write_bytes(file.getvalue())
    frame = rows(tmp_path, ("odd.mp4", None, None), ("turned.mp4", None, None))
    writer = Clips(encode="h264", preview="webp", frames=1)
    odd, turned = written(frame, tmp_path / "new", writer).kept().compute().itertuples()
    assert (odd.width, odd.height) == (190, 106)
    assert (turned.width, turned.height) == (108, 192)
    good, first = cv2.VideoCapture(turned.path).read()
    wanted = cv2.rotate(shot(1, 1)[0][:, :, ::-1], cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert good and np.abs(first.astype(int) - wanted).mean() < 8
    picture = Image.open(turned.path.replace(".mp4", ".0.jpg"))
    assert picture.size == (108, 192)
    assert np.abs(np.asarray(picture).astype(int) - wanted[:, :, ::-1]).mean() < 8
    copied = written(frame, tmp_path / "copied", Clips()).kept().compute()
    (side,) = probe(copied["path"].iloc[1])["streams"][0]["side_data_list"]
    assert side["rotation"] in (90, -90)


def test_whole_files_stay_what_they_are(files, tmp_path, monkeypatch):
    monkeypatch.setattr("tamis.media.local.LARGE", 10_000)  # in pieces, as files of gigabytes are
    frame = rows(files, ("a.mp4", None, None), ("c.webm", 0, None), ("d.ts", None, None))
    for store in ("files", "tar"):
        kept = written(frame, tmp_path / store, Clips(store=store, preview="webp")).kept().compute()
        for row, name in zip(kept.itertuples(), ("a.mp4", "c.webm", "d.ts"), strict=True):
            data = Path(row.path).read_bytes()
            data = data if store == "files" else data[row.offset : row.offset + row.size]
            assert data == (files / name).read_bytes()
            assert (row.frame_count, row.width, row.has_audio) == (150, 192, name != "d.ts")
            assert row.duration == pytest.approx(6.0, abs=2e-3)
    assert len(list(tmp_path.glob("files/kept/*.webp"))) == 3


def test_size_previews_and_pictures(files, tmp_path):
    frame = rows(files, ("a.mp4", 0, 3))
    writer = Clips(
        encode="h264", size=54, preview="gif", preview_fps=2, preview_height=40, frames=1
    )
    run = written(frame, tmp_path, writer)
    (row,) = run.kept().compute().itertuples()
    assert (row.width, row.height) == (96, 54) and seen(row.path) == list(range(75))
    with Image.open(tmp_path / "kept" / row.preview) as moving:
        assert (moving.format, moving.n_frames, moving.size) == ("GIF", 6, (71, 40))
    assert list(row.frame_seconds) == [0.0, 1.0, 2.0]
    pictures = sorted(tmp_path.glob("kept/*.jpg"))
    assert [number_of(np.asarray(Image.open(p))) for p in pictures] == [0, 25, 50]
    webp = written(frame, tmp_path / "webp", Clips(preview="webp"))
    with Image.open(next(tmp_path.glob("webp/kept/*.webp"))) as moving:
        assert (moving.format, moving.n_frames) == ("WEBP", 3)
    assert webp.rows["kept"] == 1


def test_a_preview_of_a_long_clip_shows_all_of_it(files, monkeypatch):
    """As many frames as are held at most, from its beginning to its end."""
    monkeypatch.setattr(clipping, "_MOST", 4)
    place = {"path": str(files / "a.mp4"), "offset": None, "length": None}
    asked = {"place": place, "start": 0.0, "end": 3.0}
    how = clipping.Cutting(encode="copy", preview="gif", preview_fps=25)
    small = clipping.make(b"", **asked, **how._asdict()).preview
    with Image.open(io.BytesIO(small)) as moving:
        shown = [number_of(np.asarray(frame.convert("RGB"))) for frame in Sequence(moving)]
    assert shown == [0, 19, 38, 57]


def test_archives(files, tmp_path):
    frame = rows(files, *[("a.mp4", k, k + 1) for k in range(5)], ("c.webm", 1, 2))
    run = written(frame, tmp_path, Clips(store="tar", samples=4, preview="webp"))
    kept = run.kept().compute()
    assert len(kept) == 6 and kept["ext"].tolist() == ["mp4"] * 5 + ["webm"]
    for row in kept.itertuples():
        with open(row.path, "rb") as file:
            file.seek(row.offset)
            data = file.read(row.size)
        (tmp_path / "one").write_bytes(data)
        assert len(seen(tmp_path / "one")) == row.frame_count
    tars = sorted(str(p) for p in tmp_path.glob("kept/*.tar"))
    assert len(tars) == 2
    again = tamis.read_webdataset(tars).compute()
    assert sorted(again["source_start"]) == sorted(kept["source_start"])
    with tarfile.open(tars[0]) as archive:
        names = archive.getnames()
        assert len(set(names)) == len(names) == 12
        told = [json.load(archive.extractfile(n)) for n in names if n.endswith(".json")]
        assert [one["id"] for one in told] == kept["id"].tolist()[:4]
        assert {n.partition(".")[2] for n in names} == {"mp4", "webp", "json"}


def test_from_archives_and_bytes(files, tmp_path):
    first = written(
        rows(files, ("a.mp4", 0, 3), ("a.mp4", 3, 6)), tmp_path / "a", Clips(store="tar")
    )
    again = first.kept().drop(columns=["start", "end"]).assign(start=1.0, end=2.0)
    kept = STEPS.run(again, tmp_path / "b", format=Clips(), progress=False).kept().compute()
    assert [seen(p)[0] for p in kept["path"]] == [25, 100]
    assert "offset" not in kept and kept["source_start"].tolist() == [1.0, 1.0]
    held = pd.DataFrame({"id": ["x"], "path": [(files / "a.mp4").read_bytes()], "start": [2.0]})
    held["path"] = held["path"].astype(pd.ArrowDtype(pa.large_binary()))
    (row,) = written(held, tmp_path / "c", Clips()).kept().compute().itertuples()
    assert seen(row.path)[0] == 50


def test_what_cannot_be_written_is_dropped(files, tmp_path):
    whole = (files / "a.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "list.mp4").write_bytes(b"ffconcat version 1.0\nfile '/etc/passwd'\n")
    (tmp_path / "empty.mp4").write_bytes(b"")
    sound = io.BytesIO()
    with av.open(sound, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=48_000)
        part = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        part.sample_rate = 48_000
        out.mux(stream.encode(part))
        out.mux(stream.encode())
    (tmp_path / "sound.mp4").write_bytes(sound.getvalue())
    strange = whole.replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC")
    (tmp_path / "strange.mp4").write_bytes(strange)
    frame = pd.concat([
        rows(tmp_path, ("half.mp4", 0, 1), ("list.mp4", 0, 1), ("empty.mp4", 0, 1),
             ("sound.mp4", 0, 1), ("gone.mp4", 0, 1), ("strange.mp4", 0, 1)),
        rows(files, ("a.mp4", 7, 8), ("a.mp4", 2, 1), ("a.mp4", 0, 1)),
    ]).assign(id=[f"r{k}" for k in range(9)])  # fmt: skip
    wanted = ["decode.truncated", "decode.format", "media.empty", "video.none", "media.missing",
              "decode.format", "video.span", "video.span"]  # fmt: skip
    for encode in ("copy", "h264"):
        run = Pipeline([]).run(
            tamis.from_pandas(frame, npartitions=2), tmp_path / encode,
            format=Clips(encode=encode), max_errors=1.0, progress=False,
        )  # fmt: skip
        assert run.rows == {"in": 9, "cut": 0, "kept": 1, "dropped": 8}
        dropped = run.dropped().compute()
        assert set(dropped["dropped_by"]) == {"write_clips"}
        assert [why.partition(":")[0] for why in dropped["dropped_why"]] == wanted


def test_damage_midway_costs_little(files, tmp_path):
    whole = bytearray((files / "a.mp4").read_bytes())
    at = len(whole) // 2
    whole[at : at + 400] = bytes(400)
    (tmp_path / "hurt.mp4").write_bytes(bytes(whole))
    frame = rows(tmp_path, *[("hurt.mp4", k, k + 1) for k in range(6)])
    for encode in ("copy", "h264"):
        run = written(frame, tmp_path / encode, Clips(encode=encode))
        assert run.rows["kept"] + run.rows["dropped"] == 6 and run.rows["kept"] >= 4


def test_settings():
    assert isinstance(Clips(), Writer)
    for wrong in (
        {"encode": "theora"}, {"encode": "h264", "quality": 99}, {"quality": 20}, {"size": 100},
        {"preview": "apng"}, {"snap": "after"}, {"store": "zip"}, {"frames": 0},
        {"samples": 0}, {"preview_height": 2},
    ):  # fmt: skip
        with pytest.raises(SettingError):
            Clips(**wrong)
    with pytest.raises(ColumnError):
        Clips().check(pd.DataFrame({"id": ["a"]}))
    texts = pd.DataFrame({"path": ["a"], "start": ["soon"]}).astype("string")
    with pytest.raises(ColumnError):
        Clips().check(texts)


def test_missing_encoders_are_named(monkeypatch):
    monkeypatch.setattr(encoders, "_available", lambda: frozenset({"libvpx-vp9"}))
    with pytest.raises(SettingError, match=r"libx264 or libopenh264.*vp9"):
        Clips(encode="h264")
    Clips(encode="vp9")


def test_cut_and_written_in_one_run(tmp_path):
    (tmp_path / "film.mp4").write_bytes(encoded(film(), sound=True))
    (tmp_path / "text.mp4").write_text("no film")
    frame = tamis.read_files(str(tmp_path))
    steps = Pipeline([Cut(video.scenes, min_duration=0.5)])
    out = tmp_path / "out"
    run = steps.run(frame, out, format=Clips(key="id"), max_errors=1.0, progress=False)
    assert run.rows["in"] + run.rows["cut"] == run.rows["kept"] + run.rows["dropped"]
    kept = run.kept().compute()
    assert len(kept) > 6 and kept["id"].iloc[0] == "film.mp4/1"
    assert set(kept["parent_id"]) == {"film.mp4"}
    assert kept["path"].iloc[0].endswith("film_mp4_1.mp4")
    assert len({os.path.dirname(p) for p in kept["path"]}) == 1
    assert tamis.read_files(str(out / "kept")).compute().shape[0] == len(kept)
    table = tamis.read_manifest(str(out / "kept")).compute()
    assert table["id"].tolist() == kept["id"].tolist()


def test_published_layout(files, tmp_path):
    spans = [("a.mp4", k, k + 1) for k in range(4)]
    frame = rows(files, *spans, ("a.mp4", 9, 10)).assign(
        dropped_by=[None, "motion", None, None, None],
        dropped_why=[None, "motion: 0.0", None, None, None],
        parent_id="film", embedding=[[float(k), 1.0] for k in range(5)],
    )  # fmt: skip
    frame["embedding"] = frame["embedding"].astype(pd.ArrowDtype(pa.list_(pa.float32(), 2)))
    settings = {"layout": "curator", "preview": "webp", "embedding": "embedding"}
    tamis.write_clips(frame, tmp_path / "out", **settings)
    out = tmp_path / "out"
    assert len(list(out.glob("clips/*.mp4"))) == 3 == len(list(out.glob("clips/*")))
    (filtered,) = out.glob("filtered_clips/*.mp4")
    assert seen(filtered)[0] == 25
    assert len(list(out.glob("previews/*.webp"))) == 4
    metas = [json.loads(p.read_text()) for p in out.glob("metas/v0/*.json")]
    assert sorted(m["duration_span"][0] for m in metas) == [0, 1, 2, 3]
    assert [m["id"] for m in metas if not m["valid"]] == ["r1"]
    for meta in metas:
        assert seen(out / meta["clip_location"])[0] == round(meta["source_start"] * 25)
        assert meta["span_uuid"] in meta["clip_location"] and meta["parent_id"] == "film"
    vectors = pd.concat(map(pd.read_parquet, out.glob("embedding_parquet/*.parquet")))
    assert sorted(v[0] for v in vectors["embedding"]) == [0, 2, 3]
    (gone,) = out.glob("__dropped/*.parquet")
    assert pd.read_parquet(gone)["dropped_why"].iloc[0].startswith("video.span")
    table = tamis.read_manifest(str(out / "part-*.parquet")).compute()
    assert len(table) == 4 and all(Path(p).exists() for p in table["path"])
    before = {p: p.read_bytes() for p in out.rglob("*.*")}
    tamis.write_clips(frame, out, **settings)
    assert {p: p.read_bytes() for p in out.rglob("*.*")} == before


def test_written_outside_of_a_run(files, tmp_path):
    frame = rows(files, ("a.mp4", 0, 1), ("nope.mp4", 0, 1), ("c.webm", 1, 2))
    for layout in ("files", "tar"):
        tamis.write_clips(frame, tmp_path / layout, layout=layout)
        table = tamis.read_manifest(str(tmp_path / layout)).compute()
        assert table["id"].tolist() == ["r0", "r2"]
        (gone,) = (tmp_path / layout).glob("__dropped/*.parquet")
        assert pd.read_parquet(gone)["id"].tolist() == ["r1"]
    with pytest.raises(DataError, match=r"media\.missing"):
        tamis.write_clips(frame, tmp_path / "raising", errors="raise")
    with pytest.raises(SettingError):
        tamis.write_clips(frame, tmp_path / "x", layout="zip")
    with pytest.raises(SettingError):
        tamis.write_clips(frame, tmp_path / "x", embedding="embedding")


def test_cut_by_the_sound_of_a_video(tmp_path):
    """Parts in which something is heard, found by the sound, are clips of the pictures."""
    pytest.importorskip("soundfile")
    file, rate = io.BytesIO(), 48_000
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "25"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        heard = out.add_stream("aac", rate=rate)
        heard.layout = "mono"
        for k, picture in enumerate(sources()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = k
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        at = np.arange(6 * rate) / rate
        wave = (0.5 * np.sin(880 * np.pi * at) * ((at >= 2) & (at < 4))).astype(np.float32)
        for start in range(0, len(wave), 1024):
            part = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], "fltp", "mono")
            part.sample_rate, part.pts = rate, start
            out.mux(heard.encode(part))
        out.mux(heard.encode())
    (tmp_path / "talk.mp4").write_bytes(file.getvalue())
    steps = Pipeline([Cut(tamis.audio.energy_segments, min_speech=0.5, pad=0.0)])
    run = steps.run(
        tamis.read_files(str(tmp_path / "*.mp4")), tmp_path / "out", format=Clips(encode="h264"),
        progress=False,
    )  # fmt: skip
    (row,) = run.kept().compute().itertuples()
    assert row.source_start == pytest.approx(2.0, abs=0.1)
    assert row.source_end == pytest.approx(4.0, abs=0.1)
    numbers = seen(row.path)
    assert numbers[0] == pytest.approx(50, abs=2) and numbers[-1] == pytest.approx(99, abs=2)


def write_clips(source, out):
    """A run that a test kills."""
    spans = [(k / 4, k / 4 + 1.5) for k in range(16)]
    frame = pd.DataFrame(spans, columns=["start", "end"])
    frame = frame.assign(path=source, id=[f"r{k:02d}" for k in range(16)])
    written(frame, out, Clips(preview="webp"), partitions=8)


@pytest.mark.slow
def test_killed_while_clips_are_written(files, tmp_path):
    """At any moment: the same files with the same bytes, and no others."""
    source = str(files / "a.mp4")

    def outcome(out):
        return {p.name: p.read_bytes() for p in (out / "kept").iterdir()}

    write_clips(source, str(tmp_path / "whole"))
    whole = outcome(tmp_path / "whole")
    assert len(whole) == 16 * 2 + 8
    out = tmp_path / "killed"
    code = f"import test_clips as t; t.write_clips({source!r}, {str(out)!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, start_new_session=True
    )
    end = time.monotonic() + 120
    while process.poll() is None and not any(out.glob("kept/*")) and time.monotonic() < end:
        time.sleep(0.002)
    killed = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert killed
    write_clips(source, str(out))
    assert outcome(out) == whole
