"""Runs that write media: archives within the run's accounting, and writers of one's own."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import dask
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamis
from tamis import ExactDedup, Filter, Pipeline, Score, image, text
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.write import WrittenFile
from tamis.io.writers import Put, Tables, Writer
from tamis.results import Run

STEPS = Pipeline([Filter(text.word_count, on="caption", min=2)])


@tamis.measure(namespace="test_run_writers")
def fragile(caption):
    """Fails for the partition that has the first caption, if asked to: the last that is done."""
    if "FRAGILE" in os.environ and caption.str.contains("number 0 ").any():
        raise RuntimeError("cut off")
    return caption.str.len()


@pytest.fixture
def photos(tmp_path):
    """Twenty pictures with captions; one is gone, one has an empty caption, two are the same."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for k in range(20):
        path = folder / f"{k:02d}.png"
        Image.fromarray(rng.integers(0, 256, (30 + k, 40, 3)).astype(np.uint8)).save(path)
        rows.append({"id": f"r{k:02d}", "path": str(path), "caption": f"picture number {k} here"})
    rows[4]["caption"] = ""
    rows[15]["caption"] = rows[14]["caption"]
    (folder / "07.png").unlink()
    frame = pd.DataFrame(rows).astype({"id": "string", "path": "string", "caption": "string"})
    return tamis.from_pandas(frame, npartitions=4)


def members(folder):
    found = {}
    for file in sorted((folder / "kept").glob("*.tar")):
        with tarfile.open(file) as archive:
            found |= {m.name: archive.extractfile(m).read() for m in archive}
    return found


