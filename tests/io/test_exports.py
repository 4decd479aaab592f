"""Data sets and archives of texts read by other libraries; partitions of a size; checksums."""

import hashlib
import json
import tarfile

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner

import tamis
from tamis import cli
from tamis.errors import ColumnError, DataError, SettingError, UncommittedError
from tamis.frame import STRING
from tamis.io.verifying import verify
from tamis.sets import repartition

datasets = pytest.importorskip("datasets")
webdataset = pytest.importorskip("webdataset")


def records(count=40):
    return pd.DataFrame(
        {
            "id": pd.array([f"r/{k}.x" for k in range(count)], STRING),
            "text": pd.array(
                [None if k % 9 == 4 else f"Text {k} é\n" * (k % 5) for k in range(count)], STRING
            ),
            "n": pd.array([k if k % 3 else None for k in range(count)], "Int64"),
            "score": [k / 7 for k in range(count)],
            "tags": pd.array(
                [["a", "b"][: k % 3] for k in range(count)], pd.ArrowDtype(pa.list_(pa.string()))
            ),
            "split": pd.array(["train" if k % 4 else "test" for k in range(count)], STRING),
        }
    )


def rows_of(frame):
    return json.loads(frame.astype(object).where(frame.notna(), None).to_json(orient="records"))


def same(found, frame):
    """Rows that another library read, in order."""
    columns = {name: pa.array(frame[name], from_pandas=True).to_pylist() for name in frame}
    expected = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert list(found) == expected


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_a_data_set(tmp_path, form):
    frame = records().drop(columns="split")
    out = tmp_path / "set"
    parts = tamis.write_dataset(
        dd.from_pandas(frame, npartitions=3), out, form=form, card="# Mine", target_size=300
    )
    if form == "arrow":
        made = datasets.load_from_disk(str(out))
        assert tamis.read_huggingface(out).compute().text.fillna("?").tolist() == (
            frame.text.fillna("?").tolist()
        )
    else:
        cache = str(tmp_path / "cache")
        made = datasets.load_dataset(str(out), cache_dir=cache, split="train")
        assert tamis.read_parquet(out).compute().id.tolist() == frame.id.tolist()
    same(made, frame)
    assert sum(part.name.startswith("train/") for part in parts) > 3
    header = yaml.safe_load((out / "README.md").read_text().split("---")[1])
    (split,) = header["dataset_info"]["splits"]
    assert split["num_examples"] == 40 and "# Mine" in (out / "README.md").read_text()
    assert verify(out).rows == 40 and verify(out).files == len(parts)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_a_data_set_of_splits(tmp_path, form):
    frame = records()
    pieces = dd.from_pandas(frame, npartitions=4)
    tamis.write_dataset(pieces, tmp_path / "set", form=form, split_on="split")
    if form == "arrow":
        made = datasets.load_from_disk(str(tmp_path / "set"))
        assert tamis.read_huggingface(tmp_path / "set", split="test").shape[0].compute() == 10
    else:
        made = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert list(made) == ["train", "test"]
    for name in made:
        same(made[name], frame[frame.split == name].drop(columns="split"))
    before = {p.name: p.sha256 for p in tamis.io.commit.listing(tmp_path / "set")}
    tamis.write_dataset(pieces, tmp_path / "set", form=form, split_on="split")
    assert before == {p.name: p.sha256 for p in tamis.io.commit.listing(tmp_path / "set")}


def test_an_empty_data_set(tmp_path):
    frame = records(0).drop(columns="split")
    for form in ("arrow", "parquet"):
        tamis.write_dataset(frame, tmp_path / form, form=form)
    assert datasets.load_from_disk(str(tmp_path / "arrow")).column_names == list(frame)
    assert list(tamis.read_parquet(tmp_path / "parquet").columns)[:2] == ["id", "text"]


def test_what_a_data_set_cannot_be(tmp_path):
    frame = records(3)
    for settings, error, said in (
        ({"form": "csv"}, SettingError, "form must be one of"),
        ({"split_on": "part"}, ColumnError, "no column 'part'"),
        ({"split": "../x"}, DataError, "no name for a split"),
        ({"split_on": "text"}, DataError, "no name for a split"),
        ({"split_on": "n"}, DataError, "null in 1 rows"),
    ):
        with pytest.raises(error, match=said):
            tamis.write_dataset(frame, tmp_path / "x", **settings)


