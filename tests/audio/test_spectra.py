"""Spectra by torch beside librosa's, the models' own extractors, and NumPy's here."""

import librosa
import numpy as np
import pytest
import soundfile
import soxr

from tamis.audio import spectra
from tamis.audio.mel import framed, mel_power

torch = pytest.importorskip("torch", reason="needs torch")


@pytest.fixture(scope="module")
def speech(speech_wavs):
    """Two stretches of speech as a batch, float32 of [2, 64000] at 16 kHz."""
    found = []
    for name in ("beckett", "two_cities"):
        samples, rate = soundfile.read(speech_wavs[name], dtype="float32")
        found.append(soxr.resample(samples, rate, 16_000)[20_000:84_000])
    return np.stack(found).astype(np.float32)


def batch(samples):
    return torch.from_numpy(samples)


@pytest.mark.parametrize("size, hop, bands", [(2048, 512, 128), (400, 160, 80), (512, 128, 40)])
def test_mel_spectrograms_are_librosas(speech, size, hop, bands):
    how = {"n_fft": size, "hop_length": hop, "n_mels": bands}
    found = spectra.mel(torch, batch(speech), 16_000, size=size, hop=hop, bands=bands).numpy()
    logs = spectra.log_mel(torch, batch(speech), 16_000, size=size, hop=hop, bands=bands).numpy()
    for row, samples in enumerate(speech):
        wanted = librosa.feature.melspectrogram(y=samples, sr=16_000, **how)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-3, atol=1e-6 * wanted.max())
        np.testing.assert_allclose(logs[row], librosa.power_to_db(wanted), atol=0.01)


def test_mfcc_are_librosas(speech):
    found = spectra.mfcc(torch, batch(speech), 16_000, count=13).numpy()
    for row, samples in enumerate(speech):
        np.testing.assert_allclose(
            found[row], librosa.feature.mfcc(y=samples, sr=16_000, n_mfcc=13), atol=0.02
        )


def test_windows_are_those_of_numpy(speech):
    found = spectra.mel_windows(torch, batch(speech), 16_000, 400, 160, 40).numpy()
    for row, samples in enumerate(speech):
        wanted = mel_power(framed(samples, 400, 160), 16_000, 40)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-7 * wanted.max())


@pytest.mark.parametrize("bands", [80, 128])
def test_whisper_s_are_its_extractor_s(speech, bands):
    transformers = pytest.importorskip("transformers")
    extractor = transformers.WhisperFeatureExtractor(feature_size=bands)
    assert spectra.WhisperSpectra.fits(extractor)
    long = np.tile(speech[0], 9)  # longer than half a minute: cut
    pieces = [speech[0], speech[1][:5000], long, np.zeros(16_000, np.float32)]
    wanted = extractor(pieces, sampling_rate=16_000, return_tensors="np", padding="max_length")
    found = spectra.WhisperSpectra(torch, extractor, torch.device("cpu"))(pieces).numpy()
    assert found.shape == wanted["input_features"].shape
    np.testing.assert_allclose(found, wanted["input_features"], atol=1e-4)
    extractor.dither = 0.1
    assert not spectra.WhisperSpectra.fits(extractor)


def test_those_of_ast_are_its_extractor_s(speech):
    transformers = pytest.importorskip("transformers")
    extractor = transformers.ASTFeatureExtractor(max_length=512)
    if not spectra.AstSpectra.fits(extractor):
        pytest.skip("torchaudio makes them here")
    there = spectra.AstSpectra(torch, extractor, torch.device("cpu"))
    for length in (64_000, 100_000, 300):  # filled up; cut; shorter than a frame
        pieces = list(np.resize(speech, (2, length)) * 0.5)
        if length >= 400:
            wanted = extractor(pieces, sampling_rate=16_000, return_tensors="np")["input_values"]
            np.testing.assert_allclose(there(pieces).numpy(), wanted, atol=2e-3)
        assert there(pieces).shape == (2, 512, 128)


def test_a_model_hears_the_same(speech):
    """resemblyzer's network, given samples where it makes the spectra itself, or spectra."""
    from tamis.audio.models import speaker_model
    from tamis.audio.voices import Resemblyzer
    from tamis.errors import MissingPackageError

    try:
        usual = speaker_model("resemblyzer", 3.0, "cpu")
    except MissingPackageError:
        pytest.skip("needs resemblyzer's weights")

    def forward(samples):
        seen = spectra.mel_windows(torch, batch(samples), *Resemblyzer.SPECTRA)
        return usual.compute_(seen.numpy())

    other = Resemblyzer(forward, there=True)
    windows = [speech[0][k : k + usual.size] for k in (0, 7000, 20_000)]
    one, two = (m.compute([m.prepare(w, 1.7) for w in windows]) for m in (usual, other))
    np.testing.assert_allclose(one, two, atol=1e-4)
