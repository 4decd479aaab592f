"""Classifiers of sounds: one of transformers with random weights, and networks in files."""

import numpy as np
import pytest
from asr.speech import frame

from tamis import Pipeline, Score, audio
from tamis.errors import DataError, SettingError
from tamis.torchvision import mend_torchvision

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
SOUND = (np.random.default_rng(2).standard_normal(40_000) * 0.1).astype(np.float32)
LABELS = {0: "speech", 1: "music", 2: "noise"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    mend_torchvision(torch)
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForSequenceClassification,
    )

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(16,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        classifier_proj_size=8, initializer_range=0.5, id2label=LABELS,
        label2id={name: k for k, name in LABELS.items()},
    )  # fmt: skip
    place = tmp_path_factory.mktemp("classifier")
    Wav2Vec2ForSequenceClassification(config).eval().save_pretrained(place)
    Wav2Vec2FeatureExtractor().save_pretrained(place)
    return str(place)


def expected(folder, pieces):
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    model = Wav2Vec2ForSequenceClassification.from_pretrained(folder).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    found = []
    for piece in pieces:
        given = extractor(piece, sampling_rate=16_000, return_tensors="pt")
        with torch.inference_mode():
            found.append(torch.softmax(model(given.input_values).logits[0], 0).numpy())
    return np.stack(found)


def test_classes_are_the_models(folder):
    model = {"model": f"transformers:{folder}", "window": 1.0, "batch": 2}
    rows = frame(SOUND, None, SOUND[:9000], b"no sound")
    steps = [Score(audio.sound_class, name=name, label=name, **model) for name in LABELS.values()]
    found = Pipeline([*steps, Score(audio.sound_label, name="label", **model)]).explain(rows)
    # 2.5 s: two windows of a second, and one of half a second that still counts
    parts = expected(folder, [SOUND[:16_000], SOUND[16_000:32_000], SOUND[32_000:], SOUND[:9000]])
    mean = parts[:3].mean(0)
    np.testing.assert_allclose(found[list(LABELS.values())].iloc[0], mean, atol=1e-4)
    np.testing.assert_allclose(found[list(LABELS.values())].iloc[2], parts[3], atol=1e-4)
    assert found.label[0] == LABELS[int(mean.argmax())]
    assert found.label.isna().tolist() == found.music.isna().tolist() == [False, True, False, True]
    most = Score(audio.sound_class, index=1, pool="max", **model)(rows).iloc[0, -1]
    assert most == pytest.approx(parts[:3, 1].max(), abs=1e-4)
    with pytest.raises(SettingError, match=r"knows no 'birds' \(knows: speech, music, noise\)"):
        Score(audio.sound_class, label="birds", **model)(rows)
    with pytest.raises(SettingError, match="index=3 is none"):
        Score(audio.sound_class, index=3, **model)(rows)


def test_networks_in_files_give_numbers(tmp_path):
    class Loudness(torch.nn.Module):
        def forward(self, given):
            return torch.stack([given.abs().mean(1), given.pow(2).mean(1).sqrt()], 1)

    file = str(tmp_path / "loud.pt")
    torch.jit.trace(Loudness(), torch.rand(1, 100)).save(file)
    told = {"model": file, "window": 2.0, "rate": 16_000, "output": "raw"}
    found = Score(audio.sound_class, index=1, name="rms", **told)(frame(SOUND)).rms[0]
    assert found == pytest.approx(np.sqrt(np.mean(SOUND[:32_000] ** 2)), rel=1e-5)
    sure = Score(audio.sound_class, index=0, name="p", **told | {"output": "sigmoid"})(frame(SOUND))
    loud = float(np.abs(SOUND[:32_000]).mean())
    assert sure.p[0] == pytest.approx(1 / (1 + np.exp(-loud)), rel=1e-5)
    assert Score(audio.sound_label, name="label", **told)(frame(SOUND)).label[0] == "1"
    with pytest.raises(SettingError, match="no labels, pass index"):
        Score(audio.sound_class, label="speech", **told)(frame(SOUND))


def test_what_cannot_be_is_told(tmp_path):
    with pytest.raises(SettingError, match="neither a file of ONNX"):
        Score(audio.sound_label, model="wonder")(frame(SOUND))
    with pytest.raises(DataError, match="no file"):
        Score(audio.sound_label, model=str(tmp_path / "none.onnx"))(frame(SOUND))
    with pytest.raises(SettingError, match="window"):
        Score(audio.sound_label, model="x.onnx", window=0.0)(frame(SOUND))
