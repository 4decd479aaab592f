"""Recordings as they are written: lhotse, datasets, webdataset, soundfile, and a reader of NeMo's
tarred sets written here, after NeMo's, read them back."""

import collections
import glob
import io
import json
import os
import re
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Filter, audio
from tamis.audio.views import audio_header
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.speech_rows import seconds
from tamis.media.pointers import media

soundfile = pytest.importorskip("soundfile")

RATE = 16_000
NOISE = np.random.default_rng(0).normal(0, 0.1, (2 * RATE, 2)).astype("float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sounds")
    soundfile.write(place / "a.wav", NOISE, RATE)
    soundfile.write(place / "b.flac", NOISE[:, 0], RATE)
    soundfile.write(place / "c.mp3", NOISE[:, 0], RATE)
    (place / "text.wav").write_text("not a sound")
    with tarfile.open(place / "t.tar", "w") as tar:
        tar.add(place / "b.flac", "b.flac")
    return place


ROWS = [  # id, file, start, end, channel, whether it can be written, and pointed to
    ("whole", "a.wav", None, None, None, True, True),
    ("all", "a.wav", 0.0, 2.0, None, True, True),
    ("part", "a.wav", 0.5, 1.0, None, True, True),
    ("rest", "b.flac", 0.25, None, None, True, True),
    ("lossy", "c.mp3", 0.0, 0.5, None, True, True),
    ("left", "a.wav", None, None, 0, True, False),
    ("gone", "none.wav", 1.0, 2.0, None, False, False),
    ("late", "a.wav", 9.0, 10.0, None, False, False),
    ("text", "text.wav", 0.5, 1.0, None, False, False),
    ("null", None, None, None, None, False, False),
]


def frame(folder, partitions=1):
    table = pd.DataFrame({
        "id": [row[0] for row in ROWS],
        "path": [None if row[1] is None else str(folder / row[1]) for row in ROWS],
        "start": [row[2] for row in ROWS],
        "end": [row[3] for row in ROWS],
        "audio_channel": pd.array([row[4] for row in ROWS], dtype="Int64"),
        "text": [f"grüß {k}" if k else "" for k in range(len(ROWS))],
        "speaker": ["ann" if k % 2 else None for k in range(len(ROWS))],
        "snr": [float(k) for k in range(len(ROWS))],
        "dropped_by": [None] * len(ROWS),
        "dropped_why": [None] * len(ROWS),
    }).astype({"path": "str", "dropped_by": "str", "dropped_why": "str"})  # fmt: skip
    gone = dict.fromkeys(table.columns, "earlier")
    gone |= {"id": "gone before", "path": str(folder / "a.wav"), "dropped_by": "filter",
             "dropped_why": "x: y", "start": None, "end": None, "audio_channel": None,
             "snr": 0.0}  # fmt: skip
    table.loc[len(table)] = gone
    return tamis.from_pandas(table).repartition(npartitions=partitions)


def wanted(folder, row):
    """The samples of a row, as soundfile reads them: int16 of [n, channels]."""
    _, name, start, end, channel, *_ = row
    samples, rate = soundfile.read(folder / name, dtype="int16", always_2d=True)
    first = round((start or 0) * rate)
    last = len(samples) if end is None else round(end * rate)
    return samples[first:last] if channel is None else samples[first:last, [channel]]


def heard(data):
    return soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)[0]


def same(folder, row, data):
    """Whether a file holds the samples of a row; an MP3's decoders differ in the last bit."""
    found, known = heard(data), wanted(folder, row)
    assert found.shape == known.shape
    assert np.abs(found.astype(int) - known).max() <= (2 if row[1].endswith("mp3") else 0)
    return True


WRITTEN = [row for row in ROWS if row[5]]
POINTED = [row for row in ROWS if row[6]]


def dropped(folder):
    rows = tamis.read_parquet(f"{folder}/__dropped").compute().sort_values("id")
    codes = rows.dropped_why.str.partition(":")[0]
    return {
        name: (by, code) for name, by, code in zip(rows.id, rows.dropped_by, codes, strict=True)
    }


