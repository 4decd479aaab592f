"""Segments of recordings by their sound: rows for speech, for what is loud, for windows."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from sounds import tone, wav
from spoken import mixes, readings

import tamis
from tamis import Cut, Pipeline, Score, audio
from tamis.audio.energy import levels
from tamis.errors import ColumnError, SettingError

SILENCE, RATE = np.zeros(8000, np.float32), 8000


def beeps(*lengths, rate=RATE, pause=1.0, channels=1):
    """Tones of these seconds, one second of silence before, between and after them."""
    rest = np.zeros((round(pause * rate), channels), np.float32)
    parts = [rest]
    for seconds in lengths:
        parts += [tone(seconds, rate, channels), rest]
    return np.concatenate(parts)


def frame(*files, **columns):
    return pd.DataFrame({"id": [f"r{k}" for k in range(len(files))], "path": [*files], **columns})


def spans(found):
    return list(zip(found["start"].tolist(), found["end"].tolist(), strict=True))


def near(found, wanted, seconds):
    np.testing.assert_allclose(
        np.reshape(spans(found), (-1, 2)), np.reshape(wanted, (-1, 2)), atol=seconds
    )


LOUD = {"min_speech": 0.1, "min_silence": 0.3, "pad": 0.1}


def test_speech_in_files_is_what_the_package_finds():
    pytest.importorskip("onnxruntime")
    silero = pytest.importorskip("silero_vad")
    torch = pytest.importorskip("torch")
    model = silero.load_silero_vad(onnx=True)
    sounds = [*readings().values(), *mixes()[:2]]
    files = [wav(s, 16_000, "FLOAT") for s in sounds]
    found = Cut(audio.speech_segments, min_speech=0.5, pad=0.2).explain(frame(*files))
    assert len(set(found["parent_id"].dropna())) > 4
    for number, samples in enumerate(sounds):
        theirs = silero.get_speech_timestamps(
            torch.from_numpy(samples), model, min_speech_duration_ms=500, speech_pad_ms=200,
            min_silence_duration_ms=500, max_speech_duration_s=60,
        )  # fmt: skip
        own = found[found["parent_id"] == f"r{number}"]
        wanted = [(one["start"] / 16_000, one["end"] / 16_000) for one in theirs]
        near(own, wanted, 1e-6)
        if not wanted:
            (why,) = found.loc[found["id"] == f"r{number}", "dropped_why"]
            assert why.startswith("cut.empty")


def test_partitions_and_batches_of_rows_do_not_matter(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("silero_vad")
    files = []
    for number in range(150):  # more than are looked at at a time
        files.append(str(tmp_path / f"{number}.wav"))
        mix = mixes()[number % 12][: 16_000 * (1 + number % 3)]
        (tmp_path / f"{number}.wav").write_bytes(wav(mix, 16_000))
    rows = frame(*files)
    step = Cut(audio.speech_segments, min_speech=0.2)
    whole = step.explain(rows)
    parts = pd.concat([step.explain(rows.iloc[a : a + 13]) for a in range(0, 150, 13)])
    pd.testing.assert_frame_equal(parts, whole)
    assert whole["parent_id"].nunique() > 50


def test_what_cannot_be_read_says_why_and_nothing_is_lost(tmp_path):
    good = wav(beeps(2, 3), RATE)
    cut_off = good[: len(good) // 2]
    odd = beeps(1)
    odd[4000] = math.nan
    rows = frame(
        good, cut_off, b"text", wav(SILENCE, RATE), "/no/file.wav", wav(odd, RATE, "FLOAT")
    )
    rows["path"] = rows["path"].astype(object)
    for op in (audio.energy_segments, audio.speech_segments):
        if op is audio.speech_segments:
            pytest.importorskip("silero_vad")
        found = Cut(op, **LOUD).explain(rows)
        assert set(found["parent_id"].fillna(found["id"])) == set(rows["id"])
        why = found.dropna(subset="dropped_why").set_index("id")["dropped_why"]
        codes = why.str.partition(":")[0].to_dict()
        assert codes["r1"].startswith("decode."), codes
        assert codes["r2"] == "decode.format" and codes["r4"] == "media.missing"
        assert codes["r3"] == "cut.empty"
        assert codes["r5"] == "decode.corrupt"
    assert spans(found[found["parent_id"] == "r0"]) or op is audio.speech_segments


@pytest.mark.parametrize("channels", [1, 2])
def test_energy_finds_what_is_loud(channels):
    file = wav(beeps(2, 0.05, 3, channels=channels), RATE)
    found = Cut(audio.energy_segments, **LOUD)(frame(file))
    near(found, [(0.9, 3.1), (4.95, 8.15)], 0.021)
    quiet = Cut(audio.energy_segments, floor=0.0, **LOUD).explain(frame(file))
    assert quiet["dropped_why"].tolist()[0].startswith("cut.empty: nothing in it is loud")


def test_energy_beside_brute_force():
    sound = beeps(2, 1.2, 0.4)[:, 0] + tone(7.6, RATE, level=0.002)[:, 0]
    power = [
        float((sound[at : at + 160].astype(float) ** 2).mean()) for at in range(0, len(sound), 160)
    ]
    loud = np.array(power) >= max(power) * 1e-3
    edges = np.flatnonzero(np.diff(np.r_[0, loud, 0]))
    wanted = edges.reshape(-1, 2) * 160 / RATE
    rules = {"min_speech": 0.0, "min_silence": 0.0, "pad": 0.0, "below": 30.0}
    found = Cut(audio.energy_segments, **rules)(frame(wav(sound, RATE, "FLOAT")))
    assert len(wanted) >= 3
    near(found, wanted, 1e-6)


def test_levels_do_not_depend_on_blocks():
    sound = tone(1.234, 16_000, 2)
    whole, length = levels([sound], 16_000)
    for size in (1, 7, 333, 5000):
        parts = (sound[at : at + size] for at in range(0, len(sound), size))
        found, counted = levels(parts, 16_000)
        np.testing.assert_allclose(found, whole, rtol=1e-6)
        assert counted == length == len(sound)
    first = sound[:320].astype(np.float64)
    assert whole[0] == pytest.approx(10 * np.log10((first**2).mean()), abs=1e-4)
    assert levels([], 16_000)[1] == 0


def test_pieces_of_pieces_point_into_the_file():
    file = wav(beeps(4, 4), RATE)
    both = Pipeline([Cut(audio.energy_segments, **LOUD), Cut(audio.windows, length=1.5)])
    found = both(frame(file))
    assert found["id"].tolist() == [f"r0/{a}/{b}" for a in (1, 2) for b in (1, 2, 3)]
    assert found["parent_id"].tolist() == ["r0/1"] * 3 + ["r0/2"] * 3
    first, second = found["start"].iloc[0], found["start"].iloc[3]
    assert (first, second) == pytest.approx((0.9, 5.9), abs=0.021)
    assert spans(found)[4] == pytest.approx((second + 1.5, second + 3.0))
    assert found["end"].iloc[2] == pytest.approx(5.1, abs=0.021)
    scored = found.pipe(Score(audio.duration))
    assert scored["duration"].tolist() == pytest.approx([1.5, 1.5, 1.2] * 2, abs=0.021)


def test_rows_that_are_parts_already():
    file = wav(beeps(4, 4), RATE)
    rows = frame(file, file, start=[0.0, 5.5], end=[5.5, None])
    found = Cut(audio.energy_segments, **LOUD)(rows)
    assert found["id"].tolist() == ["r0/1", "r1/1"]
    near(found, [(0.9, 5.1), (5.9, 10.1)], 0.021)


def test_merging_and_shortest():
    file = wav(beeps(1, 1, 1, 0.3), RATE)
    rules = LOUD | {"pad": 0.0}
    apart = Cut(audio.energy_segments, **rules)(frame(file))
    assert len(apart) == 4
    pairs = Cut(audio.energy_segments, merge=1.1, max_duration=3.2, **rules)(frame(file))
    near(pairs, [(1, 4), (5, 7.3)], 0.021)
    longer = Cut(audio.energy_segments, min_duration=0.5, **rules)(frame(file))
    assert spans(longer) == spans(apart)[:3]


def test_windows():
    file = wav(tone(10, RATE), RATE)
    found = Cut(audio.windows, length=4, overlap=1, minimum=2)(frame(file))
    assert spans(found) == [(0, 4), (3, 7), (6, 10)]
    dropped = Cut(audio.windows, length=30, minimum=20).explain(frame(file))
    assert dropped["dropped_why"].tolist() == ["cut.empty: it is shorter than minimum=20"]


def test_transcripts_go_along_by_the_times_of_their_words():
    file = wav(beeps(2, 2), RATE)
    words = [
        {"word": "one", "start": 1.0, "end": 1.8, "confidence": 0.5},
        {"word": "two", "start": 2.0, "end": 3.0},
        {"word": "three", "start": 4.0, "end": 6.0},
    ]
    rows = frame(
        file, file, file,
        text=["One, two. (Three!)", "Others", None],
        transcript_words=[json.dumps(words), json.dumps(words), None],
        duration=[7, 7, 7],
    )  # fmt: skip
    found = Cut(audio.energy_segments, **LOUD)(rows)
    assert found["text"].tolist()[:2] == ["One, two.", "(Three!)"]
    assert found["text"].isna().tolist() == [False, False, True, True, True, True]
    first, second = (json.loads(one) for one in found["transcript_words"].iloc[:2])
    start = found["start"].iloc[1]
    assert [one["word"] for one in first] == ["one", "two"] and first[0]["confidence"] == 0.5
    assert second[0]["start"] == pytest.approx(4 - start) and found["duration"].iloc[0] < 2.3
    assert found["transcript_words"].iloc[4:].isna().all()
    bare = Cut(audio.energy_segments, **LOUD)(frame(file))
    assert bare.columns.tolist() == ["id", "path", "parent_id", "start", "end"]


def test_settings_that_no_segment_can_meet():
    rows = frame(wav(SILENCE, RATE))
    for op, settings in (
        (audio.energy_segments, {"max_duration": 1.0}),
        (audio.energy_segments, {"pad": -1.0}),
        (audio.windows, {"length": 2.0, "overlap": 2.0}),
        (audio.windows, {"length": math.inf}),
        (audio.windows, {"length": 1e-9}),
    ):
        with pytest.raises(SettingError):
            Cut(op, **settings)(rows)
    with pytest.raises(ColumnError, match="path"):
        Cut(audio.windows)(pd.DataFrame({"id": ["a"]}))


def test_a_recipe_and_a_run(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.wav").write_bytes(wav(beeps(2, 3), RATE))
    (tmp_path / "in" / "bad.wav").write_bytes(b"not a recording")
    steps = Pipeline([Cut(audio.energy_segments, **LOUD), Cut(audio.windows, length=2.0)])
    steps = Pipeline.from_yaml(steps.to_yaml())
    run = steps.run(tamis.read_files(str(tmp_path / "in" / "*.wav")), str(tmp_path / "out"))
    kept, dropped = run.kept().compute(), run.dropped().compute()
    assert len(kept) == 3 * 4 and kept["id"].is_unique
    assert len(dropped) == 1 and dropped["dropped_why"].iloc[0].startswith("decode.format")
