"""`tamis index`, as a person uses it over some months."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from pathlib import Path
from typing import Any

import dask
import pytest
from test_command_line import failed, process, tamis

import tamis as package
from failing_files import Crash, Failing
from tamis.dedup import Index
from tamis.errors import UncommittedError
from tamis.io import store
from tamis.io.store import Files

MAY = {
    "m1": "one two three four five six",
    "m2": "alpha beta gamma",
    "m3": "One two three four five six!",
}
JUNE = {
    "j1": "one, two, three, four, five, six",
    "j2": "delta epsilon zeta",
    "j3": "alpha beta gamma",
}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Files, "sync", lambda self, file: file.flush())
    monkeypatch.setattr(Files, "sync_folder", lambda self, path: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in (("may", MAY), ("june", JUNE)):
        lines = [json.dumps({"id": key, "text": text}) + "\n" for key, text in rows.items()]
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
    with (tmp_path / "june.jsonl").open("a") as file:
        file.write("{broken\n")
    return tmp_path


def ids(folder: Path) -> list[str]:
    return package.read_parquet(str(folder)).compute().id.tolist()


def test_a_year_of_deliveries(folder: Path) -> None:
    may = ("--source", "may", "-i", "may.jsonl", "-o", "may-new")
    done = tamis("index", "add", "seen", *may, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "3 records added as 'may': 2 to keep, duplicates: 1",
        "duplicates of earlier records: 0, within the input: 1",
        "2 records written to may-new",
    ]
    assert ids(folder / "may-new") == ["m1", "m2"]
    asked = tamis("index", "query", "seen", "-i", "june.jsonl", cwd=folder).stdout
    assert [line.split() for line in asked.splitlines()[:3]] == [
        ["id", "duplicates", "similarity"], ["j1", "m1", "1.000"], ["j3", "m2", "1.000"],
    ]  # fmt: skip
    assert "3 records asked for: 1 to keep, duplicates: 2" in asked
    done = tamis("index", "add", "seen", "-i", "june.jsonl", "-o", "june-new", cwd=folder)
    assert "3 records added as 'delivery-2': 1 to keep, duplicates: 2" in done.stdout
    assert "duplicates of earlier records: 2, within the input: 0" in done.stdout
    assert "left out because they could not be read: 1" in done.stdout
    assert ids(folder / "june-new") == ["j2"]
    said = tamis("index", "stats", "seen", cwd=folder).stdout
    rows = [line.split() for line in said.splitlines()]
    assert ["may", "3", "2", "1"] in rows and ["delivery-2", "3", "1", "1"] in rows
    assert "6 records: 3 kept, 3 duplicates" in said and "threshold=0.8" in said
    assert "bytes a record (" in said
    gone = tamis("index", "remove", "seen", "--source", "may", cwd=folder).stdout
    assert gone.splitlines() == ["3 removed, 2 promoted", "stays now: j1", "stays now: j3"]
    (folder / "gone.txt").write_text("j1\nj2\n")
    gone = tamis("index", "remove", "seen", "--ids", "gone.txt", cwd=folder).stdout
    assert gone.splitlines() == ["2 removed, 0 promoted"]
    assert "5 removed records wait" in tamis("index", "stats", "seen", cwd=folder).stdout
    assert "now" in tamis("index", "compact", "seen", cwd=folder).stdout
    told = json.loads(tamis("index", "stats", "seen", "--json", cwd=folder).stdout)
    assert (told["records"], told["removed"], told["segments"]) == (1, 0, 1)


def test_a_delivery_that_changes_earlier_verdicts(folder: Path) -> None:
    longest = ("--set", "keep=longest", "--id", "id")
    done = tamis("index", "add", "seen", "-i", "may.jsonl", *longest, cwd=folder)
    assert "verdicts" not in done.stdout  # m3 is the longest of its kind
    done = tamis("index", "add", "seen", "-i", "june.jsonl", cwd=folder)
    # j1 is longer than m3, which m1 duplicated; j3 comes before m2, being as long
    assert "verdicts on earlier records changed: 3 are duplicates now, 0 stay now" in done.stdout


def test_against_in_a_recipe(folder: Path) -> None:
    tamis("index", "add", "seen", "-i", "may.jsonl", "--dedup", "exact", cwd=folder)
    (folder / "r.yaml").write_text("steps:\n- dedup: exact\n  against: seen\n")
    done = tamis("run", "r.yaml", "-i", "june.jsonl", "-o", "out", "--max-errors", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    why = tamis("why", "out", "j3", cwd=folder).stdout
    assert "dropped by exact_dedup: dedup.exact: same text as m2 in seen" in why
    assert ids(folder / "out" / "kept") == ["j1", "j2"]


def test_mistakes(folder: Path) -> None:
    said = failed(tamis("index", "query", "none", "-i", "may.jsonl", cwd=folder))
    assert "no index in" in said and "add a delivery to it first" in said
    assert "no index in" in failed(tamis("index", "stats", "none", cwd=folder))
    assert not (folder / "none").exists()
    said = failed(tamis("index", "add", "x", "-i", "may.jsonl", "-s", "treshold=1", cwd=folder))
    assert "no setting 'treshold'" in said and not (folder / "x").exists()
    said = failed(tamis("index", "add", "x", "-i", "may.jsonl", "-s", "on=body", cwd=folder))
    assert "no column 'body'" in said and not (folder / "x").exists()
    tamis("index", "add", "seen", "-i", "may.jsonl", "-s", "threshold=0.7", cwd=folder)
    same = tamis("index", "add", "seen", "-i", "june.jsonl", "-s", "threshold=0.7", cwd=folder)
    assert same.returncode == 0
    said = failed(tamis("index", "add", "seen", "-i", "may.jsonl", "-s", "ngram=3", cwd=folder))
    assert "was made with ngram=5, this is ngram=3" in said
    said = failed(tamis("index", "add", "seen", "-i", "may.jsonl", "--dedup", "exact", cwd=folder))
    assert "was made with dedup='fuzzy'" in said
    again = ("index", "add", "seen", "-i", "may.jsonl", "--source", "other")
    said = failed(tamis(*again, cwd=folder))
    assert "the id 'm1' stands twice: row 0 of source 'delivery-1', and row 0 of this" in said
    for wrong in ([], ["--source", "may", "--id", "m1"]):
        assert "say what to remove" in failed(tamis("index", "remove", "seen", *wrong, cwd=folder))
    said = failed(tamis("index", "remove", "seen", "--source", "may", cwd=folder))
    assert "no source 'may' (has: delivery-1, delivery-2)" in said
    assert "no id 'zz'" in failed(tamis("index", "remove", "seen", "--id", "zz", cwd=folder))


def test_in_a_process_of_its_own(folder: Path) -> None:
    done = process("index", "add", folder / "seen", "-i", folder / "may.jsonl")
    assert done.returncode == 0 and "2 to keep" in done.stdout, done.stderr
    assert "Deduplicate each delivery" in process("index", "--help").stdout


def test_a_failed_output_is_written_by_the_same_command_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has the records and the folder has not: with a full disk, and after a kill."""
    may = ("index", "add", "seen", "-i", "may.jsonl", "-o", "new")
    plain = Files.open

    def full(self: Files, path: str) -> Any:
        if "/new/part" in path:
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(self, path)

    for source in ((), ("--source", "may")):
        with monkeypatch.context() as patch:
            patch.setattr(Files, "open", full)
            done = tamis(*may, *source, cwd=folder)
        assert done.returncode == 1 and "The records were not written to new" in done.stderr
        assert "They are in the index seen; give the same command again" in done.stderr
        with pytest.raises(UncommittedError):
            package.read_parquet(str(folder / "new"))
        for _ in range(2):  # once to write it, and again with the output in place
            done = tamis(*may, *source, cwd=folder)
            name = "may" if source else "delivery-1"
            assert done.stdout.splitlines() == [
                f"3 records stood in the index already as {name!r}: 2 to keep, duplicates: 1",
                "duplicates of earlier records: 0, within the input: 1",
                "2 records written to new",
            ]
            assert ids(folder / "new") == ["m1", "m2"]
        told = json.loads(tamis("index", "stats", "seen", "--json", cwd=folder).stdout)
        assert (told["records"], list(told["sources"])) == (3, [name])
        assert len(list((folder / "seen" / "segments").iterdir())) == 1  # nothing left lying about
        for made in ("seen", "new"):
            shutil.rmtree(folder / made)


