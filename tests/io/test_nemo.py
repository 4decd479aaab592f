"""NeMo manifests, tarred and not, against a reader of them written here after NeMo's own."""

import io
import json
import math
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
from tamis.cli.inputs import open_input
from tamis.codes import CODES
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.braces import expanded


def nemo_lines(path):
    """What NeMo makes of a manifest: (file, offset or None, duration, text)."""
    folder = os.path.dirname(os.path.abspath(path))
    for line in Path(path).read_text("utf-8").splitlines():
        item = json.loads(line)
        file = os.path.expanduser(item["audio_filepath"])
        if not os.path.isabs(file):
            file = os.path.join(folder, file)
        yield file, item.get("offset"), item.get("duration"), item.get("text")


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), "utf-8")
    return str(path)


def codes(df):
    return [None if pd.isna(why) else why.partition(":")[0] for why in df.dropped_why]


def test_a_manifest_as_nemo_reads_it(tmp_path):
    lines = [
        {"audio_filepath": "wavs/a.wav", "duration": 3, "text": "grüß", "lang": "de"},
        {"audio_filepath": "/abs/b.flac", "offset": 0.25, "duration": 1.5, "text": "b"},
        {"audio_filepath": "c.wav", "offset": 2, "duration": None, "text": ""},
        {"audio_filepath": "s3://bucket/d.wav", "offset": 0, "duration": 4.125, "text": "d"},
    ]
    path = write_lines(tmp_path / "train.json", lines)
    for df in (tamis.read_nemo(path), tamis.read_manifest(path), open_input([path])):
        meta, df = df._meta, df.compute()
        assert list(df.columns) == [
            "id", "path", "start", "end", "manifest_duration", "text", "lang", "dropped_by",
            "dropped_why",
        ]  # fmt: skip
        assert (df.dtypes == meta.dtypes).all() and df.dropped_by.isna().all()
        for row, (file, offset, duration, text) in zip(
            df.itertuples(), nemo_lines(path), strict=True
        ):
            assert row.path == file.replace(f"{tmp_path}/s3:", "s3:") and row.text == text
            if offset is None:
                assert np.isnan(row.start) and np.isnan(row.end)
            else:
                assert row.start == offset
                assert np.isnan(row.end) if duration is None else (row.end == offset + duration)
        assert df.manifest_duration.tolist()[:2] == [3.0, 1.5]


def test_whole_numbers_at_first(tmp_path):
    """Durations are floats whatever the beginning of the file looks like; late offsets count."""
    lines = [{"audio_filepath": f"{k}.wav", "duration": 1} for k in range(30_000)]
    lines.append({"audio_filepath": "x.wav", "duration": 2.5, "offset": 1.25})
    path = write_lines(tmp_path / "long.jsonl", lines)
    df = tamis.read_nemo(path, block_size="300kB").compute()
    assert df.dropped_by.isna().all() and len(df) == 30_001 and df.id.is_unique
    assert (df.start.iloc[-1], df.end.iloc[-1]) == (1.25, 3.75)


def test_lines_that_are_no_part_of_a_recording(tmp_path):
    bad = [
        ({"audio_filepath": "a.wav", "offset": -1, "duration": 2}, "audio.span"),
        ({"audio_filepath": "a.wav", "offset": 1, "duration": 0}, "audio.span"),
        ({"audio_filepath": "a.wav", "offset": 1, "duration": -3}, "audio.span"),
        ({"audio_filepath": "a.wav", "offset": 1e308, "duration": 1e308}, "audio.span"),
        ({"audio_filepath": "a.wav", "offset": 1e17, "duration": 1}, "audio.span"),
        ({"audio_filepath": "a.wav", "offset": "1", "duration": 1}, "schema.type"),
        ({"audio_filepath": 5, "duration": 1}, "schema.type"),
        ({"audio_filepath": None, "duration": 1}, "media.null"),
        ({"audio_filepath": "", "duration": 1}, "media.null"),
        ({"duration": 1}, "media.null"),
        ({"audio_filepath": "a.wav", "offset": 1, "duration": math.nan}, "json.number"),
        ({"audio_filepath": "a.wav", "duration": 10**400}, "json.number"),
    ]
    good = [({"audio_filepath": "a.wav", "duration": 1}, None)] * 20
    path = write_lines(tmp_path / "m.jsonl", [line for line, _ in bad + good])
    df = tamis.read_nemo(path).compute()
    assert codes(df) == [code for _, code in bad + good]
    assert df.start[df.dropped_by.notna()].isna().all()
    assert "it begins at -1 s" in df.dropped_why[0]
    path = write_lines(tmp_path / "n.jsonl", [line for line, _ in bad[:5]])
    with pytest.raises(DataError, match=r"audio\.span: n\.jsonl:0: it begins at -1 s"):
        tamis.read_nemo(path, errors="raise").compute()


