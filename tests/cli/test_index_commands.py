"""`tamis index`, as a person uses it over some months."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_command_line import failed, process, tamis

import tamis as package
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
    assert "unexpected keyword argument 'treshold'" in said and not (folder / "x").exists()
    said = failed(tamis("index", "add", "x", "-i", "may.jsonl", "-s", "on=body", cwd=folder))
    assert "no column 'body'" in said and not (folder / "x").exists()
    tamis("index", "add", "seen", "-i", "may.jsonl", "-s", "threshold=0.7", cwd=folder)
    same = tamis("index", "add", "seen", "-i", "june.jsonl", "-s", "threshold=0.7", cwd=folder)
    assert same.returncode == 0
    said = failed(tamis("index", "add", "seen", "-i", "may.jsonl", "-s", "ngram=3", cwd=folder))
    assert "was made with ngram=5, this is ngram=3" in said
    said = failed(tamis("index", "add", "seen", "-i", "may.jsonl", "--dedup", "exact", cwd=folder))
    assert "was made with dedup='fuzzy'" in said
    said = failed(tamis("index", "add", "seen", "-i", "may.jsonl", cwd=folder))
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
