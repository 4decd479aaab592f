"""lhotse's manifests: lhotse itself writes what is read here, and says what it is."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.cli.inputs import open_input
from tamis.codes import CODES, BadRecord
from tamis.errors import DataError, SettingError
from tamis.io.lhotse_rows import rows_of_cut, rows_of_recording

soundfile = pytest.importorskip("soundfile")
lhotse = pytest.importorskip("lhotse")


def codes(df):
    return [None if pd.isna(why) else why.partition(":")[0] for why in df.dropped_why]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    noise = np.random.default_rng(0).normal(0, 0.1, (32_000, 3)).astype("float32")
    soundfile.write(folder / "mono.flac", noise[:, 0], 8000)
    soundfile.write(folder / "three.wav", noise, 8000)
    return folder


def said(recording, start, duration, text, **more):
    return lhotse.SupervisionSegment(
        id=f"{recording.id}-{start}", recording_id=recording.id, start=start, duration=duration,
        text=text, **more,
    )  # fmt: skip


def cuts_of(sounds):
    from lhotse.cut import MonoCut, MultiCut

    mono = lhotse.Recording.from_file(sounds / "mono.flac")
    three = lhotse.Recording.from_file(sounds / "three.wav")
    one = said(mono, 0.5, 1.25, "hello", speaker="ann", language="en", gender="F")
    two = said(mono, 2.0, 1.5, "there", speaker="bob", language="en")
    part = MonoCut(id="part", start=0.5, duration=1.25, channel=0, recording=mono,
                   supervisions=[one.with_offset(-0.5)],
                   custom={"snr": 12.5, "text": "x", "tags": ["a", 1], "n": 3})  # fmt: skip
    whole = MonoCut(id="whole", start=0, duration=4, channel=0, recording=mono,
                    supervisions=[two, one])  # fmt: skip
    return {
        "part": part, "whole": whole,
        "multi": three.to_cut().with_id("multi"),
        "third": MonoCut(id="third", start=1, duration=2, channel=2, recording=three),
        "some": MultiCut(id="some", start=0, duration=2, channel=[0, 2], recording=three),
        "padded": part.pad(3).with_id("padded"),
        "mixed": part.append(whole).with_id("mixed"),
        "noisy": part.mix(whole, snr=10).with_id("noisy"),
        "fast": part.perturb_speed(1.1).with_id("fast"),
        "resampled": part.resample(4000).with_id("resampled"),
        "command": MonoCut(
            id="command", start=0, duration=1, channel=0,
            recording=lhotse.Recording(
                id="c", sources=[lhotse.AudioSource("command", [0], "touch /tmp/never")],
                sampling_rate=8000, num_samples=8000, duration=1,
            ),
        ),
    }  # fmt: skip


def samples(row):
    """What a row points to, by soundfile."""
    with soundfile.SoundFile(row.path) as file:
        first = 0 if np.isnan(row.start) else round(row.start * file.samplerate)
        last = file.frames if np.isnan(row.end) else round(row.end * file.samplerate)
        file.seek(first)
        found = file.read(last - first, dtype="float32", always_2d=True)
    channel = row.audio_channel
    return (found if pd.isna(channel) else found[:, [channel]]).T


@pytest.mark.parametrize("name", ["cuts.jsonl", "cuts.jsonl.gz"])
def test_cuts(sounds, tmp_path, name):
    cuts = cuts_of(sounds)
    path = str(tmp_path / name)
    lhotse.CutSet.from_cuts(cuts.values()).to_file(path)
    frame = tamis.read_lhotse(path)
    assert (frame._meta.dtypes == frame.compute().dtypes).all()
    assert open_input([path]).compute().equals(frame.compute())
    df = frame.compute().set_index("id", drop=False)
    assert df.index.tolist() == list(cuts)
    told = dict(zip(df.index, codes(df), strict=True))
    assert {n for n, code in told.items() if code == "media.source"} == {
        "some", "mixed", "noisy", "fast", "command"
    }  # fmt: skip
    assert "not run" in df.dropped_why["command"]
    for one in ("part", "whole", "multi", "third"):
        np.testing.assert_array_equal(samples(df.loc[one]), cuts[one].load_audio())
        assert df.manifest_duration[one] == cuts[one].duration
    np.testing.assert_array_equal(samples(df.loc["padded"]), cuts["part"].load_audio())
    assert df.sampling_rate["resampled"] == 4000 and df.start["resampled"] == 0.5
    part = df.loc["part"]
    assert part[["text", "speaker", "language", "gender"]].tolist() == ["hello", "ann", "en", "F"]
    assert (part.snr, part.custom_text, part.tags, part.n) == (12.5, "x", '["a",1]', 3)
    assert pd.isna(part.supervisions) and np.isnan(df.start["whole"])
    whole = df.loc["whole"]
    assert whole.text == "hello there" and pd.isna(whole.speaker) and whole.language == "en"
    assert [s["text"] for s in json.loads(whole.supervisions)] == ["there", "hello"]


def test_a_row_for_what_is_said(sounds, tmp_path):
    cuts = cuts_of(sounds)
    path = str(tmp_path / "cuts.jsonl.gz")
    chosen = [cuts[name] for name in ("part", "whole", "third", "mixed")]
    lhotse.CutSet.from_cuts(chosen).to_file(path)
    df = tamis.read_lhotse(path, each="supervision").compute()
    assert df.id.tolist() == ["part/0", "whole/0", "whole/1", "third", "mixed"]
    assert df.parent_id.fillna("").tolist() == ["part", "whole", "whole", "", ""]
    trimmed = lhotse.CutSet.from_cuts(chosen[1:2]).trim_to_supervisions(keep_overlapping=False)
    for cut, row in zip(trimmed, df.iloc[1:3].itertuples(), strict=True):
        assert (row.start, row.end) == (cut.start, cut.end)
        assert row.text == cut.supervisions[0].text
        np.testing.assert_array_equal(samples(row), cut.load_audio())


def test_recordings_and_supervisions(sounds, tmp_path):
    mono = lhotse.Recording.from_file(sounds / "mono.flac")
    three = lhotse.Recording.from_file(sounds / "three.wav")
    spoken = [said(mono, 0.5, 1.25, "hello", custom={"q": 1}), said(mono, 2.0, 1.0, "you")]
    lhotse.RecordingSet.from_recordings([mono, three]).to_file(tmp_path / "recordings.jsonl.gz")
    lhotse.SupervisionSet.from_segments(spoken).to_file(tmp_path / "supervisions.jsonl")
    with open(tmp_path / "supervisions.jsonl", "a") as file:
        file.write("broken\n")
        file.write(json.dumps(said(mono, 0, 1, "lost").to_dict() | {"recording_id": "gone"}))
    alone = tamis.read_lhotse(str(tmp_path / "recordings.jsonl.gz")).compute()
    assert alone.id.tolist() == ["mono", "three"] and alone.start.isna().all()
    both = tamis.read_lhotse(str(tmp_path)).compute()
    assert both.text.tolist()[:2] == ["hello you", pd.NA]
    assert codes(both) == [None, None, "json.syntax", "media.missing"] and both.id.is_unique
    paths = [str(tmp_path / n) for n in ("supervisions.jsonl", "recordings.jsonl.gz")]
    df = tamis.read_lhotse(paths, each="supervision").compute()
    assert df.id.tolist()[:3] == ["mono/0", "mono/1", "three"] and df.q.tolist()[0] == 1
    assert df.start.tolist()[:2] == [0.5, 2.0] and df.end.tolist()[:2] == [1.75, 3.0]
    assert codes(df)[3:] == ["json.syntax", "media.missing"]
    with pytest.raises(DataError, match="give cuts, recordings"):
        tamis.read_lhotse(str(tmp_path / "supervisions.jsonl"))


def test_a_shar_folder(sounds, tmp_path):
    from lhotse.shar import SharWriter

    cuts = cuts_of(sounds)
    given = [cuts["part"].with_id(f"a.b/c-{k}") for k in range(5)]
    with SharWriter(str(tmp_path), fields={"recording": "flac"}, shard_size=2) as writer:
        for cut in given:
            writer.write(cut)
    for df in (tamis.read_lhotse(str(tmp_path)), open_input([str(tmp_path)])):
        df = df.compute()
        assert df.id.tolist() == [cut.id for cut in given] and df.dropped_by.isna().all()
    stored = lhotse.CutSet.from_shar(in_dir=str(tmp_path))
    for row, cut in zip(df.itertuples(), stored, strict=True):
        with open(row.path, "rb") as file:
            file.seek(row.offset)
            assert file.read(row.size) == cut.recording.sources[0].source
        assert np.isnan(row.start) and row.text == "hello" and row.ext == "flac"
    tar = tmp_path / "recording.000001.tar"
    tar.write_bytes(tar.read_bytes()[:1024])
    assert codes(tamis.read_lhotse(str(tmp_path)).compute()) == (
        [None] * 2 + ["tar.truncated"] * 2 + [None]
    )
    tar.unlink()
    with pytest.raises(DataError, match=r"no recording\.<number>\.tar"):
        tamis.read_lhotse(str(tmp_path))


def test_paths(sounds, tmp_path, monkeypatch):
    """Relative ones are relative to the current folder, as lhotse has it, or to base=."""
    lines = []
    for place in ("a.wav", "../b.wav", "/etc/passwd", "s3://bucket/c.wav"):
        source = {"type": "url" if "://" in place else "file", "channels": [0], "source": place}
        recording = {"id": "r", "sources": [source], "sampling_rate": 8000, "duration": 1.0}
        lines.append({"id": place, "start": 0, "duration": 1, "channel": 0,
                      "recording": recording, "supervisions": [], "type": "MonoCut"})  # fmt: skip
    path = tmp_path / "cuts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.chdir(sounds)
    df = tamis.read_lhotse(str(path)).compute()
    assert df.path.tolist()[0] == f"{sounds}/a.wav" and df.path.tolist()[2:] == [
        "/etc/passwd", "s3://bucket/c.wav"
    ]  # fmt: skip
    df = tamis.read_lhotse(str(path), base="/data", within=True).compute()
    assert df.path[0] == "/data/a.wav" and codes(df) == [None] + ["media.outside"] * 3
    with pytest.raises(SettingError, match="each must be"):
        tamis.read_lhotse(str(path), each="word")
    (tmp_path / "other.jsonl").write_text('{"text": "x"}\n')
    with pytest.raises(DataError, match="no cuts, recordings or supervisions"):
        tamis.read_lhotse(str(tmp_path / "other.jsonl"))


def test_no_channels(sounds):
    cut = cuts_of(sounds)["multi"].to_dict() | {"channel": []}
    for one in (cut, cut | {"supervisions": [{"start": 0, "duration": 1, "channel": []}]}):
        for each in ("cut", "supervision"):
            with pytest.raises(BadRecord, match="of no channel"):
                list(rows_of_cut(dict(one), each))
    bare = {"id": "r", "sources": [], "sampling_rate": 8000, "duration": 1.0}
    with pytest.raises(BadRecord, match="of no channel"):
        list(rows_of_recording(bare, (), "cut"))


def test_huge_numbers(sounds, tmp_path):
    cut = cuts_of(sounds)["whole"].to_dict()
    lines = [cut]
    for name in ("duration", "sampling_rate", "num_samples"):
        lines.append(cut | {"recording": cut["recording"] | {name: 10**400}})
    lines.append(cut | {"custom": {"n": 10**400}})
    lines.append(cut | {"channel": 10**400})
    path = tmp_path / "cuts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = codes(tamis.read_lhotse(str(path)).compute())
    assert found == [None, "json.number", "json.number", None, "json.number", "media.source"]


def test_a_late_key_of_custom(sounds, tmp_path):
    cut = cuts_of(sounds)["part"].to_dict()
    path = tmp_path / "cuts.jsonl.gz"
    with gzip.open(path, "wt") as file:
        for k in range(1000):
            file.write(json.dumps(cut | {"id": str(k)}) + "\n")
        file.write(json.dumps(cut | {"id": "x", "custom": {"late": 1}}) + "\n")
        file.write(json.dumps(cut | {"id": "y", "custom": {"snr": "loud"}}) + "\n")
    df = tamis.read_lhotse(str(path)).compute()
    assert codes(df)[-2:] == ["schema.column", "schema.type"] and df.dropped_by.notna().sum() == 2
    df = tamis.read_lhotse(str(path), unknown="ignore").compute()
    assert codes(df)[-2:] == [None, "schema.type"]


_any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def _broken(draw, value, depth=0):
    """A value with some part of it replaced by anything."""
    if not isinstance(value, dict | list) or not value or (depth and draw(st.booleans())):
        return draw(_any)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = draw(st.sampled_from(list(keys)))
    copy = dict(value) if isinstance(value, dict) else list(value)
    if isinstance(copy, dict) and draw(st.integers(0, 3)) == 0:
        del copy[key]
    else:
        copy[key] = _broken(draw, value[key], depth + 1)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_broken_cut_is_a_reason(sounds, data):
    """Whatever stands in a line: rows with paths, or a `BadRecord`."""
    cut = data.draw(st.sampled_from([cut.to_dict() for cut in cuts_of(sounds).values()]))
    for _ in range(data.draw(st.integers(1, 4))):
        cut = _broken(data.draw, cut) if isinstance(cut, dict) else cut
    if not isinstance(cut, dict):
        return
    for each in ("cut", "supervision"):
        try:
            rows = list(rows_of_cut(dict(cut), each))
        except BadRecord as bad:
            assert bad.code in CODES
            continue
        for row in rows:
            assert row["start"] is None or 0 <= row["start"] < row["end"]


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_no_cut_is_lost_or_breaks_the_reading(sounds, tmp_path_factory, data):
    known = [cut.to_dict() for cut in cuts_of(sounds).values()]
    lines = [known[0]]
    for _ in range(4):
        cut = data.draw(st.sampled_from(known))
        for _ in range(data.draw(st.integers(1, 3))):
            cut = _broken(data.draw, cut) if isinstance(cut, dict) else cut
        lines.append(cut)
    path = tmp_path_factory.mktemp("c") / "cuts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    df = tamis.read_lhotse(str(path)).compute()
    assert len(df) == len(lines)
    for row in df.itertuples():
        if pd.notna(row.dropped_why):
            assert row.dropped_why.partition(":")[0] in CODES
        else:
            assert row.path and (np.isnan(row.start) or row.start >= 0)
            assert np.isnan(row.end) or row.end > row.start
    each = tamis.read_lhotse(str(path), each="supervision").compute()
    assert set(each.parent_id.fillna(each.id)) == set(df.id)