def test_a_manifest_from_others_stays_in_its_folder(tmp_path):
    names = ["ok.wav", "../x.wav", "/etc/passwd", "http://127.0.0.1/x"]
    path = write_lines(tmp_path / "m.jsonl", [{"audio_filepath": n, "duration": 1} for n in names])
    assert codes(tamis.read_nemo(path, within=True).compute()) == [None] + ["media.outside"] * 3
    assert codes(tamis.read_manifest(path, within=True).compute())[1:] == ["media.outside"] * 3
    df = tamis.read_nemo(path, base="/data").compute()
    assert df.path[0] == "/data/ok.wav"


def test_a_manifest_in_other_formats(tmp_path):
    table = pd.DataFrame({"audio_filepath": ["a.wav", "b.wav", "c.wav"], "offset": [None, 1.5, -1],
                          "duration": [2.0, 3, 1], "text": list("abc")})  # fmt: skip
    table.to_csv(tmp_path / "m.csv", index=False)
    table.to_parquet(tmp_path / "m.parquet")
    for name in ("m.csv", "m.parquet"):
        df = tamis.read_manifest(str(tmp_path / name)).compute()
        assert df.end.tolist()[1] == 4.5 and codes(df) == [None, None, "audio.span"]
    (tmp_path / "odd.csv").write_text("audio_filepath,offset,duration\na.wav,x,1\nb.wav,,\n")
    assert codes(tamis.read_manifest(str(tmp_path / "odd.csv")).compute()) == ["audio.span", None]


def test_names_that_are_taken(tmp_path):
    line = {"audio_filepath": "a.wav", "duration": 1, "path": "p", "end": 9, "size": 3}
    df = tamis.read_nemo(write_lines(tmp_path / "m.jsonl", [line])).compute()
    assert (df.nemo_path[0], df.nemo_end[0], df.nemo_size[0]) == ("p", 9, 3)
    assert df.path[0] == str(tmp_path / "a.wav")


def test_refusals(tmp_path):
    with pytest.raises(ColumnError, match="no key audio_filepath"):
        tamis.read_nemo(write_lines(tmp_path / "x.jsonl", [{"text": "a"}]))
    with pytest.raises(ColumnError, match="lists of files"):
        tamis.read_nemo(write_lines(tmp_path / "y.jsonl", [{"audio_filepath": ["a.wav"]}]))
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert len(tamis.read_nemo(str(empty)).compute()) == 0


_value = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=2), st.just("a.wav"), st.floats(0, 100),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["audio_filepath", "offset", "duration", "text", 'é"', "size"]), _value
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_no_line_is_lost_or_breaks_the_reading(tmp_path_factory, lines, good_first):
    """Odd keys, wrong types, huge and missing numbers: a row each, right or with a reason."""
    path = tmp_path_factory.mktemp("m") / "m.jsonl"
    first = [{"audio_filepath": "a.wav", "duration": 1.5, "offset": 0.5, "text": "t"}]
    lines = first + lines if good_first else lines + first
    write_lines(path, lines)
    try:
        df = tamis.read_nemo(str(path), unknown="ignore")
    except (ColumnError, DataError):
        return  # no column of paths in any line
    df = df.compute()
    assert len(df) == len(lines)
    for line, row in zip(lines, df.itertuples(), strict=True):
        if pd.notna(row.dropped_why):
            assert row.dropped_why.partition(":")[0] in CODES
            continue
        assert isinstance(line["audio_filepath"], str) and row.path.endswith(line["audio_filepath"])
        if line.get("offset") is None:
            assert np.isnan(row.start) and np.isnan(row.end)
        else:
            assert row.start == line["offset"] >= 0
            duration = line.get("duration")
            assert np.isnan(row.end) if duration is None else row.end > row.start


