"""A score that media have no value of is told in a line, once."""

import logging

import numpy as np
import pandas as pd
import pytest
import soundfile

from tamis import Filter, Pipeline, Score, audio, unmeasured


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.setattr(unmeasured, "_TOLD", set())
    soundfile.write(tmp_path / "a.wav", np.full(800, 0.1), 8000)
    (tmp_path / "b.wav").write_text("no sound")
    paths = [str(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav", "d.wav")]
    return pd.DataFrame({"id": list("abcd"), "path": pd.array(paths, "string")})


def test_why_a_score_has_no_value(clips, caplog):
    with caplog.at_level(logging.WARNING, "tamis"):
        for _ in range(2):
            assert Score(audio.rms_level)(clips).rms_level.notna().tolist() == [True] + 3 * [False]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2  # a line a reason, however many partitions there are
    assert said[0].startswith("rms_level has no value in 1 of 4 rows: decode.format: ")
    place = clips.path[2]
    assert f"rms_level has no value in 2 of 4 rows: media.missing: {place}: no such file" in said[1]


def test_a_channel_that_is_not_there(clips, caplog):
    Score(audio.loudness, channel=9)(clips.iloc[:1])
    assert "loudness has no value in 1 of 1 rows: audio.channel: " in caplog.text


def test_nothing_is_said_of_rows_that_were_dropped_before(clips, caplog):
    """Steps of a block share a decode, and what is wrong with it; only rows still alive count."""
    steps = [Filter(audio.duration, min=0), Score(audio.rms_level), Score(audio.loudness)]
    assert Pipeline(steps)(clips).id.tolist() == ["a"]
    assert "decode.format" not in caplog.text and "media.missing" not in caplog.text
    steps[0] = Filter("id", isin=["a", "b"])
    assert Pipeline(steps)(clips).rms_level.notna().tolist() == [True, False]
    assert "rms_level has no value in 1 of 2 rows: decode.format" in caplog.text
    assert "media.missing" not in caplog.text


def test_nothing_is_said_of_rows_that_are_not_asked_about(clips, caplog):
    clips = clips.assign(kind=["sound", "sound", "other", "other"])
    Score(audio.rms_level, where={"kind": "sound"})(clips)
    assert "rms_level has no value in 1 of 2 rows: decode.format" in caplog.text
    assert "media.missing" not in caplog.text


def test_nothing_is_said_where_rows_are_dropped(clips, caplog):
    assert Filter(audio.rms_level, min=-90)(clips).id.tolist() == ["a"]
    assert not caplog.records
