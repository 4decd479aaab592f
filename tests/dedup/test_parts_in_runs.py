"""Texts cut by deduplications within a durable run: accounted for, resumable, as lazily."""

import random

import dask.dataframe as dd
import pandas as pd
import pytest
from part_oracle import STRING

import tamis
from tamis import Filter, LineDedup, ParagraphDedup, Pipeline, SentenceDedup, SubstringDedup, text

NAV = ["Home, news and everything else", "Sign in to read the rest of it", "All rights reserved."]


def read(part):
    rng = random.Random(part)
    rows = []
    for row in range(40):
        own = [f"Line {rng.randrange(10**6)} of page {part}.{row}." for _ in range(row % 5)]
        said = ["It was so. It is so. So it will be."] if row % 3 == 0 else []
        rows.append((f"p{part}/r{row}", "\n".join([*NAV[: row % 4], *own, *said])))
    return pd.DataFrame(rows, columns=["id", "text"], dtype=STRING)


def frame():
    return dd.from_map(read, range(5), meta=read(0).iloc[:0])


PIPELINE = Pipeline(
    [
        LineDedup(min_left=5),
        Filter(text.word_count, min=6),
        SentenceDedup(n=3, action="record", threshold=1.0),
        ParagraphDedup(action="score", name="repeated"),
        SubstringDedup(length=6),
    ]
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return PIPELINE.run(frame(), tmp_path_factory.mktemp("run") / "out", progress=False)


def test_a_run_is_what_lazy_and_eager_are(run):
    docs = pd.concat([read(part) for part in range(5)], ignore_index=True)
    wanted = PIPELINE(docs)
    assert len(wanted) < len(docs)
    for kept in (run.kept().compute(), PIPELINE(frame()).compute()):
        kept = kept.sort_values("id", ignore_index=True)
        pd.testing.assert_frame_equal(kept, wanted.sort_values("id", ignore_index=True))
    assert wanted.columns.tolist() == ["id", "text", "repeated"]


def test_the_ledger_says_what_was_cut(run):
    docs = pd.concat([read(part) for part in range(5)], ignore_index=True)
    wanted = LineDedup(min_left=5).explain(docs).set_index("id")
    ledger = run.ledger().compute().set_index("id").loc[wanted.index]
    assert ledger.lines_dedup.tolist() == pytest.approx(wanted.lines_dedup.tolist())
    noted = run.figures["deduplications"][0]
    split = lambda texts: sum(len(line.strip()) for t in texts for line in t.split("\n"))  # noqa: E731
    staying = wanted.dropped_by.isna()
    before = docs.set_index("id").text
    assert noted["characters"] == split(before)
    assert noted["characters_cut"] == split(before[staying]) - split(wanted.text[staying])
    assert noted["characters_cut"] > 0
    why = run.why(wanted.index[staying & (wanted.lines_dedup > 0)][0])
    assert 0 < why["lines_dedup"] < 1
    gone = run.dropped("lines_dedup").compute().set_index("id")
    assert gone.text.to_dict() == before[gone.index].to_dict()  # dropped whole
    assert set(gone.dropped_why.str.split(":").str[0]) == {"dedup.lines"}
    assert all(step["kind"] == "dedup" for step in run.figures["steps"] if "dedup" in step["name"])


def test_an_interrupted_run_goes_on(run, tmp_path, monkeypatch):
    """It stops in the stage that cuts, and resumes with the verdicts that stand."""
    calls = []

    def failing(self, *args):
        calls.append(self.name)
        if len(calls) == 3:
            raise OSError("the disk is full")
        return cut(self, *args)

    cut = LineDedup._cut
    monkeypatch.setattr("tamis.dedup.parts.PartDedup._cut", failing)
    with pytest.raises(OSError, match="the disk is full"):
        PIPELINE.run(frame(), tmp_path, progress=False)
    monkeypatch.undo()
    monkeypatch.setattr(LineDedup, "sketch", None)  # not sketched again
    again = PIPELINE.run(frame(), tmp_path, progress=False)
    assert again.figures["tasks"]["reused"] >= 5
    same = [part["sha256"] for part in again.figures["parts"]]
    assert sorted(same) == sorted(part["sha256"] for part in run.figures["parts"])


def test_another_text_than_was_compared_is_an_error():
    docs = read(0)
    step = LineDedup()
    verdicts = step.decide(step.propose([step.sketch(docs)]), [])
    docs["text"] = "x"
    with pytest.raises(tamis.errors.AccountingError, match="fewer lines than were to be cut"):
        step.edited(docs, verdicts, 0, step.name)
