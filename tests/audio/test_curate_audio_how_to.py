"""The how-to of curating speech runs from top to bottom, on real speech, and does what it says."""

import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "curate-audio.md"
SAID = "It was the best of times, it was the worst of times,"


@pytest.mark.slow
def test_the_how_to(tmp_path, monkeypatch, speech_wavs):
    soundfile = pytest.importorskip("soundfile")
    for package in ("pocketsphinx", "onnxruntime", "speechmos", "silero_vad"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    samples, rate = soundfile.read(speech_wavs["two_cities"], dtype="float32")
    (tmp_path / "raw").mkdir()
    spoken = samples[: int(4.9 * rate)]
    soundfile.write("raw/a.flac", spoken, rate)
    soundfile.write("raw/b.mp3", spoken / 2, rate)
    soundfile.write("raw/c.wav", spoken / 1000, rate, "PCM_24")
    Path("raw/d.wav").write_text("404 Not Found")
    Path("references.csv").write_text(f'id,text\na.flac/1,"{SAID}"\n')
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(block, names)
    gone = names["gone"].set_index("id").dropped_by.to_dict()
    assert gone == {"b.mp3": "fingerprint_dedup", "c.wav": "loudness", "d.wav": "duration"}
    assert names["segments"] == ["a.flac/1"]
    assert names["kept"].dnsmos.item() > 2.8 and names["checked"].wer.item() <= 0.3
    again = names["again"].compute()
    assert again.text.item() == SAID and again.dnsmos.item() == names["clean"].dnsmos.item()
    assert soundfile.info(again.path.item()).samplerate == 16_000
    recipe = names["curate"].to_yaml()
    assert names["Pipeline"].from_yaml(recipe) == names["curate"]


def test_recipes_and_links_are_there():
    told = HOW_TO.read_text("utf-8")
    folder = HOW_TO.parents[2] / "src" / "tamis" / "recipes"
    for name in ("asr-clean@conservative", "asr-clean@balanced", "asr-clean@lenient", "granary",
                 "emilia", "tts-clean"):  # fmt: skip
        assert name.split("@")[0] in told and (folder / f"{name}.yaml").exists()
    for link in re.findall(r"\]\(([^)#]+)", told):
        assert (HOW_TO.parent / link).exists(), link
