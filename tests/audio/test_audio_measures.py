"""Measures of samples against pyloudnorm, librosa, numpy, and signals that are known."""

import librosa
import numpy as np
import pandas as pd
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sounds import riff, tone, wav

from tamis import Filter, Score, audio
from tamis.audio.noise import SPREADS
from tamis.audio.signal import added
from tamis.kernels import spectrum

RATES = [8000, 11_025, 16_000, 22_050, 44_100, 48_000]


def one(measure, data, **settings):
    """The value of a measure for one recording."""
    return measure(pd.Series([data], dtype=object), **settings).iloc[0]


def stereo(seconds, rate, seed=0, channels=2):
    """Noise whose level rises and falls, float32 of [n, channels]."""
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    shape = 0.05 + 0.4 * np.abs(np.sin(np.arange(n) / rate * 1.3))
    return (0.3 * shape[:, None] * rng.standard_normal((n, channels))).astype(np.float32)


def passed(samples, rate, block=2.0):
    """The sums of a signal in blocks of whole seconds."""
    size = int(block * rate)
    blocks = (samples[k : k + size] for k in range(0, len(samples), size))
    return added(blocks, rate, samples.shape[1])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_loudness_is_pyloudnorms(rate, channels):
    samples = stereo(9.72, rate, rate, channels)
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")  # the standard's own filters
    meter._append_silence = lambda data, **_: data  # the standard asks for none
    expected = meter.integrated_loudness(samples.astype(np.float64))
    found = one(audio.loudness, wav(samples, rate, "FLOAT"))
    assert found == pytest.approx(expected, abs=0.02)
    expected = meter.loudness_range(samples.astype(np.float64))
    assert one(audio.loudness_range, wav(samples, rate, "FLOAT")) == pytest.approx(
        expected, abs=0.1
    )


def test_loudness_of_the_standards_tone():
    """BS.1770: a sine of 997 Hz at full scale in one channel has -3.01 LUFS."""
    t = np.arange(48_000 * 5) / 48_000
    sine = np.sin(2 * np.pi * 997 * t).astype(np.float32)[:, None]
    assert one(audio.loudness, wav(sine, 48_000, "FLOAT")) == pytest.approx(-3.01, abs=0.01)
    both = np.concatenate([sine, sine], 1)
    assert one(audio.loudness, wav(both, 48_000, "FLOAT")) == pytest.approx(0.0, abs=0.01)


def test_loudness_of_short_and_silent_ones():
    assert np.isnan(one(audio.loudness, wav(stereo(0.39, 16_000), 16_000)))
    assert one(audio.loudness, wav(np.zeros((16_000, 1)), 16_000)) == -70
    assert np.isnan(one(audio.loudness_range, wav(stereo(2.9, 16_000), 16_000)))


@pytest.mark.parametrize("rate", RATES)
def test_levels_are_numpys(rate):
    samples = stereo(2.345, rate) + np.float32(0.01)
    samples[100:110] = 1.0
    data = wav(samples, rate, "FLOAT")
    wide = samples.astype(np.float64)
    assert one(audio.rms_level, data) == pytest.approx(10 * np.log10((wide**2).mean()), abs=1e-5)
    assert one(audio.peak_level, data) == pytest.approx(20 * np.log10(np.abs(wide).max()))
    assert one(audio.dc_offset, data) == pytest.approx(max(wide.mean(0), key=abs), abs=1e-8)
    assert one(audio.clipping_ratio, data) == (np.abs(samples) >= np.float32(0.999)).mean()
    expected = np.corrcoef(wide.T)[0, 1]
    assert one(audio.channel_correlation, data) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rate", RATES)
def test_crossings_and_flatness_are_librosas(rate, speech_wavs):
    speech, own = soundfile.read(speech_wavs["beckett"], dtype="float32")
    samples = librosa.resample(speech, orig_sr=own, target_sr=rate)
    data = wav(samples[:, None], rate, "FLOAT")
    crossed = librosa.zero_crossings(samples, pad=False).sum() / len(samples)
    assert one(audio.zero_crossing_rate, data) == pytest.approx(crossed, abs=1e-4)
    spec = np.abs(librosa.stft(
        samples.astype(float), n_fft=512, hop_length=rate // 100, window="blackmanharris"
    ))  # fmt: skip
    flat = librosa.feature.spectral_flatness(S=spec).mean()
    assert one(audio.spectral_flatness, data) == pytest.approx(flat, rel=2e-3)
    assert one(audio.bandwidth, data) == nemo_bandwidth(samples, rate)