def test_killed_at_any_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was done, the same command again ends as if nothing had happened."""
    states, at = set(), 0
    while "whole" not in states:
        at += 1
        add = ("index", "add", f"seen{at}", "-i", "may.jsonl", "-o", f"new{at}")
        with monkeypatch.context() as patch, dask.config.set(scheduler="sync"):
            dying = Failing(at, "crash", durable=False)
            patch.setattr(store, "Files", lambda dying=dying: dying)
            with contextlib.suppress(Crash):
                done = tamis(*add, "-s", "hashes=32", cwd=folder)
                assert done.returncode == 0, done.stderr
                states.add("whole")
        stands = bool(list((folder / f"seen{at}").glob("index-*.json")))
        states.add((stands, (folder / f"new{at}" / "_manifest.json").exists()))
        done = tamis(*add, "-s", "hashes=32", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert ids(folder / f"new{at}") == ["m1", "m2"]
        assert Index(folder / f"seen{at}").stats()["records"] == 3
    assert states == {"whole", (False, False), (True, False), (True, True)} and at > 30


def test_an_output_that_cannot_be_is_refused_before_the_index_changes(folder: Path) -> None:
    (folder / "file").write_text("mine")
    (folder / "data").mkdir()
    (folder / "data" / "notes.txt").write_text("mine")
    (folder / "input" / "inner").mkdir(parents=True)
    shutil.copy(folder / "may.jsonl", folder / "input" / "inner" / "may.jsonl")
    run = tamis("run", "r.yaml", "-i", "may.jsonl", "-o", "out", cwd=_recipe(folder))
    assert run.returncode == 0, run.stderr
    stranger = "holds files of something else"
    for output, says in {
        "file": "a file stands where a folder should be",
        "file/below/it": "a file stands where a folder should be",
        "data": f"{stranger} (notes.txt)",
        "out": stranger,  # what a run wrote, and its parts
        "out/kept": stranger,
        "input": "which lies in the output folder",
        "input/inner": "which lies in the output folder",
        "seen": "lie in one another",
        "seen/new": "lie in one another",
    }.items():
        before = sorted(folder.rglob("*"))
        add = ("index", "add", "seen", "-i", "input/inner/may.jsonl", "-o", output)
        assert says in failed(tamis(*add, cwd=folder)), output
        assert sorted(folder.rglob("*")) == before
    assert package.read_parquet(str(folder / "out" / "kept")).compute().id.tolist() == [*MAY]


def _recipe(folder: Path) -> Path:
    (folder / "r.yaml").write_text("steps:\n- score: text.word_count\n")
    return folder


def test_the_output_of_another_delivery_is_not_replaced(folder: Path) -> None:
    tamis("index", "add", "seen", "-i", "may.jsonl", "-o", "new", cwd=folder)
    said = failed(tamis("index", "add", "seen", "-i", "june.jsonl", "-o", "new", cwd=folder))
    assert "holds files of something else (the records that another input" in said
    said = failed(tamis("index", "query", "seen", "-i", "may.jsonl", "-o", "new", cwd=folder))
    assert "or another command gave); give an empty folder" in said
    assert ids(folder / "new") == ["m1", "m2"]
    assert Index(folder / "seen").stats()["records"] == 3
    for _ in range(2):
        asked = tamis("index", "query", "seen", "-i", "june.jsonl", "-o", "asked", cwd=folder)
        assert asked.returncode == 0 and ids(folder / "asked") == ["j2"]


def test_ids_from_names_of_files(folder: Path) -> None:
    for month, words in (("m1", "alpha beta"), ("m2", "gamma delta")):
        (folder / month).mkdir()
        (folder / month / "part-0.jsonl").write_text(json.dumps({"text": words}) + "\n")
    tamis("index", "add", "seen", "-i", "m1/part-0.jsonl", cwd=folder)
    add = ("index", "add", "seen", "-i", "m2/part-0.jsonl")
    said = failed(tamis(*add, cwd=folder))
    assert "'part-0.jsonl:0' stands twice" in said
    assert "These ids were made from the names of the files" in said
    assert "--id COLUMN" in said and "--prefix june/" in said
    done = tamis(*add, "--prefix", "m2/", "-o", "new", cwd=folder)
    assert "1 to keep" in done.stdout, done.stderr
    assert ids(folder / "new") == ["m2/part-0.jsonl:0"]
    gone = tamis("index", "remove", "seen", "--id", "m2/part-0.jsonl:0", cwd=folder)
    assert gone.stdout == "1 removed, 0 promoted\n"
    tamis("index", "add", "other", "-i", "may.jsonl", cwd=folder)
    said = failed(tamis("index", "add", "other", "-i", "may.jsonl", "--source", "x", cwd=folder))
    assert "'m1' stands twice" in said and "names of the files" not in said


def test_asking_about_what_is_there(folder: Path) -> None:
    tamis("index", "add", "seen", "-i", "may.jsonl", cwd=folder)
    asked = tamis("index", "query", "seen", "-i", "may.jsonl", cwd=folder)
    assert asked.returncode == 0, asked.stderr
    lines = [line.split()[:2] for line in asked.stdout.splitlines()]
    assert lines[1:4] == [["m1", "m1"], ["m2", "m2"], ["m3", "m1"]]
    assert "duplicates of earlier records: 3, within the input: 0" in asked.stdout
