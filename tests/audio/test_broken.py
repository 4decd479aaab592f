"""Broken recordings: each costs itself, for its reason, and nothing is lost."""

import time

import broken_sounds
import numpy as np
import pandas as pd
import pytest
from sounds import NAMES, encoded, tone
from test_recording import ON, recorded, samples

from damage import damaged
from tamis import Filter, Pipeline, audio
from tamis.audio.decode import stream
from tamis.audio.header import header
from tamis.codes import CODES, BadRecord
from tamis.media.reader import Reader
from tamis.viewing import Views

BAD = {sample.name: sample for sample in broken_sounds.broken()}


@pytest.mark.parametrize("isolate", [False, "risky"])
@pytest.mark.parametrize("name", BAD)
def test_code(name, isolate, capfd):
    sample = BAD[name]
    views = Views(pd.DataFrame({"path": [sample.data]}))
    found = views.get("waveform", ON, {"isolate": isolate})
    assert found[0] is None
    code, _, detail = found.problems[0].partition(": ")
    assert code == sample.code, detail
    headers = views.get("audio_header", ON, {"isolate": isolate})
    assert (headers[0] is not None) == sample.header
    assert not capfd.readouterr().err.count("Traceback")


def test_enough_of_them():
    assert len(BAD) >= 40 and {sample.code for sample in BAD.values()} <= set(CODES)


@pytest.mark.parametrize(
    ("name", "data", "frames", "channels", "rate"),
    [pytest.param(*case, id=case[0]) for case in broken_sounds.odd()],
)
def test_strange_but_good(name, data, frames, channels, rate):
    one = recorded(data)
    assert (one.frames, one.channels, one.rate) == (frames, channels, rate)
    found = samples(data)
    assert found.shape == (frames, channels) and found.dtype == np.float32
    mono = np.concatenate(list(one.mono()))
    assert abs(len(mono) - frames * 16_000 / rate) <= 1


@pytest.mark.parametrize("name", ["mp3", "flac"])
def test_garbled_behind_a_sound_header(tmp_path, capfd, name):
    data = bytearray(encoded(name, tone(4)))
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    for file, content in (("bad", data), ("good", encoded(name, tone(4)))):
        (tmp_path / file).write_bytes(content)
    rows = pd.DataFrame(
        {"id": ["bad", "good"], "path": [str(tmp_path / n) for n in ("bad", "good")]}
    )
    assert Filter(audio.duration, min=3.9)(rows).id.tolist() == ["bad", "good"]
    capfd.readouterr()
    step = Filter(audio.decoded_duration, min=3.9, isolate=("mp3", "flac"))
    found = step.explain(rows)
    assert found.dropped_why.str.startswith("decode.corrupt: ").tolist()[0]
    assert found.dropped_by.isna().tolist() == [False, True]
    assert abs(found.decoded_duration[1] - 4) < 0.1
    assert capfd.readouterr().err == ""  # libmpg123's notes go nowhere in a process of its own


def test_a_run_over_all_of_them_loses_nothing(tmp_path):
    good = {f"good-{name}": encoded(name, tone(1)) for name in ("wav", "flac", "opus")}
    rows = [(s.name, s.data) for s in BAD.values()] + list(good.items())
    ids, paths = [], []
    for name, data in rows:
        file = tmp_path / f"{name}.bin"
        file.write_bytes(data)
        ids.append(name)
        paths.append(str(file))
    ids.append("gone")
    paths.append(str(tmp_path / "gone.wav"))
    frame = pd.DataFrame({"id": ids, "path": paths})
    steps = Pipeline([Filter(audio.duration, min=0.5), Filter(audio.rms_level, min=-60)])
    found = steps.explain(frame)
    assert found["id"].tolist() == ids
    kept = found[found.dropped_by.isna()]["id"]
    assert set(kept) == set(good)
    why = found.set_index("id").dropped_why
    assert why["gone"].startswith("media.missing")
    for sample in BAD.values():
        # what has a header without samples is dropped for its duration
        assert why[sample.name].startswith((sample.code, "min: "))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_damaged_recordings(name):
    """Each decodes or is refused for a reason, quickly; seeds are fixed."""
    rate = 8000 if name in ("amr", "voc") else 16_000 if name not in ("opus", "ac3") else 48_000
    whole = encoded(name, tone(0.5, rate), rate)
    rng = np.random.default_rng([NAMES.index(name), 11])
    start, tried, passed, slowest = time.monotonic(), 0, 0, 0.0
    while tried < 2000 and time.monotonic() - start < 2.0:
        data = damaged(whole, rng)
        began = time.perf_counter()
        try:
            found = header(Reader(data))
            for first, stop in ((0, None), (found.frames // 2, found.frames)):
                count = 0
                for block in stream(Reader(data), found, first, stop):
                    assert block.dtype == np.float32 and block.shape[1] == found.channels
                    count += len(block)
                    if count > 10_000_000:
                        break
            passed += 1
        except BadRecord as bad:
            assert bad.code.startswith(("decode.", "media.empty", "audio.none")), bad
        slowest = max(slowest, time.perf_counter() - began)
        tried += 1
    assert tried >= 20 and passed > 0
    assert slowest < 2


def test_headers_of_many_channels():
    """Damaged ADTS that says 25: PyAV's list of planes then goes on behind the last of them."""
    whole = encoded("aac", tone(0.5, 16_000), 16_000)
    rng = np.random.default_rng([NAMES.index("aac"), 11])
    many = 0
    for _ in range(3000):
        data = damaged(whole, rng)
        try:
            found = header(Reader(data))
            if found.channels <= 8:
                continue
            many += 1
            for block in stream(Reader(data), found, 0, None):
                assert block.shape[1] == found.channels and block.dtype == np.float32
        except BadRecord as bad:
            assert bad.code.startswith(("decode.", "media.empty", "audio.none")), bad
    assert many