def expected_dropped(writer, more=()):
    codes = {"gone": "media.missing", "late": "audio.span", "text": "decode.format",
             "null": "media.null", **dict.fromkeys(more, "media.source")}  # fmt: skip
    found = {name: (writer, code) for name, code in codes.items()}
    return found | {"gone before": ("filter", "x")}


def nemo_items(path):
    """The lines of a manifest, with what NeMo would load: int(offset * rate) and so on."""
    for line in Path(path).read_text("utf-8").splitlines():
        item = json.loads(line)
        file = item["audio_filepath"]
        if not os.path.isabs(file):
            file = os.path.join(os.path.dirname(path), file)
        with soundfile.SoundFile(file) as sound:
            if item.get("offset") is not None:
                sound.seek(int(item["offset"] * sound.samplerate))
            frames = int(item["duration"] * sound.samplerate)
            yield item, file, sound.read(frames, dtype="int16", always_2d=True)


@pytest.mark.parametrize("partitions", [1, 4])
def test_nemo_manifest_of_pointers(folder, tmp_path, partitions):
    out = str(tmp_path / "out")
    parts = tamis.write_nemo(frame(folder, partitions), out)
    assert parts[0].name == "manifest.jsonl" and parts[0].rows == len(POINTED)
    for row, (item, file, samples) in zip(
        POINTED, nemo_items(f"{out}/manifest.jsonl"), strict=True
    ):
        assert file == str(folder / row[1]) and item["id"] == row[0]
        known = wanted(folder, row)
        assert samples.shape == known.shape and "source_start" not in item
        assert ("offset" in item) == (row[0] in ("part", "rest", "lossy"))
        if not file.endswith("mp3"):
            np.testing.assert_array_equal(samples, known)
    assert dropped(out) == expected_dropped("write_nemo", ["left"])
    again = tamis.read_nemo(out).compute()
    assert again.id.tolist() == [row[0] for row in POINTED]
    assert again.start.isna().tolist() == [True, True, False, False, False]
    assert again.text.tolist()[1] == "grüß 1" and again.snr.tolist() == [0, 1, 2, 3, 4]


def test_nemo_manifest_with_files(folder, tmp_path):
    out = str(tmp_path / "out")
    tamis.write_nemo(frame(folder, 3), out, store="files", key="id")
    for row, (item, file, samples) in zip(
        WRITTEN, nemo_items(f"{out}/manifest.jsonl"), strict=True
    ):
        data = Path(file).read_bytes()
        assert same(folder, row, data) and len(samples) == len(wanted(folder, row))
        if row[0] in ("whole", "all"):
            assert data == (folder / "a.wav").read_bytes()
        assert os.path.basename(file).startswith(row[0])
        assert item["source_start"] == row[2] and "start" not in item
    assert file.endswith(".wav") and dropped(out) == expected_dropped("write_nemo")
    first = sorted(glob.glob(f"{out}/part-*"))
    tamis.write_nemo(frame(folder), out)  # what stood there goes
    assert first and not glob.glob(f"{out}/part-*")


def nemo_tarred(manifests, tars):
    """A tarred set as NeMo's reader goes through it: archive by archive, by name."""
    by_shard = collections.defaultdict(dict)
    for path in manifests:
        for line in Path(path).read_text("utf-8").splitlines():
            item = json.loads(line)
            assert item["audio_filepath"] not in by_shard[item["shard_id"]]
            by_shard[item["shard_id"]][item["audio_filepath"]] = item
    numbers = {int(re.search(r"audio[^/]*_(\d+)[^/]*\.tar", t).group(1)): t for t in tars}
    assert set(numbers) == set(by_shard)
    for shard in sorted(numbers):
        with tarfile.open(numbers[shard], "r|*") as tar:
            for member in tar:
                yield by_shard[shard].pop(member.name), tar.extractfile(member).read()
    assert not any(by_shard.values())


