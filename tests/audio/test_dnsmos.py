"""DNSMOS beside the package's own loop."""

import numpy as np
import pytest
import soundfile
import soxr

from tamis import Filter, Pipeline, Score, audio
from tamis.audio.rating import _rated, wanted

pytest.importorskip("speechmos")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def speech(speech_wavs):
    samples, rate = soundfile.read(speech_wavs["two_cities"], dtype="float32")
    return np.clip(soxr.resample(samples, rate, 16_000), -1, 1).astype(np.float32)


def ours(*pieces, model="dnsmos"):
    from asr.speech import frame

    steps = [Score(op, model=model) for op in
             (audio.dnsmos_signal, audio.dnsmos_background, audio.dnsmos)]  # fmt: skip
    found = Pipeline([*steps, Score(audio.dnsmos_p808)]).explain(frame(*pieces))
    return found.iloc[:, 2:6].to_numpy(float)


def package(piece, model="dnsmos"):
    from speechmos import dnsmos

    told = dnsmos.run(piece, 16_000, model_type=model.replace("-", "_"))
    return [told[k] for k in ("sig_mos", "bak_mos", "ovrl_mos", "p808_mos")]


@pytest.mark.slow
def test_scores_are_the_packages(speech):
    """Repeated until it fills windows; one window; several, of which neighbours share frames."""
    pieces = [speech[: int(2.9 * 16_000)], speech[: int(11.3 * 16_000)]]
    found = ours(*pieces)
    np.testing.assert_allclose(found, [package(piece) for piece in pieces], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dnsmos", "dnsmos-personalized"])
@pytest.mark.parametrize("seconds", [0.2, 4.51, 9.01, 19.2, 44])
@pytest.mark.slow
def test_scores_are_the_packages_at_every_length(speech, seconds, model):
    piece = speech[: int(seconds * 16_000)]
    np.testing.assert_allclose(ours(piece, model=model)[0], package(piece, model), atol=1e-5)


@pytest.mark.slow
def test_stretches_of_a_long_recording_are_one(speech, monkeypatch):
    piece = speech[: 16_000 * 20]
    whole = ours(piece)
    monkeypatch.setattr("tamis.audio.rating.TOGETHER", 3)
    np.testing.assert_allclose(ours(piece), whole, atol=1e-5)


@pytest.mark.parametrize("length", [0, 1, 144_159, 144_160, 159_999, 160_000, 176_000, 3_000_000])
def test_windows_are_counted_as_the_package_counts(length):
    """Its loop, written out."""
    rated = []
    if length >= 144_160:
        for k in range(int(np.floor(length / 16_000) - 9.01) + 1):
            end = min(int((k + 9.01) * 16_000), length)
            if end - k * 16_000 >= 144_160:
                rated.append(k)
    assert [k for k in range(wanted(length)) if _rated(k)] == rated


def test_noise_is_worse_and_nothing_has_no_score(speech):
    from asr.speech import frame

    clean = speech[: 16_000 * 6]
    noisy = clean + 0.05 * np.random.default_rng(0).standard_normal(len(clean)).astype(np.float32)
    rows = frame(clean, noisy, None, b"no sound", np.zeros(0, np.float32))
    found = Score(audio.dnsmos)(rows).dnsmos
    assert found[0] > 3 > found[1]
    assert found[2:].isna().all()
    kept = Filter(audio.dnsmos, min=3).explain(rows)
    assert kept.dropped_by.isna().tolist() == [True, False, False, False, False]
    assert kept.dropped_why[3].startswith("decode.")