def nemo_bandwidth(samples, rate):
    """`EstimateBandwidth` of NeMo's speech-data-processor, step by step."""
    spec = librosa.stft(y=samples, n_fft=512, hop_length=int(rate * 0.01), window="blackmanharris")
    power = librosa.power_to_db(np.mean(np.abs(spec) ** 2, axis=1), ref=512, top_db=100)
    for k in range(len(power) - 1, -1, -1):
        if power[k] - power.max() > -50:
            return librosa.fft_frequencies(sr=rate, n_fft=512)[k]
    return 0.0


@pytest.mark.parametrize("low", [4000, 8000, 16_000])
def test_bandwidth_of_what_was_made_from_less(low):
    noise = stereo(3, 48_000)[:, 0]
    narrow = librosa.resample(
        librosa.resample(noise, orig_sr=48_000, target_sr=2 * low),
        orig_sr=2 * low, target_sr=48_000,
    )  # fmt: skip
    assert 0.9 * low < one(audio.bandwidth, wav(narrow[:, None], 48_000)) < 1.06 * low
    assert one(audio.bandwidth, wav(noise[:, None], 48_000)) > 23_900


def test_wada_table_is_what_the_distributions_give():
    """By integration over the speech's quantiles, each with Gaussian noise in closed form."""
    share = (np.arange(20_000) + 0.5) / 20_000
    speech = stats.gamma.ppf(share, 0.4)
    j = np.arange(900)
    for snr in (-20, 0, 10, 20, 30):
        width = np.sqrt(0.4 * 1.4 / 10 ** (snr / 10))
        mean = np.mean(
            width * np.sqrt(2 / np.pi) * np.exp(-(speech**2) / 2 / width**2)
            + speech * special.erf(speech / width / np.sqrt(2))
        )
        half = (speech / width) ** 2 / 2
        logs = np.log(np.maximum(speech, 1e-300)) - 0.25 / np.maximum(half, 1e-9)
        near = half <= 400
        weights = stats.poisson.pmf(j[None], half[near][::20, None])
        logs[near] = np.interp(
            half[near], half[near][::20],
            0.5 * (weights @ special.digamma(0.5 + j) + np.log(2 * width**2)),
        )  # fmt: skip
        assert np.log(mean) - logs.mean() == pytest.approx(SPREADS[snr + 20], abs=0.004)


def mixed(speech, snr, seed=0):
    """Speech with white noise at a signal-to-noise ratio, within full scale."""
    noise = np.random.default_rng(seed).standard_normal(len(speech))
    noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-snr / 20)
    found = (speech + noise) * 0.3
    return found.astype(np.float32)[:, None]


@pytest.mark.parametrize("name", ["beckett", "two_cities", "endgame_nagg_nell"])
@pytest.mark.parametrize("snr", [0, 5, 10, 15, 20])  # the speech has some noise of its own
def test_snr_of_mixtures(name, snr, speech_wavs):
    speech, rate = soundfile.read(speech_wavs[name], frames=24_000 * 20)
    data = wav(mixed(speech, snr), rate, "FLOAT")
    assert one(audio.percentile_snr, data) == pytest.approx(snr, abs=2 if snr < 20 else 3)
    assert one(audio.wada_snr, data) == pytest.approx(snr, abs=3.5 if snr < 20 else 4.5)


def test_silence():
    samples = np.zeros((16_000, 1), np.float32)
    samples[:4000, 0] = 0.5 * np.sin(np.arange(4000))
    assert one(audio.silence_ratio, wav(samples, 16_000)) == pytest.approx(0.74, abs=0.02)
    nothing = wav(np.zeros((16_000, 2)), 16_000)
    assert one(audio.silence_ratio, nothing) == 1
    assert one(audio.rms_level, nothing) == one(audio.peak_level, nothing) == -150
    assert one(audio.bandwidth, nothing) == 0
    for measure in (audio.wada_snr, audio.percentile_snr, audio.channel_correlation):
        assert np.isnan(one(measure, nothing))