def tarred(folder, shards=3, each=4, sharded=True):
    """A tarred data set as NeMo's script makes it, members of known bytes."""
    entries = []
    for shard in range(shards):
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(folder / f"audio_{shard}.tar", "w") as tar:
            for k in range(each):
                name, data = f"home_wavs_{shard}_{k}.wav", f"sound {shard} {k}".encode() * 50
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
                entries.append({"audio_filepath": name, "duration": 1.5, "text": f"{shard} {k}",
                                "shard_id": shard})  # fmt: skip
    write_lines(folder / "tarred_audio_manifest.json", entries)
    if sharded:
        for shard in range(shards):
            own = [e for e in entries if e["shard_id"] == shard]
            write_lines(folder / "sharded_manifests" / f"manifest_{shard}.json", own)
    return entries


def member(row):
    with open(row.path, "rb") as file:
        file.seek(row.offset)
        return file.read(row.size)


def test_a_tarred_set(tmp_path):
    folder = tmp_path / "tarred"
    entries = tarred(folder)
    pattern = f"{folder}/audio__OP_0..2_CL_.tar"
    for df in (
        tamis.read_nemo(str(folder / "tarred_audio_manifest.json")),
        tamis.read_nemo(str(folder)),
        tamis.read_nemo(f"{folder}/sharded_manifests/manifest__OP_0..2_CL_.json", tars=pattern),
        tamis.read_nemo(f"{folder}/sharded_manifests/manifest_{{0..2}}.json", tars=pattern),
        open_input([str(folder)]),
    ):
        meta, df = df._meta, df.compute()
        assert (df.dtypes == meta.dtypes).all() and df.dropped_by.isna().all()
        assert df.audio_filepath.tolist() == [e["audio_filepath"] for e in entries]
        for row in df.itertuples():  # tarfile is the oracle
            with tarfile.open(row.path) as tar:
                assert member(row) == tar.extractfile(row.audio_filepath).read()
            assert row.text == " ".join(re.findall(r"\d+", row.audio_filepath)) and row.ext == "wav"
            assert np.isnan(row.start)


def test_what_is_wrong_with_a_tarred_set(tmp_path):
    folder = tmp_path / "tarred"
    entries = tarred(folder, sharded=False)
    first = entries[0]
    entries += [
        first | {"audio_filepath": "home_wavs_0_0-sub1.wav", "offset": 0.5},
        first | {"audio_filepath": "home_wavs_0_9-sub1.wav", "offset": 0.5},
        first | {"audio_filepath": "gone.wav"},
        first | {"shard_id": 7},
        first | {"shard_id": None},
        first | {"audio_filepath": None},
        first | {"offset": -1},
    ]
    path = write_lines(folder / "tarred_audio_manifest.json", entries)
    cut = folder / "audio_2.tar"
    cut.write_bytes(cut.read_bytes()[: 512 * 5])
    with tarfile.open(folder / "audio_1.tar", "a") as tar:
        again = tarfile.TarInfo("home_wavs_1_1.wav")
        tar.addfile(again)
        link = tarfile.TarInfo("link.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    entries.append(first | {"shard_id": 1, "audio_filepath": "link.wav"})
    write_lines(folder / "tarred_audio_manifest.json", entries)
    df = tamis.read_nemo(path).compute()
    found = codes(df)
    assert len(df) == len(entries)
    assert found[:4] == [None] * 4 and found[4:8] == [None, "tar.duplicate", None, None]
    assert found[8:10] == [None] * 2 and set(found[10:12]) == {"tar.truncated"}
    assert found[12:] == [
        None, "tar.member", "tar.member", "media.missing", "media.missing", "media.null",
        "audio.span", "tar.link",
    ]  # fmt: skip
    sub = df.iloc[12]
    assert member(sub) == member(df.iloc[0]) and (sub.start, sub.end) == (0.5, 2.0)
    assert df.path[df.dropped_by.notna() & (df.start.isna())].isna().sum() >= 6
    (folder / "audio_0.tar").write_bytes(b"not an archive at all" * 100)
    assert set(codes(tamis.read_nemo(path).compute())[:4]) == {"file.corrupt"}


def test_a_remote_tarred_set(tmp_path):
    """By URL, in a file system of fsspec's; a folder, patterns, and archives found beside."""
    import fsspec

    entries = tarred(tmp_path / "tarred")
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "tarred"), "/nemo/", recursive=True)
    place = next(p for p in memory.find("/nemo") if p.endswith("tarred_audio_manifest.json"))
    folder = "memory://" + place.rpartition("/")[0]
    for df in (
        tamis.read_nemo(folder),
        tamis.read_nemo(f"{folder}/tarred_audio_manifest.json"),
        tamis.read_nemo(f"{folder}/sharded_manifests/manifest_{{0..2}}.json",
                        tars=f"{folder}/audio__OP_0..2_CL_.tar"),
    ):  # fmt: skip
        df = df.compute()
        assert df.audio_filepath.tolist() == [e["audio_filepath"] for e in entries]
        assert df.dropped_by.isna().all() and df.path.str.startswith("memory://").all()
        for row in df.itertuples():
            data = memory.cat_file(row.path)[row.offset : row.offset + row.size]
            assert data.decode().startswith(f"sound {row.text}")


