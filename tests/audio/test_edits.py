"""Edits that stay on pointers until samples are read: trimmed, joined, louder, without DC."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sounds import tone, wav

import tamis
from tamis import Cut, Edit, Score, audio, measure
from tamis.audio.transform import amplified, factor, offset, shifted, spaced
from tamis.errors import SettingError
from tamis.media import each

RATE = 8000


@measure(dtype="float64", namespace="test_edits")
def rms(waveform):
    """The RMS level of all samples in dB."""
    return each(waveform, lambda w: 10 * np.log10(np.mean(w.samples.astype(float) ** 2)))


def frame(*files, **columns):
    return pd.DataFrame({"id": [f"r{k}" for k in range(len(files))], "path": [*files], **columns})


def written(rows, folder, **settings):
    tamis.write_files(rows, str(folder), **settings)
    found = tamis.read_manifest(str(folder)).compute()
    return [soundfile.read(path, always_2d=True) for path in found["path"]], found


def parts_of(sound, cuts):
    return (sound[a:b] for a, b in zip([0, *cuts], [*cuts, len(sound)], strict=True))


@given(st.lists(st.integers(0, 4000), max_size=4).map(sorted), st.floats(-40, 20))
def test_samples_do_not_depend_on_blocks(cuts, decibels):
    sound = tone(0.5, RATE, 2) + np.float32(0.1)
    louder = np.concatenate([*amplified(parts_of(sound, cuts), decibels)])
    np.testing.assert_allclose(louder, sound * 10 ** (decibels / 20), rtol=1e-5)
    mean = offset(parts_of(sound, cuts))
    np.testing.assert_allclose(mean, sound.astype(float).mean(axis=0), atol=1e-9)
    without = np.concatenate([*shifted(parts_of(sound, cuts), mean)])
    np.testing.assert_allclose(without.mean(axis=0), 0, atol=1e-6)
    apart = np.concatenate([*spaced([parts_of(sound, cuts), [sound]], 77)])
    assert np.array_equal(apart, np.concatenate([sound, np.zeros((77, 2), np.float32), sound]))


def test_a_gain_is_seen_by_measures_and_written(tmp_path):
    sound = tone(2, 16_000, level=0.05)
    file = wav(sound, 16_000, "FLOAT")
    rows = frame(file, file, file, gain_db=[6.0, None, -6.0])
    plain, *_ = frame(file).pipe(Score(rms))["rms"]
    found = rows.pipe(Score(rms))["rms"]
    np.testing.assert_allclose(found, [plain + 6, plain, plain - 6], atol=1e-3)
    files, manifest = written(rows, tmp_path / "out")
    for (samples, rate), gain in zip(files, [6, 0, -6], strict=True):
        assert rate == 16_000
        np.testing.assert_allclose(samples, sound * factor(gain), atol=1e-4)
    assert "gain_db" not in manifest and manifest["source_gain_db"].dropna().tolist() == [6, -6]


def test_loudness_becomes_the_target():
    pyloudnorm = pytest.importorskip("pyloudnorm")
    meter = pyloudnorm.Meter(16_000)
    sounds = [tone(3, 16_000, level=level) for level in (0.02, 0.1)]
    rows = frame(*[wav(s, 16_000, "FLOAT") for s in sounds])
    rows["loudness"] = [meter.integrated_loudness(s[:, 0].astype(float)) for s in sounds]
    rows = rows.pipe(Edit(audio.normalize_loudness, target=-30.0))

    @measure(dtype="float64", namespace="test_edits")
    def lufs(waveform):
        """As pyloudnorm has it."""
        return each(waveform, lambda w: meter.integrated_loudness(w.samples[:, 0].astype(float)))

    np.testing.assert_allclose(rows.pipe(Score(lufs))["lufs"], [-30, -30], atol=0.01)


def test_gains():
    rows = pd.DataFrame(
        {
            "loudness": [-30.0, -10.0, None, -150.0, -22.0],
            "level": [-30.0, -10.0, None, -150.0, -22.0],
            "peak_level": [-20.0, -0.5, -3.0, -150.0, -1.5],
        }
    )

    def gains(**settings):
        return rows.pipe(Edit(audio.normalize_loudness, **settings))["gain_db"].tolist()

    nan = math.nan
    # the peaks leave 19, 0, 2, any and 0.5 dB up to -1 dBFS
    np.testing.assert_equal(gains(), [7, -13, nan, nan, -1])
    np.testing.assert_equal(gains(target=-20.0, limit=3.0), [3, -3, nan, nan, 0.5])
    np.testing.assert_equal(gains(target=-5.0), [19, 0, nan, nan, 0.5])
    assert gains(on={"loudness": "level"}) == pytest.approx([7, -13, nan, nan, -1], nan_ok=True)
    rows["gain_db"] = [1.0, None, 4.0, None, 0.0]
    np.testing.assert_equal(gains(), [8, -13, 4, nan, -1])
    with pytest.raises(SettingError):
        gains(limit=-1.0)


def test_dc_is_taken_from_each_channel(tmp_path):
    sound = tone(1, RATE, 2) + np.array([0.2, -0.1], np.float32)
    rows = frame(wav(sound, RATE, "FLOAT"), wav(sound, RATE, "FLOAT"), remove_dc=[True, False])
    files, _ = written(rows, tmp_path / "out")
    np.testing.assert_allclose(files[0][0].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(files[0][0], sound - sound.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(files[1][0], sound, atol=1e-4)


def silent(seconds, rate=RATE):
    return np.zeros((round(seconds * rate), 1), np.float32)


def test_silence_is_trimmed():
    sound = np.concatenate([silent(1), tone(1, RATE), silent(0.5), tone(1, RATE), silent(2)])
    words = json.dumps([{"word": "hm", "start": 1.2, "end": 1.5}])
    rows = frame(
        wav(sound, RATE), wav(silent(1), RATE), b"no", wav(sound, RATE),
        text=["Hm."] * 4, transcript_words=[words] * 4, start=[0.0, 0.0, 0.0, 0.5],
        end=[None, None, None, 2.0],
    )  # fmt: skip
    found = Cut(audio.trim_silence, pad=0.2).explain(rows)
    assert found["id"].tolist() == ["r0/1", "r1", "r2", "r3/1"]
    np.testing.assert_allclose(found["start"].iloc[[0, 3]], [0.8, 0.8], atol=0.021)
    np.testing.assert_allclose(found["end"].iloc[[0, 3]], [3.7, 2.0], atol=0.021)
    assert found["text"].tolist() == ["Hm."] * 4
    (word,) = json.loads(found["transcript_words"].iloc[0])
    assert word["start"] == pytest.approx(1.2 - found["start"].iloc[0])
    why = found["dropped_why"].str.partition(":")[0]
    assert why.iloc[1] == "cut.empty" and why.iloc[2] == "decode.format"
    again = Cut(audio.trim_silence, pad=0.2)(found[found["parent_id"] == "r0"])
    assert again["start"].iloc[0] == pytest.approx(found["start"].iloc[0], abs=0.021)
    assert again["end"].iloc[0] == pytest.approx(found["end"].iloc[0], abs=0.021)


def test_parts_are_one_sound(tmp_path):
    sound = tone(4, RATE, 2)
    rows = frame(
        wav(sound, RATE, "FLOAT"), wav(sound, RATE, "FLOAT"),
        start=[1.0, 0.0], sound_parts=["[[0.5, 1], [2, 2.25]]", None],
    )  # fmt: skip
    wanted = np.concatenate(
        [sound[12_000:16_000], np.zeros((4000, 2), np.float32), sound[24_000:26_000]]
    )
    files, found = written(rows, tmp_path / "out")
    np.testing.assert_allclose(files[0][0], wanted, atol=1e-4)
    np.testing.assert_allclose(files[1][0], sound, atol=1e-4)
    assert found["source_sound_parts"].notna().tolist() == [True, False]
    assert rows.pipe(Score(audio.duration))["duration"].tolist() == [1.25, 4.0]
    refused = Cut(audio.windows, length=1.0).explain(rows)
    assert refused["dropped_why"].iloc[0].startswith("audio.edit")
    assert refused["id"].tolist()[1:] == ["r1/1", "r1/2", "r1/3", "r1/4"]


@pytest.mark.parametrize("parts", ["[]", "[[1]]", "[[2, 1]]", "[[0, 9]]", "x", "[[0, null]]", "3"])
def test_parts_that_are_none(parts):
    rows = frame(wav(tone(4, RATE), RATE), sound_parts=[parts])
    found = Cut(audio.energy_segments).explain(rows)
    assert found["dropped_why"].tolist()[0].startswith("audio.edit: ")


def test_speech_only():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("silero_vad")
    from spoken import mixes

    rows = frame(*[wav(m, 16_000, "FLOAT") for m in mixes()[:4]], wav(silent(2), RATE))
    found = Cut(audio.speech_only).explain(rows)
    segments = Cut(audio.speech_segments, min_speech=0.25, max_duration=math.inf)(rows)
    assert found["dropped_why"].iloc[-1].startswith("cut.empty")
    kept = found.iloc[:-1].pipe(Score(audio.duration))
    for parent, parts, duration in zip(
        kept["parent_id"], kept["sound_parts"], kept["duration"], strict=True
    ):
        own = segments[segments["parent_id"] == parent]
        np.testing.assert_allclose(json.loads(parts), own[["start", "end"]], atol=1e-6)
        lasting = (own["end"] - own["start"]).sum() + 0.5 * (len(own) - 1)
        assert duration == pytest.approx(lasting, abs=1e-3 * len(own))