def test_numbers_that_are_none():
    samples = stereo(3, 16_000)
    spoilt = samples.copy()
    spoilt[::100, 0] = np.nan
    spoilt[7, 1] = np.inf
    zeroed = np.where(np.isfinite(spoilt), spoilt, 0)
    found, clean = wav(spoilt, 16_000, "FLOAT"), wav(zeroed, 16_000, "FLOAT")
    assert one(audio.nonfinite_ratio, found) == pytest.approx(481 / 96_000)
    for measure in (audio.rms_level, audio.loudness, audio.bandwidth, audio.wada_snr):
        assert one(measure, found) == one(measure, clean)
    only = wav(np.full((1600, 1), np.nan), 16_000, "FLOAT")
    assert one(audio.nonfinite_ratio, only) == 1 and one(audio.peak_level, only) == -150


def test_channels_that_are_one():
    left = stereo(1, 16_000)[:, :1]
    assert one(audio.channel_correlation, wav(np.hstack([left, left / 2]), 16_000)) > 0.9999
    assert one(audio.channel_correlation, wav(np.hstack([left, -left]), 16_000)) < -0.9999
    assert one(audio.channel_imbalance, wav(np.hstack([left, left / 2]), 16_000)) == pytest.approx(
        6.02, abs=0.02
    )
    assert one(audio.channel_imbalance, wav(np.hstack([left, 0 * left]), 16_000)) > 50
    assert np.isnan(one(audio.channel_correlation, wav(left, 16_000)))


def test_what_headers_say():
    data = wav(tone(1.5, 22_050, 2), 22_050, "PCM_24")
    assert one(audio.duration, data) == 1.5
    assert one(audio.sample_rate, data) == 22_050
    assert one(audio.channels, data) == 2 and one(audio.bit_depth, data) == 24
    assert (one(audio.format, data), one(audio.codec, data)) == ("wav", "pcm_s24")
    assert one(audio.bit_rate, data) == pytest.approx(22.05 * 48, rel=0.01)
    assert one(audio.missing_ratio, data) == 0
    cut = riff(bytes(2000), said=8000)
    assert one(audio.missing_ratio, cut) == 0.75
    assert np.isnan(one(audio.missing_ratio, riff(bytes(2000), said=0)))
    frame = Filter(audio.rms_level, min=-100).explain(pd.DataFrame({"id": ["a"], "path": [cut]}))
    assert frame.dropped_why[0].startswith("decode.truncated")


def test_parts_are_measured_as_parts():
    samples = np.concatenate([tone(1, 16_000, level=0.5), tone(1, 16_000, level=0.05)])
    frame = pd.DataFrame(
        {"id": ["a", "b"], "path": [wav(samples, 16_000)] * 2, "start": [0.0, 1.0],
         "end": [1.0, None]}
    )  # fmt: skip
    found = Score(audio.rms_level)(frame).rms_level
    assert found[0] - found[1] == pytest.approx(20, abs=0.1)


@settings(max_examples=20)
@given(st.sampled_from(RATES), st.integers(1, 3), st.integers(1, 100_000), st.integers(0, 99))
def test_blocks_do_not_show(rate, channels, count, seed):
    samples = stereo(count / rate, rate, seed, channels)
    whole, parts = passed(samples, rate, 60), passed(samples, rate, 1)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(512, 4000), st.integers(1, 700), st.integers(0, 99))
def test_spectra_are_numpys(count, hop, seed):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal(count) * 10.0 ** rng.integers(-5, 1)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(x, 512)[::hop]
    window = rng.random(512).astype(np.float32)
    expected = np.abs(np.fft.rfft(frames.astype(float) * window)) ** 2
    power = np.zeros(257 * 8)
    flat = spectrum.spectra(x, hop, len(frames), window, *spectrum.tables(), power)
    found = power.reshape(257, 8).sum(1)
    np.testing.assert_allclose(found, expected.sum(0), rtol=1e-3, atol=1e-5 * expected.max())
    floored = np.maximum(expected, 1e-10)
    ratio = np.exp(np.log(floored).mean(1)) / floored.mean(1)
    assert flat == pytest.approx(ratio.sum(), rel=5e-3)