def test_archives_of_texts(tmp_path):
    frame = records().assign(dropped_by=None, dropped_why=None)
    frame = frame.astype({"dropped_by": STRING, "dropped_why": STRING})
    frame.loc[5, ["dropped_by", "dropped_why"]] = ["step", "min: 1 < 2"]
    parts = tamis.write_webdataset(
        dd.from_pandas(frame, npartitions=3), tmp_path / "w", on=None, key="id", samples=7
    )
    tars = sorted(part.name for part in parts if part.name.endswith(".tar"))
    assert sum(part.rows for part in parts if part.name.endswith(".tar")) == 39 and len(tars) == 6
    pipeline = webdataset.WebDataset(
        [f"{tmp_path}/w/{name}" for name in tars], shardshuffle=False, empty_check=False
    )
    kept = frame.drop(index=5)
    found = list(pipeline)
    for sample, row in zip(found, kept.itertuples(), strict=True):
        assert sample["__key__"] == row.id.replace(".", "_")
        told = json.loads(sample["json"])
        assert (told["id"], told["tags"], told["split"]) == (row.id, list(row.tags), row.split)
        assert told["n"] == (None if pd.isna(row.n) else row.n)
        assert sample.get("txt", b"").decode() == ("" if pd.isna(row.text) else row.text)
        assert ("txt" in sample) == (not pd.isna(row.text))
    again = tamis.read_webdataset(str(tmp_path / "w" / "*.tar"), media=(), id="id").compute()
    assert again.id.tolist() == kept.id.tolist() and again.dropped_by.isna().all()
    assert again.txt.fillna("?").tolist() == kept.text.fillna("?").tolist()
    beside = pd.concat([pd.read_parquet(tmp_path / "w" / f"{name[:-4]}.parquet") for name in tars])
    for row in beside[beside.offset.notna()].itertuples():
        raw = (tmp_path / "w" / row.path).read_bytes()
        start = int(row.offset)
        assert raw[start : start + int(row.size)].decode() == kept.set_index("id").text[row.id]
    (lost,) = (part for part in parts if part.name.startswith("__dropped/"))
    assert pd.read_parquet(tmp_path / "w" / lost.name).id.tolist() == ["r/5.x"]


def test_archives_end_at_their_size_and_members_are_chosen(tmp_path):
    frame = pd.DataFrame({"id": list("abcdef"), "text": ["x" * 3000] * 6, "b": list("uvwxyz")})
    tamis.write_webdataset(frame, tmp_path / "w", on=None, text={"b": "cls", "text": "txt"},
                           json=[], target_size=8000)  # fmt: skip
    tars = sorted((tmp_path / "w").glob("*.tar"))
    names = []
    for tar in tars:
        with tarfile.open(tar) as opened:
            names.append(opened.getnames())
    assert sum(map(len, names)) == 12 and len(tars) == 3
    assert names[0][:2] == ["00000_000000.cls", "00000_000000.txt"]
    with pytest.raises(ColumnError, match="there is none of the columns txt"):
        tamis.write_webdataset(frame[["id"]], tmp_path / "v", on=None)
    with pytest.raises(DataError, match="would have no members"):
        tamis.write_webdataset(frame.assign(text=None).astype({"text": STRING}), tmp_path / "u",
                               on=None, json=[])  # fmt: skip


@pytest.mark.parametrize("size", [60, 300, 10**6])
def test_partitions_of_a_size(size):
    rng = np.random.default_rng(0)
    texts = ["é" * int(k) for k in rng.integers(0, 30, 90)]
    frame = pd.DataFrame({"text": pd.array(texts, STRING), "n": range(90)})
    takes = frame.text.str.encode("utf-8").str.len() + 8
    shapes = set()
    for parts in (1, 4, 23):
        made = repartition(dd.from_pandas(frame, npartitions=parts, sort=False), size=size)
        pieces = dask.compute(*made.to_delayed(), scheduler="sync")
        pd.testing.assert_frame_equal(pd.concat(pieces), frame)
        shapes.add(tuple(map(len, pieces)))
        for piece in pieces[:-1]:
            own = takes[piece.index].to_numpy()
            assert own.sum() >= size and own[:-1].sum() < size
    assert len(shapes) == 1
    empty = repartition(dd.from_pandas(frame[:0], npartitions=1), size=size)
    assert empty.npartitions == 1 and len(empty) == 0