def test_refusals_of_tarred_sets(tmp_path):
    folder = tmp_path / "tarred"
    tarred(folder)
    path = str(folder / "tarred_audio_manifest.json")
    (folder / "b").mkdir()
    (folder / "audio_1.tar").rename(folder / "b" / "audio_0.tar")
    with pytest.raises(DataError, match="both shard 0"):
        tamis.read_nemo(path, tars=str(folder))
    with pytest.raises(DataError, match="no file or folder"):
        tamis.read_nemo(path, tars=f"{folder}/audio__OP_0..2_CL_.tar")
    plain = write_lines(tmp_path / "p.json", [{"audio_filepath": "a.wav", "duration": 1}])
    with pytest.raises(ColumnError, match="shard_id"):
        tamis.read_nemo(plain, tars=[f"{folder}/audio_0.tar", f"{folder}/audio_2.tar"])
    alone = write_lines(tmp_path / "q.json", [{"audio_filepath": "a.wav", "shard_id": 0}])
    with pytest.raises(DataError, match="tars="):
        tamis.read_nemo(alone)


def test_patterns():
    assert expanded("a_{0..2}_{x,y}.tar") == [f"a_{k}_{c}.tar" for k in range(3) for c in "xy"]
    assert expanded("m__OP_098..101_CL_.json") == [f"m_{k:03d}.json" for k in range(98, 102)]
    assert expanded(["a{b}c", "d{}"]) == ["a{b}c", "d{}"]
    assert expanded("x{2..0}") == ["x2", "x1", "x0"]
    with pytest.raises(SettingError, match="more than"):
        expanded("x{0..99999999}")
    with pytest.raises(SettingError, match="path or URL"):
        expanded([5])


def test_a_folder_with_a_list(tmp_path):
    """A `metadata.jsonl` that is a NeMo manifest; what it does not name is accounted for."""
    lines = [{"audio_filepath": "a.wav", "offset": 0.5, "duration": 1.0, "text": "a"}]
    write_lines(tmp_path / "metadata.jsonl", lines)
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    df = tamis.read_manifest(str(tmp_path)).compute()
    assert codes(df) == [None, "media.unlisted"]
    assert (df.start.iloc[0], df.end.iloc[0]) == (0.5, 1.5)
    listed = tamis.read_manifest(str(tmp_path / "metadata.jsonl"), extension="wav").compute()
    assert listed.path.tolist() == [str(tmp_path / "a.wav")] and listed.end[0] == 1.5


def test_long_manifests_are_several_partitions(tmp_path):
    line = json.dumps({"audio_filepath": "a.wav", "duration": 1.0, "text": "x" * 200}) + "\n"
    (tmp_path / "train.jsonl").write_text(line * 4_000)
    frame = tamis.read_nemo(tmp_path / "train.jsonl")
    assert frame.npartitions == -(-len(line) * 4_000 // (64 << 10)) and len(frame) == 4_000
    assert tamis.read_manifest(tmp_path / "train.jsonl").npartitions == frame.npartitions
    assert tamis.read_nemo(tmp_path / "train.jsonl", block_size="64MB").npartitions == 1