def test_archives_within_the_accounting(photos, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    out = tmp_path / "out"
    run = STEPS.run(photos, out, format=tamis.WebDataset(samples=3), max_errors=1.0)
    assert run.rows == {"in": 20, "cut": 0, "kept": 18, "dropped": 2}
    last = run.figures["steps"][-1]
    assert (last["name"], last["kind"], last["rows_in"]) == ("write_webdataset", "writer", 19)
    assert last["reasons"] == {"media.missing": 1}
    assert run.why("r07")["dropped_by"] == "write_webdataset"
    assert run.dropped("write_webdataset").compute().dropped_why.iloc[0].startswith("media.mis")
    assert len(run.ledger()) == 20 and "could not be written" in Path(run.report).read_text()
    rows = run.kept().compute()
    assert sorted(rows.id) == sorted({f"r{k:02d}" for k in range(20)} - {"r04", "r07"})
    source = {row.id: Path(row.path).read_bytes() for row in photos.compute().itertuples()
              if row.id != "r07"}  # fmt: skip
    for row in rows.itertuples():
        with open(row.path, "rb") as file:
            file.seek(row.offset)
            assert file.read(row.size) == source[row.id]
    archives = sorted(map(str, (out / "kept").glob("*.tar")))
    assert len(archives) == 8  # 5 rows a partition, 3 to an archive, less those dropped
    samples = list(webdataset.WebDataset(archives, shardshuffle=False))
    assert sorted(s["txt"].decode() for s in samples) == sorted(rows.caption)
    assert json.loads(samples[0]["json"])["id"] == "r00"


def test_the_folder_stands_alone(photos, tmp_path):
    steps = Pipeline([Filter(image.height, min=35)])
    steps.run(photos, tmp_path / "out", format="webdataset", max_errors=1.0)
    shutil.rmtree(tmp_path / "photos")
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    run = Run(tmp_path / "elsewhere")
    rows = run.kept().compute()
    assert sorted(image.height(rows.path, rows.offset, rows["size"])) == [
        30 + k for k in range(5, 20) if k != 7
    ]
    assert run.record("r09")["path"].startswith(str(tmp_path / "elsewhere" / "kept"))
    from tamis.gallery.catalogue import Catalogue

    found = Catalogue(tmp_path / "elsewhere")
    ((_, cells),) = found.pointers(found.records([found.find("r09")]))
    data = Path(cells["path"]).read_bytes()[cells["offset"] :][: cells["size"]]
    assert image.height([data])[0] == 39


def test_cut_off_and_resumed_to_the_same_bytes(photos, tmp_path, monkeypatch):
    steps = Pipeline([Score(fragile), *STEPS])
    settings = {"format": tamis.WebDataset(samples=2), "max_errors": 1.0}
    whole = steps.run(photos, tmp_path / "whole", **settings)
    monkeypatch.setenv("FRAGILE", "yes")
    with dask.config.set(scheduler="sync"), pytest.raises(RuntimeError, match="cut off"):
        steps.run(photos, tmp_path / "again", **settings)
    assert not (tmp_path / "again" / "run.json").exists()
    monkeypatch.delenv("FRAGILE")
    again = steps.run(photos, tmp_path / "again", **settings)
    assert again.figures["tasks"]["reused"] == 3
    names = [part["name"] for part in whole.figures["parts"]]
    assert names == [part["name"] for part in again.figures["parts"]]
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    listed = {Path(name).name for name in names if name.startswith("kept/")}
    assert listed == {file.name for file in (tmp_path / "again" / "kept").iterdir()}
    before = (tmp_path / "again" / "run.json").stat().st_mtime_ns
    steps.run(photos, tmp_path / "again", **settings)
    assert (tmp_path / "again" / "run.json").stat().st_mtime_ns == before


def test_after_a_deduplication(photos, tmp_path):
    steps = Pipeline([*STEPS, ExactDedup(on="caption")])
    run = steps.run(photos, tmp_path / "out", format="webdataset", max_errors=1.0)
    assert run.rows["kept"] == 17
    assert len([name for name in members(tmp_path / "out") if name.endswith(".png")]) == 17


def test_too_many_that_cannot_be_written_stop_the_run(photos, tmp_path):
    frame = tamis.from_pandas(
        pd.concat([photos.compute().assign(id=lambda f, k=k: f.id + f"-{k}") for k in range(60)]),
        npartitions=8,
    )
    with pytest.raises(DataError, match=r"media\.missing \(\d+\)\. That is more than max_errors"):
        STEPS.run(frame, tmp_path / "out", format="webdataset")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"format": "webdatase"}, "format='webdatase' is unknown .*webdataset, clips, tamis.Web"),
        ({"format": tamis.WebDataset}, "is unknown"),
        ({"format": "webdataset", "target_size": "1MB"}, "target_size is for tables"),
        ({"format": "webdataset", "partition_on": "id"}, "partition_on is for tables"),
        ({"format": lambda: tamis.WebDataset(samples=0)}, "samples=0 is not a number"),
        ({"format": lambda: tamis.WebDataset(size=3)}, "size and only_if_bigger have no effect"),
        ({"format": tamis.WebDataset(on="picture")}, "on: no column 'picture'"),
        ({"format": tamis.WebDataset(key="k")}, "key: no column 'k'"),
        ({"format": tamis.WebDataset(text=["words"])}, "text: no column 'words'"),
    ],
)
def test_what_cannot_be_written_so(photos, tmp_path, settings, told):
    with pytest.raises((SettingError, ColumnError), match=told):
        if callable(settings["format"]) and not isinstance(settings["format"], type):
            settings = {"format": settings["format"]()}
        STEPS.run(photos, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


@dataclasses.dataclass(frozen=True)
class Lines:
    """A writer of one's own: a text file a partition; captions with a 9 cannot be written."""

    name = "lines"
    format = "lines"
    pointer = ()

    def check(self, meta):
        if "caption" not in meta:
            raise ColumnError("no captions")

    def put(self, frame, stem, store):
        lost = {k: "text.too_long: a nine" for k, c in enumerate(frame.caption) if "9" in c}
        lines = [c for k, c in enumerate(frame.caption) if k not in lost]
        if not lines:
            return Put([], lost)
        put = store.put(f"{stem}.txt", "\n".join(lines).encode())
        return Put([WrittenFile(f"{stem}.txt", len(lines), put.bytes, put.sha256)], lost)


def test_a_writer_of_ones_own(photos, tmp_path):
    assert isinstance(Lines(), Writer) and isinstance(Tables(), Writer)
    run = STEPS.run(photos, tmp_path / "out", format=Lines(), max_errors=1.0)
    assert run.rows == {"in": 20, "cut": 0, "kept": 17, "dropped": 3}
    assert run.dropped("lines").compute().id.tolist() == ["r09", "r19"]
    told = [file.read_text().split("\n") for file in sorted((tmp_path / "out/kept").iterdir())]
    assert [line for lines in told for line in lines] == [
        c for k, c in enumerate(photos.compute().caption) if k not in (4, 9, 19)
    ]
    with pytest.raises(ColumnError, match="no captions"):
        Pipeline([Score(image.width)]).run(
            photos.drop(columns="caption"), tmp_path / "no", format=Lines()
        )


def test_from_the_command_line(photos, tmp_path):
    from tamis.cli import main

    (tmp_path / "photos" / "01.txt").write_text("two words")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("steps:\n- filter: image.height\n  max: 40\n")
    with pytest.raises(SystemExit) as ended:
        main(["run", str(recipe), "-i", str(tmp_path / "photos"), "-o", str(tmp_path / "out"),
              "-f", "webdataset"])  # fmt: skip
    assert not ended.value.code
    assert len([name for name in members(tmp_path / "out") if name.endswith(".png")]) == 10


def write_archives(photos, out):
    frame = tamis.read_files(photos, files_per_partition=4)
    steps = Pipeline([Filter(image.brightness, max=1)])
    steps.run(frame, out, format=tamis.WebDataset(samples=3), progress=False)


@pytest.mark.slow
def test_killed_while_archives_are_written(tmp_path):
    """At any moment: the same files with the same bytes, and no others."""
    rng, folder = np.random.default_rng(1), tmp_path / "photos"
    folder.mkdir()
    for k in range(120):
        Image.fromarray(rng.integers(0, 256, (90, 90, 3)).astype(np.uint8)).save(
            folder / f"{k:03d}.png"
        )

    def start(out):
        code = f"import test_run_writers as t; t.write_archives({str(folder)!r}, {str(out)!r})"
        return subprocess.Popen(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, start_new_session=True
        )

    def outcome(out):
        return {str(p.relative_to(out)): p.read_bytes() for p in (out / "kept").iterdir()}

    write_archives(str(folder), str(tmp_path / "whole"))
    whole, killed = outcome(tmp_path / "whole"), 0
    assert len([name for name in whole if name.endswith(".tar")]) == 60
    for number, wait in enumerate((0, 0.1)):
        out = tmp_path / str(number)
        process, end = start(out), time.monotonic() + 120
        while process.poll() is None and not any(out.glob("kept/*")) and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(wait)
        killed += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        write_archives(str(folder), str(out))
        assert outcome(out) == whole
    assert killed
