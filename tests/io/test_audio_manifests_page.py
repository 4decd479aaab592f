"""docs/how-to/audio-manifests.md: its Python runs, in a folder with a manifest."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("lhotse")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "audio-manifests.md"


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(0).normal(0, 0.1, (16_000, 2)).astype("float32")
    soundfile.write("a.wav", samples, 16_000)
    lines = [
        {"audio_filepath": "a.wav", "duration": 1.0, "text": "all of it"},
        {"audio_filepath": "a.wav", "offset": 0.25, "duration": 0.5, "text": "a part"},
        {"audio_filepath": "a.wav", "offset": 0.25, "duration": -0.5, "text": "nothing"},
    ]
    Path("train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    names: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 7
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["samples"].shape == (1, 8000)
    assert len(names["cuts"].compute()) == 2
    assert [cut.duration for cut in names["longer"]] == [2.0]  # 1 s, a gap, 0.5 s
    assert soundfile.info(next(Path("flac").glob("part-*/000001.flac"))).frames == 8000
