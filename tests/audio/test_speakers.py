"""Embeddings of speakers beside resemblyzer's own, and files of other models."""

import sys
import types

import numpy as np
import pytest
import soundfile
import soxr
from asr.speech import Held, frame

from tamis import Score, SemanticDedup, audio
from tamis.audio.computed import Computed
from tamis.audio.models import speaker_model
from tamis.audio.voices import voicing
from tamis.errors import DataError, SettingError

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def voices(speech_wavs):
    found = {}
    for name in ("beckett", "two_cities"):
        samples, rate = soundfile.read(speech_wavs[name], dtype="float32")
        found[name] = soxr.resample(samples, rate, 16_000).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def package():
    """resemblyzer's encoder; what it needs only to cut silences out is not there."""
    pytest.importorskip("librosa")
    import scipy.ndimage

    kept = {name: sys.modules.get(name) for name in ("webrtcvad", "scipy.ndimage.morphology")}
    sys.modules.setdefault("webrtcvad", types.ModuleType("webrtcvad"))
    sys.modules["scipy.ndimage.morphology"] = scipy.ndimage
    try:
        resemblyzer = pytest.importorskip("resemblyzer")
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
    return resemblyzer.VoiceEncoder("cpu", verbose=False)


def test_embeddings_are_resemblyzers(voices, package):
    from resemblyzer.audio import normalize_volume

    one, other = voices["beckett"], voices["two_cities"]
    pieces = [one, other[:16_000], 0.01 * other[:40_000], one[: int(16_000 * 3.1)]]
    model = speaker_model("resemblyzer", 3.0, None)
    rows = [Held(piece, block=7000) for piece in pieces]
    found = Computed(rows, lambda: model, voicing(5), "resemblyzer").of_all()
    for piece, heard in zip(pieces, found, strict=True):
        loud = normalize_volume(piece, -30, increase_only=True)
        whole, partials, slices = package.embed_utterance(loud, return_partials=True)
        assert len(heard.vectors) == len(partials)
        np.testing.assert_allclose(heard.vectors, partials, atol=1e-4)
        np.testing.assert_allclose(heard.mean(), whole, atol=1e-4)
        middles = [(s.start + s.stop) / 2 / 16_000 for s in slices]
        np.testing.assert_allclose(heard.middles, middles, atol=0.02)


def test_speakers_are_told_apart(voices):
    one, other = voices["beckett"], voices["two_cities"]
    rows = frame(one[:64_000], one[64_000:], other[:64_000], None, other[64_000:128_000])
    found = Score(audio.speaker_embedding)(rows)
    assert found.speaker_embedding.isna().tolist() == [False, False, False, True, False]
    vectors = np.stack(found.speaker_embedding.dropna().tolist())
    assert vectors.shape == (4, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    near = vectors @ vectors.T
    assert min(near[0, 1], near[2, 3]) > 0.8 > max(near[0, 2], near[0, 3], near[1, 2])
    whole = Score(audio.speaker_embedding, name="embedding")(rows.drop(index=3))
    kept = SemanticDedup(threshold=0.82)(whole)
    assert kept.id.tolist() == ["r0", "r2"]


def script(tmp_path, body):
    import torch

    class Network(torch.nn.Module):
        def forward(self, given):
            return body(given)

    file = tmp_path / "model.pt"
    torch.jit.trace(Network(), torch.rand(2, 16_000)).save(str(file))
    return str(file)


def test_networks_in_files(tmp_path):
    file = script(tmp_path, lambda given: given.reshape(given.shape[0], 4, -1).mean(2))
    samples = np.random.default_rng(0).standard_normal(40_000).astype(np.float32) * 0.1 + 0.1
    rows = frame(samples)
    found = Score(audio.speaker_embedding, name="voice", model=file, window=1.0, dimensions=4)(rows)
    expected = np.zeros(4)
    for start in (0, 8000, 16_000, 24_000):
        vector = samples[start : start + 16_000].reshape(4, -1).mean(1)
        expected += vector / np.linalg.norm(vector)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(found.voice[0], expected, atol=1e-5)
    with pytest.raises(SettingError, match="dimensions=4"):
        Score(audio.speaker_embedding, model=file, window=1.0)(rows)


def test_what_cannot_be_is_told(tmp_path):
    rows = frame(np.ones(16_000, np.float32) * 0.1)
    with pytest.raises(DataError, match="no file"):
        Score(audio.speaker_embedding, model=str(tmp_path / "none.pt"))(rows)
    with pytest.raises(SettingError, match="neither"):
        Score(audio.speaker_embedding, model="wonder")(rows)
    (tmp_path / "bad.pt").write_bytes(b"no network")
    with pytest.raises(DataError, match="cannot be loaded"):
        Score(audio.speaker_embedding, model=str(tmp_path / "bad.pt"))(rows)
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(DataError, match="cannot be loaded"):
        Score(audio.speaker_embedding, model=str(tmp_path / "bad.onnx"))(rows)
