"""Clips too large to be held come in parts: the same bytes, whatever a muxer writes where."""

import io
import re
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import made

import tamis
from tamis.codes import BadRecord
from tamis.media import parts
from tamis.media.pieces import LARGE
from tamis.video import clip_file
from tamis.video.clip_file import Gathered, Sink
from tamis.video.clipping import Cutting, make

av = pytest.importorskip("av")
FORMATS = {"a.mp4": "mp4", "b.mkv": "matroska"}


@pytest.fixture
def gathered(monkeypatch):
    """Where parts go, as in the sandbox."""
    monkeypatch.setattr(parts, "_taker", [])
    found, before = Gathered(), []

    def put(value):
        found.add(parts.Part(value, not before))
        before.append(value)

    parts.take(put)
    return found


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=30))),
       st.integers(1, 40), st.integers(1, 20))  # fmt: skip
def test_a_file_written_in_any_order(writes, large, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_file, "LARGE", large)
        patch.setattr(clip_file, "_PART", size)
        patch.setattr(parts, "_taker", [])
        there, first, expected, file = Gathered(), [True], io.BytesIO(), Sink()
        parts.take(lambda value: there.add(parts.Part(value, bool(first and first.pop()))))
        for at, data in writes:
            at = min(at, len(expected.getvalue()))  # a muxer leaves no holes
            assert file.seek(at) == expected.seek(at)
            assert file.write(data) == expected.write(data)
            assert file.tell() == expected.tell()
        held, content = file.getvalue(), there.content()
        found = held if content is None else b"".join(content)
        assert found == expected.getvalue()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encode", ["copy", "h264"])
def test_parts_are_the_clip(name, encode, tmp_path, monkeypatch, gathered):
    noise = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), dtype=np.uint8)
    path = made(tmp_path / name, list(noise), gop=10, format=FORMATS[name])
    place = {"path": str(path), "offset": None, "length": None}
    asked = {"place": place, "start": 0.4, "end": None}
    asked |= Cutting(encode=encode)._asdict()
    whole = make(b"", **asked)
    monkeypatch.setattr(clip_file, "LARGE", 1 << 12)
    monkeypatch.setattr(clip_file, "_PART", 1 << 10)
    parted = make(b"", **asked)
    assert len(whole.clip.data) > 1 << 13 and parted.clip.data == b""
    assert b"".join(gathered.content()) == whole.clip.data
    assert parted.clip[1:] == whole.clip[1:]


@pytest.mark.parametrize("again", [False, True])
def test_pictures_in_parts_are_the_pictures(tmp_path, monkeypatch, gathered, again):
    noise = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), dtype=np.uint8)
    path = made(tmp_path / "a.mp4", list(noise), gop=10)
    place = {"path": str(path), "offset": None, "length": None}
    asked = {"place": place, "start": 0.4, "end": None}
    asked |= Cutting(frames=25.0, preview="webp")._asdict()
    whole = make(b"", **asked)
    sizes = [len(data) for _, data in whole.pictures]
    monkeypatch.setattr(clip_file, "LARGE", sum(sizes[:7]))
    if again:  # one that died had given some
        gathered.add(parts.Part(("picture", b"of another attempt"), True))
    parted = make(b"", **asked)
    assert [at for at, _ in parted.pictures] == [at for at, _ in whole.pictures]
    held = [data for _, data in parted.pictures]
    # At the seventh all go, and then each that comes: so at most that many bytes are held.
    assert len(sizes) == 20 and not any(held)
    found = gathered.pictures(held)
    assert [bytes(data[:]) for data in found] == [data for _, data in whole.pictures]
    assert parted.preview == whole.preview
    with pytest.raises(BadRecord, match=re.escape("sandbox.crash")):
        gathered.pictures([*held[:-1], b"one that was not handed over", b""])
    with pytest.raises(BadRecord, match=re.escape("sandbox.crash")):
        gathered.pictures([*held, b""])


def test_nonsense_is_a_crash():
    for value in ((3, b"a"), (-1, b"a"), ("0", b"a"), (0, 7), 5, (0, b"a", 1), ("picture", 7)):
        there = Gathered()
        there.add(parts.Part(value, True))
        with pytest.raises(BadRecord, match=re.escape("sandbox.crash")):
            there.content()


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["files", "tar"])
def test_a_large_clip_is_written(layout, tmp_path):
    """Lossless noise, beside a small clip: through the sandbox, opened by PyAV."""
    noise = np.random.default_rng(0).integers(0, 255, (45, 480, 640, 3), dtype=np.uint8)
    path = made(tmp_path / "long.mp4", list(noise), gop=5, crf="0")
    rows = pd.DataFrame({"path": [str(path)] * 3, "start": [0.2, 0.4, 0.2], "end": [1.8, 0.6, 1.8]})
    tamis.write_clips(rows, tmp_path / "out", layout=layout)
    table = pd.read_parquet(next((tmp_path / "out").glob("part-*.parquet")))
    assert table.frame_count.tolist() == [40, 5, 40]
    contents = []
    for one in table.itertuples():
        data = Path(tmp_path, "out", one.path).read_bytes()
        contents.append(data if layout == "files" else data[one.offset : one.offset + one.size])
    assert len(contents[0]) > LARGE > len(contents[1])
    assert contents[0] == contents[2]
    with av.open(io.BytesIO(contents[0])) as container:
        assert sum(1 for _ in container.decode(video=0)) == 40


@pytest.mark.slow
def test_many_pictures_are_written(tmp_path):
    """More than 16 MiB of them through the sandbox, by what a process that holds them makes."""
    noise = np.random.default_rng(0).integers(0, 255, (50, 720, 960, 3), dtype=np.uint8)
    path = made(tmp_path / "a.mp4", list(noise), gop=10)
    rows = pd.DataFrame({"path": [str(path)] * 2, "start": [0.0, 0.4], "end": [2.0, 0.6]})
    tamis.write_clips(rows, tmp_path / "out", layout="tar", frames=25)
    found = {}
    for name in (tmp_path / "out").glob("*.tar"):
        with tarfile.open(name) as archive:
            for one in archive.getmembers():
                if one.name.endswith(".jpg"):
                    found[one.name] = archive.extractfile(one).read()
    place = {"path": str(path), "offset": None, "length": None}
    held = [
        make(b"", place=place, start=start, end=end, **Cutting(frames=25.0)._asdict()).pictures
        for start, end in ((0.0, 2.0), (0.4, 0.6))
    ]
    expected = [data for pictures in held for _, data in pictures]
    assert sum(map(len, expected)) > LARGE + (1 << 20)
    assert sorted(found.values()) == sorted(expected)
    table = pd.read_parquet(next((tmp_path / "out").glob("part-*.parquet")))
    assert [len(times) for times in table.frame_seconds] == [len(one) for one in held]