@pytest.mark.parametrize("partitions, samples", [(1, 100), (4, 1), (2, 2)])
def test_nemo_tarred(folder, tmp_path, partitions, samples):
    out = str(tmp_path / "out")
    tamis.write_nemo(frame(folder, partitions), out, store="tar", samples=samples)
    tars = glob.glob(f"{out}/audio_*.tar")
    whole = list(nemo_tarred([f"{out}/tarred_audio_manifest.json"], tars))
    sharded = list(nemo_tarred(glob.glob(f"{out}/sharded_manifests/manifest_*.json"), tars))
    assert whole == sharded and [item["id"] for item, _ in whole] == [row[0] for row in WRITTEN]
    for row, (item, data) in zip(WRITTEN, whole, strict=True):
        assert same(folder, row, data)
        assert int(item["duration"] * RATE) == len(wanted(folder, row)) and "offset" not in item
    for tar in tars:
        with tarfile.open(tar) as archive:
            assert len(archive.getnames()) <= samples
    assert dropped(out) == expected_dropped("write_nemo")
    again = tamis.read_nemo(out).compute()
    assert again.id.tolist() == [row[0] for row in WRITTEN] and again.dropped_by.isna().all()
    names = [p for p in Path(out).rglob("*") if p.is_file()]
    before = {p: p.read_bytes() for p in names}
    tamis.write_nemo(frame(folder, partitions), out, store="tar", samples=samples)
    assert before == {p: p.read_bytes() for p in names}


def test_lhotse_reads_pointers(folder, tmp_path):
    lhotse = pytest.importorskip("lhotse")
    out = str(tmp_path / "out")
    tamis.write_lhotse(frame(folder, 2), out)
    cuts = list(lhotse.CutSet.from_file(f"{out}/cuts.jsonl.gz"))
    assert [cut.id for cut in cuts] == [row[0] for row in POINTED]
    for row, cut in zip(POINTED, cuts, strict=True):
        lhotse.validate(cut)
        samples = cut.load_audio()
        assert cut.recording.sources[0].source == str(folder / row[1])
        known = wanted(folder, row).T / 2**15
        assert samples.shape == known.shape
        assert np.abs(samples - known).max() <= (2**-13 if row[1].endswith("mp3") else 0)
        assert cut.custom["snr"] == ROWS.index(row) and set(cut.custom) == {"snr"}
        (said,) = cut.supervisions
        assert said.text == (f"grüß {ROWS.index(row)}" if ROWS.index(row) else "")
        assert said.speaker == ("ann" if ROWS.index(row) % 2 else None)
        assert (said.start, said.duration) == (0, cut.duration)
    assert dropped(out) == expected_dropped("write_lhotse", ["left"])


def test_lhotse_reads_files(folder, tmp_path):
    lhotse = pytest.importorskip("lhotse")
    out = str(tmp_path / "out")
    for encode in (None, "flac", "wav"):
        tamis.write_lhotse(frame(folder, 2), out, store="files", encode=encode)
        cuts = list(lhotse.CutSet.from_file(f"{out}/cuts.jsonl.gz"))
        assert len({cut.recording.id for cut in cuts}) == len(WRITTEN)
        for row, cut in zip(WRITTEN, cuts, strict=True):
            lhotse.validate(cut)
            assert same(folder, row, Path(cut.recording.sources[0].source).read_bytes())
            assert cut.load_audio().shape == wanted(folder, row).T.shape
            if encode:
                assert cut.recording.sources[0].source.endswith(f".{encode}")
    tamis.write_lhotse(frame(folder), out, store="files", encode="opus", rate=16_000, mono=True)
    for row, cut in zip(WRITTEN, lhotse.CutSet.from_file(f"{out}/cuts.jsonl.gz"), strict=True):
        assert cut.num_channels == 1 and cut.recording.sampling_rate == 16_000
        assert abs(cut.load_audio().shape[1] - len(wanted(folder, row))) <= 16
    again = tamis.read_lhotse(out).compute()
    assert again.id.tolist() == [row[0] for row in WRITTEN] and again.start.isna().all()