def test_verified_or_named(tmp_path):
    frame = records(12)
    tamis.write_jsonl(frame, tmp_path / "j")
    found = verify(tmp_path / "j")
    assert found[:2] == (1, 12) and found.unchecked == 0
    done = CliRunner().invoke(cli.commands, ["verify", str(tmp_path / "j")])
    assert done.exit_code == 0 and "1 files, 12 rows" in done.output
    (part,) = tamis.io.commit.listing(tmp_path / "j")
    path = tmp_path / "j" / part.name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == part.sha256
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(DataError, match="holds other bytes"):
        verify(tmp_path / "j")
    path.write_bytes(bytes(raw[:-1]))
    with pytest.raises(DataError, match=r"has \d+ bytes instead of"):
        verify(tmp_path / "j")
    run = tamis.Pipeline([tamis.Filter("score", min=1)]).run(frame, tmp_path / "o", progress=False)
    assert verify(tmp_path / "o").files == len(run.figures["parts"])
    (tmp_path / "e").mkdir()
    with pytest.raises(DataError, match="tamis did not write it"):
        verify(tmp_path / "e")
    (tmp_path / "e" / "_UNCOMMITTED").write_text("")
    with pytest.raises(UncommittedError):
        verify(tmp_path / "e")
    tamis.write_webdataset(frame, tmp_path / "w", on=None)
    assert verify(tmp_path / "w").unchecked == 1


def test_damage_is_told_apart_from_a_mistake_in_the_call(tmp_path, capsys):
    def code(folder):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["verify", str(folder)])
        return stopped.value.code

    frame = records(12)
    tamis.Pipeline([tamis.Filter("score", min=1)]).run(frame, tmp_path / "o", progress=False)
    assert code(tmp_path / "o") == 0
    assert code(tmp_path / "nowhere") == 2  # no such folder
    (tmp_path / "e").mkdir()
    assert code(tmp_path / "e") == 2  # not one of ours
    stray = tmp_path / "o" / "kept" / "extra.parquet"
    frame.to_parquet(stray)
    assert verify(tmp_path / "o").strays == ("kept/extra.parquet",)
    assert code(tmp_path / "o") == 1 and "kept/extra.parquet" in capsys.readouterr().err
    stray.unlink()
    (part,) = (tmp_path / "o" / "kept").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-1])
    assert code(tmp_path / "o") == 1 and "bytes instead of" in capsys.readouterr().err
    part.unlink()
    assert code(tmp_path / "o") == 1 and "is missing" in capsys.readouterr().err
    (tmp_path / "o" / "run.json").write_text("{")
    assert code(tmp_path / "o") == 1
    (tmp_path / "e" / "_UNCOMMITTED").write_text("")
    assert code(tmp_path / "e") == 1


def test_no_folder_of_ours_has_strays(tmp_path):
    frame = records(12).assign(split="train")
    tamis.write_dataset(frame, tmp_path / "set", split_on="split")
    tamis.write_dataset(frame, tmp_path / "hub", form="parquet", card="# Ours")
    tamis.write_jsonl(frame, tmp_path / "by", partition_on="split")
    tamis.write_webdataset(frame, tmp_path / "shards", on=None)
    for name in ("set", "hub", "by", "shards"):
        assert verify(tmp_path / name).strays == (), name
    (tmp_path / "by" / "split=train" / "mine.jsonl").write_text("{}\n")
    assert verify(tmp_path / "by").strays == ("split=train/mine.jsonl",)
    (tmp_path / "by" / "part-00000.0123456789ab.jsonl").write_text("{}\n")  # in no folder of parts
    (tmp_path / "by" / "split=train" / "part-00000.0123456789ab.jsonl").write_text("{}\n")
    assert len(verify(tmp_path / "by").strays) == 2
    (tmp_path / "by" / "_UNCOMMITTED").write_text("")  # the next set is being written
    assert verify(tmp_path / "by").strays == ("split=train/mine.jsonl",)
