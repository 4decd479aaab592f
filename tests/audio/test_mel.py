"""Spectrograms beside librosa's, and filter banks beside those of transformers."""

import librosa
import numpy as np
import pytest

from tamis.audio.kaldi import fbank
from tamis.audio.mel import framed, mel_bank, mel_power

RNG = np.random.default_rng(1)
SOUND = (RNG.standard_normal(16_000) * np.linspace(0.01, 0.5, 16_000)).astype(np.float32)


@pytest.mark.parametrize("size, bands", [(321, 120), (400, 40), (512, 80)])
def test_mel_is_librosas(size, bands):
    expected = librosa.filters.mel(sr=16_000, n_fft=size, n_mels=bands)
    np.testing.assert_allclose(mel_bank(16_000, size, bands), expected, atol=1e-8)
    power = librosa.feature.melspectrogram(
        y=SOUND, sr=16_000, n_fft=size, hop_length=160, n_mels=bands, center=False
    ).T
    found = mel_power(framed(SOUND, size, 160), 16_000, bands)
    np.testing.assert_allclose(found, power, rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("bands", [40, 80])
def test_fbank_is_kaldis(bands):
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    bank = mel_filter_bank(
        num_frequency_bins=257, num_mel_filters=bands, min_frequency=20, max_frequency=8000,
        sampling_rate=16_000, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True,
    )  # fmt: skip
    expected = spectrogram(
        SOUND * 32_768, window_function(400, "povey", periodic=False), frame_length=400,
        hop_length=160, fft_length=512, power=2.0, center=False, preemphasis=0.97,
        mel_filters=bank, log_mel="log", mel_floor=1.192092955078125e-07, remove_dc_offset=True,
    ).T  # fmt: skip
    found = fbank(SOUND, 16_000, bands)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_what_is_shorter_than_a_frame_is_one():
    assert fbank(SOUND[:100], 16_000, 40).shape == (1, 40)
    assert framed(SOUND[:10], 20, 5).shape == (0, 20)