def test_lhotse_reads_shar(folder, tmp_path):
    lhotse = pytest.importorskip("lhotse")
    out = tmp_path / "out"
    df = frame(folder, 3).compute()
    names = {"part": "../part", "rest": "book/a.flac", "all": "b//c", "left": "ü.wav"}
    df["id"] = df.id.map(lambda name: names.get(name, name))
    lazy = tamis.from_pandas(df).repartition(npartitions=3)
    written = tamis.write_lhotse(lazy, out, store="shar", encode="flac", samples=2)
    shards = sorted(p.name for p in (out / "shar").iterdir())
    assert shards == [
        f"{kind}.{k:06d}.{end}"
        for kind, end in (("cuts", "jsonl.gz"), ("recording", "tar"))
        for k in range(len(shards) // 2)
    ]
    assert {f"shar/{name}" for name in shards} < {part.name for part in written}
    cuts = list(lhotse.CutSet.from_shar(in_dir=str(out / "shar")))
    expected = [{"../part": "part", "b//c": "b/c"}.get(names.get(r[0]), names.get(r[0], r[0]))
                for r in WRITTEN]  # fmt: skip
    assert [cut.id for cut in cuts] == expected
    for row, cut in zip(WRITTEN, cuts, strict=True):
        assert same(folder, row, cut.recording.sources[0].source)
        assert cut.load_audio().shape == wanted(folder, row).T.shape
        assert (cut.start, cut.recording.id) == (0, cut.id)
        assert cut.supervisions[0].text == (f"grüß {k}" if (k := ROWS.index(row)) else "")
        assert cut.custom["snr"] == ROWS.index(row)
    again = tamis.read_lhotse(str(out / "shar")).compute()
    assert again.id.tolist() == expected
    assert Filter(audio.decoded_duration, min=0.1)(again).id.tolist() == expected
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    tamis.write_lhotse(lazy, out, store="shar", encode="flac", samples=2)
    assert before == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_lhotse_there_and_back(folder, tmp_path):
    """What lhotse wrote comes back from lhotse the same, with times and texts."""
    lhotse = pytest.importorskip("lhotse")
    recording = lhotse.Recording.from_file(folder / "b.flac")
    said = [
        lhotse.SupervisionSegment(f"s{k}", "b", start, 0.5, text=text, speaker=who, language="en")
        for k, (start, text, who) in enumerate([(0.0, "one", "ann"), (0.6, "two", "bob")])
    ]
    from lhotse.cut import MonoCut

    cuts = [
        MonoCut("x", 0.25, 1.25, 0, said, recording=recording, custom={"snr": 3.5}),
        MonoCut("y", 0, 2, 0, [], recording=recording),
    ]
    lhotse.CutSet.from_cuts(cuts).to_file(tmp_path / "cuts.jsonl")
    df = tamis.read_lhotse(str(tmp_path / "cuts.jsonl"))
    tamis.write_lhotse(df, str(tmp_path / "out"))
    back = list(lhotse.CutSet.from_file(tmp_path / "out" / "cuts.jsonl.gz"))
    assert [cut.to_dict() for cut in back] == [cut.to_dict() for cut in cuts]
    edited = df.assign(text=df.text.str.upper())
    tamis.write_lhotse(edited, str(tmp_path / "out"))
    first = next(iter(lhotse.CutSet.from_file(tmp_path / "out" / "cuts.jsonl.gz")))
    assert [s.text for s in first.supervisions] == ["ONE TWO"]


def test_webdataset_of_parts(folder, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    out = str(tmp_path / "out")
    tamis.write_webdataset(frame(folder, 2), out)
    found = list(webdataset.WebDataset(sorted(glob.glob(f"{out}/*.tar")), shardshuffle=False))
    for row, sample in zip(WRITTEN, found, strict=True):
        (kind,) = {"wav", "flac", "mp3"} & set(sample)
        assert same(folder, row, sample[kind])
        told = json.loads(sample["json"])
        assert told["id"] == row[0] and told["source_start"] == row[2] and "start" not in told
        assert sample["txt"].decode() == told.get("text", sample["txt"].decode())
    assert "mp3" not in {k for sample in found for k in sample}  # a part of one is FLAC
    table = tamis.read_manifest(out).compute()
    assert len(table) == len(ROWS) + 1
    kept = table[table.dropped_by.isna()]
    assert kept.start.isna().all() and kept.source_end.tolist()[2] == 1.0
    assert table.set_index("id").start["late"] == 9.0  # a row that was not written is what it was
    again = tamis.read_webdataset(f"{out}/*.tar").compute()
    assert again.ext.tolist() == ["wav", "wav", "wav", "flac", "flac", "wav"]


def test_audio_members_of_archives(folder, tmp_path):
    """wav, flac, mp3, opus, ogg, m4a beside txt and json: webdataset's samples are ours."""
    webdataset = pytest.importorskip("webdataset")
    kinds = ("wav", "flac", "mp3", "opus", "ogg", "m4a")
    with webdataset.TarWriter(str(tmp_path / "x.tar")) as writer:
        for k, kind in enumerate(kinds):
            writer.write({"__key__": f"s/{k}", kind: bytes([k]) * 600, "txt": f"é {k}",
                          "json": {"snr": k, "speaker": "a"}})  # fmt: skip
    df = tamis.read_webdataset(str(tmp_path / "x.tar")).compute()
    assert df.ext.tolist() == list(kinds) and df.txt.tolist()[3] == "é 3"
    assert df.snr.tolist() == list(range(6)) and df.dropped_by.isna().all()
    data = (tmp_path / "x.tar").read_bytes()
    assert [data[r.offset : r.offset + r["size"]][:1] for _, r in df.iterrows()] == [
        bytes([k]) for k in range(6)
    ]


def test_hugging_face_audio(folder, tmp_path):
    datasets = pytest.importorskip("datasets")
    out = str(tmp_path / "out")
    tamis.write_huggingface(frame(folder), out, column="audio", encode="flac")
    found = datasets.load_dataset("parquet", data_files=f"{out}/*.parquet", split="train",
                                  cache_dir=str(tmp_path / "cache"))  # fmt: skip
    assert type(found.features["audio"]).__name__ == "Audio"
    found = found.cast_column("audio", datasets.Audio(decode=False))
    assert [item["id"] for item in found] == [row[0] for row in WRITTEN]
    for row, item in zip(WRITTEN, found, strict=True):
        assert same(folder, row, item["audio"]["bytes"]) and item["audio"]["path"].endswith("flac")
    found.save_to_disk(str(tmp_path / "disk"))
    rows = tamis.read_huggingface(str(tmp_path / "disk"))
    headers = audio_header(media(rows.compute().audio))
    assert [header.frames for header in headers] == [len(wanted(folder, row)) for row in WRITTEN]
    tamis.write_files(rows, str(tmp_path / "files"), on="audio", key="id")
    for row in WRITTEN:
        (path,) = glob.glob(f"{tmp_path}/files/part-*/{row[0]}.flac")
        assert same(folder, row, Path(path).read_bytes())


def test_an_audiofolder(folder, tmp_path):
    """Hugging Face's: metadata.csv beside the files, or a folder for each class."""
    datasets = pytest.importorskip("datasets")
    out = tmp_path / "out"
    tamis.write_files(frame(folder), str(out), key="id")
    builder = datasets.load_dataset_builder(
        "audiofolder", data_dir=str(out), cache_dir=str(tmp_path / "cache")
    )
    (split,) = builder._split_generators(datasets.DownloadManager())  # encoding asks for torchcodec
    found = [item for _, item in builder._generate_examples(**split.gen_kwargs)]
    assert sorted(item["id"] for item in found) == sorted(row[0] for row in WRITTEN)
    told = {item["id"]: item["audio"] for item in found}
    assert all(same(folder, row, Path(told[row[0]]).read_bytes()) for row in WRITTEN)
    rows = tamis.read_manifest(str(out)).compute()
    for row, path in zip(WRITTEN, rows.path, strict=True):
        assert same(folder, row, Path(path).read_bytes())
    for kind in ("dog", "cat"):
        (tmp_path / "classes" / kind).mkdir(parents=True)
        (tmp_path / "classes" / kind / "x.wav").write_bytes((folder / "a.wav").read_bytes())
    names = tamis.read_files(str(tmp_path / "classes")).compute().id.tolist()
    assert names == ["cat/x.wav", "dog/x.wav"]


def test_whole_files_on_request(folder, tmp_path):
    tamis.write_files(frame(folder), str(tmp_path / "out"), cut=False, key="id")
    rows = tamis.read_manifest(str(tmp_path / "out")).compute().set_index("id")
    assert rows.start["part"] == 0.5 and "source_start" not in rows
    assert Path(rows.path["part"]).read_bytes() == (folder / "a.wav").read_bytes()


def test_rows_within_archives(folder, tmp_path):
    """No manifest can point into an archive; stored anew they are files."""
    rows = tamis.read_webdataset(str(folder / "t.tar"))
    rows = rows.assign(start=0.5, end=1.0)
    tamis.write_nemo(rows, str(tmp_path / "p"))
    assert {v[1] for v in dropped(tmp_path / "p").values()} == {"media.source"}
    tamis.write_nemo(rows, str(tmp_path / "f"), store="files")
    ((_item, _file, samples),) = nemo_items(str(tmp_path / "f" / "manifest.jsonl"))
    np.testing.assert_array_equal(samples, wanted(folder, ("", "b.flac", 0.5, 1.0, None)))


def test_refusals(folder, tmp_path):
    df, out = frame(folder), str(tmp_path / "out")
    for given_, what in (
        ({"store": "zip"}, "store must be one of"),
        ({"encode": "flac"}, "store='files'"),
        ({"store": "files", "encode": "mp3"}, "encode must be one of"),
        ({"store": "files", "rate": 5}, "rate=5"),
        ({"key": "name"}, "no column 'name'"),
    ):
        with pytest.raises(SettingError, match=what):
            tamis.write_nemo(df, out, **given_)
        with pytest.raises(SettingError, match=what):
            tamis.write_lhotse(df, out, **given_)
    with pytest.raises(SettingError, match="samples=0"):
        tamis.write_nemo(df, out, samples=0)
    for given_, what in (
        ({"encode": "png", "rate": 16_000}, "for pictures"),
        ({"encode": "flac", "quality": 3}, "for pictures"),
        ({"cut": False, "mono": True}, "cut=False"),
    ):
        with pytest.raises(SettingError, match=what):
            tamis.write_files(df, out, **given_)
    with pytest.raises(ColumnError, match="no column 'id'"):
        tamis.write_nemo(df.drop(columns="id"), out)
    for write in (tamis.write_nemo, tamis.write_lhotse):
        with pytest.raises(DataError, match="holds files of something else"):
            write(df, folder)
        with pytest.raises(DataError, match=r"media\.(source|missing)"):
            write(df, out, errors="raise")
    for write in (tamis.write_nemo, tamis.write_lhotse):  # nothing to write is something, too
        none = frame(folder).loc[lambda d: d.id == "nobody"]
        assert write(none, str(tmp_path / write.__name__))[0].rows == 0


def test_a_video_is_not_cut(folder, tmp_path):
    (tmp_path / "v.mp4").write_bytes((folder / "a.wav").read_bytes())
    table = pd.DataFrame({"id": ["v"], "path": [str(tmp_path / "v.mp4")], "start": [0.5]})
    tamis.write_files(tamis.from_pandas(table), str(tmp_path / "out"))
    assert (
        "cut=False" in tamis.read_parquet(str(tmp_path / "out/__dropped")).compute().dropped_why[0]
    )


@settings(max_examples=300)
@given(st.integers(0, 2**40), st.sampled_from([8000, 11025, 16_000, 22_050, 44_100, 48_000]))
def test_times_give_the_same_samples(frames, rate):
    """To those who cut off, and to those who round."""
    time = seconds(frames, rate)
    assert int(time * rate) == frames == round(time * rate)
    assert json.loads(json.dumps(time)) == time


def test_pictures_with_times_are_copied(tmp_path):
    """A frame of a video has a time; it is no recording. Times that are texts are texts."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    table = pd.DataFrame({"id": ["a"], "path": [str(tmp_path / "a.png")], "start": [0.5]})
    tamis.write_files(tamis.from_pandas(table), str(tmp_path / "one"))
    assert tamis.read_manifest(str(tmp_path / "one")).compute().source_start.tolist() == [0.5]
    tamis.write_files(tamis.from_pandas(table.assign(start="noon")), str(tmp_path / "two"))
    assert tamis.read_manifest(str(tmp_path / "two")).compute().start.tolist() == ["noon"]
    assert not (tmp_path / "one" / "__dropped").exists()
