"""What `publish` finds in a run's folder, against pandas over the records."""

from __future__ import annotations

import json
from pathlib import Path

import made_run
import pandas as pd
import pytest

from tamis import report
from tamis.io.store import Store
from tamis.report.texts import stem


def published(folder: Path, frame: pd.DataFrame, parts: int = 1, form: str = "parquet") -> dict:
    report.publish(Store(folder), made_run.write(folder, frame, parts, form))
    return json.loads((folder / "run.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made_run.records()


@pytest.fixture(scope="module")
def figures(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return published(tmp_path_factory.mktemp("run"), frame)


def score(figures: dict, name: str) -> dict:
    return next(found for found in figures["scores"] if found["step"] == name)


@pytest.mark.parametrize("name", ["words", "share"])
def test_histograms_count_every_record(figures: dict, frame: pd.DataFrame, name: str) -> None:
    found, values = score(figures, name), frame[name].dropna()
    histogram = found["histogram"]
    of = frame.loc[values.index, "dropped_by"]
    assert sum(histogram["kept"]) == of.isna().sum()
    assert sum(histogram["dropped"]) == (of == name).sum()
    assert sum(histogram["elsewhere"]) == (of.notna() & (of != name)).sum()
    assert (found["min"], found["max"]) == (values.min(), values.max())
    edges, marks = histogram["edges"], histogram["marks"]
    assert set(marks.values()) <= set(edges)
    for bound, mark in marks.items():
        gone = [n for edge, n in zip(edges, histogram["dropped"], strict=False)
                if (edge < mark) == (bound == "min")]  # fmt: skip
        beyond = (
            values < found["bounds"]["min"] if bound == "min" else values > found["bounds"]["max"]
        )
        assert sum(gone) == (beyond & (of == name)).sum()


def test_nulls_are_those_the_step_met(figures: dict) -> None:
    assert score(figures, "words")["nulls"] == 1  # the blank text; unreadable lines never got there
    assert score(figures, "share")["nulls"] == 0


@pytest.mark.parametrize(("name", "bound"), [("words", "min"), ("words", "max"), ("share", "max")])
def test_samples_are_the_nearest_to_the_bound(
    figures: dict, frame: pd.DataFrame, name: str, bound: str
) -> None:
    found = score(figures, name)
    at = found["bounds"][bound]
    order = list(made_run.STEPS)
    reached = frame["dropped_by"].map(
        lambda by: order.index(by) if isinstance(by, str) else len(order)
    )
    passed = frame[(reached > order.index(name)) & frame[name].notna()]
    gone = frame[(frame["dropped_by"] == name) & frame[name].notna()]
    gone = gone[gone[name] < at] if bound == "min" else gone[gone[name] > at]
    for side, rows in (("inside", passed), ("outside", gone)):
        rows = rows.assign(distance=(rows[name] - at).abs()).sort_values(["distance", "id"])[:5]
        shown = found["samples"][bound][side]
        assert [sample["id"] for sample in shown] == rows["id"].tolist()
        assert [sample["value"] for sample in shown] == rows[name].tolist()
        assert [sample["text"] for sample in shown] == [text[:400] for text in rows["text"]]


def test_listed_values_are_counted(figures: dict, frame: pd.DataFrame) -> None:
    for row in score(figures, "lang")["values"]:
        of = frame[frame["lang"] == row["value"]]
        assert row["kept"] == of["dropped_by"].isna().sum()
        assert row["dropped"] == (of["dropped_by"] == "lang").sum()
        assert row["total"] == len(of)
    samples = score(figures, "lang")["samples"]["isin"]
    assert {sample["value"] for sample in samples["outside"]} == {"ja"}
    assert {sample["value"] for sample in samples["inside"]} <= {"en", "de"}


def test_reasons_have_examples(figures: dict, frame: pd.DataFrame) -> None:
    whys = frame.set_index("id")["dropped_why"]
    for row in figures["reasons"]:
        assert len(row["samples"]) == min(3, row["rows"])
        for sample in row["samples"]:
            assert sample["why"] == whys[sample["id"]]
            assert sample["why"].startswith(row["code"])
    assert {(row["step"], row["code"]) for row in figures["reasons"]} == {
        ("read_jsonl", "json.syntax"), ("words", "text.empty"), ("words", "min"), ("words", "max"),
        ("share", "max"), ("lang", "isin"), ("exact_dedup", "dedup.exact"),
        ("fuzzy_dedup", "dedup.fuzzy"),
    }  # fmt: skip


def test_duplicate_groups(figures: dict, frame: pd.DataFrame) -> None:
    exact, fuzzy = figures["duplicates"]
    assert [group["dropped"] for group in exact["largest"]] == [6, 3, 1]
    assert (exact["groups"], exact["dropped"]) == (3, 10)
    texts = frame.set_index("id")["text"]
    for group in exact["largest"]:
        members = frame[frame["duplicate_of"] == group["kept"]]["id"].sort_values()[:3].tolist()
        assert [row["id"] for row in group["members"]] == members
        assert all(row["same"] for row in group["members"])
        assert group["text"] == texts[group["kept"]]
    of = frame[frame["dropped_by"] == "fuzzy_dedup"].sort_values("similarity")
    assert [row["id"] for row in fuzzy["least"]] == of["id"].tolist()[:4]
    assert [row["id"] for row in fuzzy["most"]] == of["id"].tolist()[::-1][:4]
    for row in fuzzy["least"]:
        assert ["new", "WHEEL"] in row["words"]
        gone = [text for kind, text in row["words"] if kind == "gone"]
        assert gone == [texts[row["kept"]].split()[3]]


@pytest.mark.parametrize(
    ("parts", "form"),
    [(3, "parquet"), (17, "jsonl"), (5, "jsonl.zst"), (4, "jsonl.gz"), (2, "csv")],
)
def test_partitions_and_format_do_not_matter(
    figures: dict, frame: pd.DataFrame, tmp_path: Path, parts: int, form: str
) -> None:
    if form == "csv":  # CSV cannot hold a NUL, and its reader takes the text for bytes up to it
        frame = frame.assign(text=frame["text"].str.replace("\x00", ""))
    found = published(tmp_path, frame, parts, form)
    for key in ("scores", "reasons", "duplicates", "text_column"):
        assert json.dumps(found[key]).replace("\\u0000", "") == json.dumps(figures[key]).replace(
            "\\u0000", ""
        )


def test_run_json_comes_first(frame: pd.DataFrame, tmp_path: Path) -> None:
    class Noting(Store):
        def put(self, name, content, *, sync=True):  # type: ignore[no-untyped-def]
            order.append(name)
            return super().put(name, content, sync=sync)

    order: list[str] = []
    report.publish(Noting(tmp_path), made_run.write(tmp_path, frame))
    assert order == ["run.json", "report.html"]


def test_a_report_can_be_made_again(frame: pd.DataFrame, tmp_path: Path) -> None:
    published(tmp_path, frame)
    page = tmp_path / "report.html"
    first = page.read_bytes()
    page.unlink()
    assert report.again(tmp_path) == str(page)
    assert page.read_bytes() == first


def test_a_run_without_scores_or_texts(tmp_path: Path) -> None:
    frame = made_run.records().iloc[:0]
    found = made_run.figures(frame)
    found |= {"parts": [], "steps": [], "recipe": {"steps": []}, "views": {}}
    found["input"]["columns"] = {"id": "string", "number": "int64"}
    report.publish(Store(tmp_path), found)
    assert found["scores"] == found["reasons"] == found["duplicates"] == []
    assert "0</b> of 0 records kept" in (tmp_path / "report.html").read_text("utf-8")


def test_parts_of_one_task_are_known_by_their_names() -> None:
    names = ("ledger/part-00003-1.5be1.parquet", "kept/part-00003-1.5be1.jsonl.zst",
             "kept/lang=en/part-00003-1.5be1-12.csv")  # fmt: skip
    assert {stem(name) for name in names} == {"part-00003-1.5be1"}
    assert stem("kept/part-00003-0.5be1.csv") != "part-00003-1.5be1"
