"""Recordings compared block by block: in memory and in a run the same, killed at any moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import rounds_script
from test_fingerprint_dedup import greedy, numbers, recordings

import tamis
from tamis import FingerprintDedup, Pipeline, rounds
from tamis.dedup import sound_blocks
from tamis.io.store import Store
from tamis.stages import read_table

POINTS = {
    "words dealt out": "stages/0/passing-*-dealt-*",
    "words gathered": "stages/0/passing-*-words-*",
    "a block settled": "stages/0/passing-*-settled-00001-*",
    "blocks asked": "stages/0/passing-*-asked-00002-*",
}


@pytest.fixture
def small(monkeypatch):
    """Blocks of a few recordings."""
    monkeypatch.setattr(sound_blocks, "BLOCK", rounds_script.WORDS)


def noted(calls, function):
    """The function, of which calls are counted."""

    def counting(*given):
        calls.append(given)
        return function(*given)

    return counting


@pytest.mark.parametrize("measure", ["jaccard", "containment"])
@pytest.mark.parametrize("keep", ["first", "longest", "best:score"])
def test_one_block_many_blocks_and_a_run(tmp_path, monkeypatch, keep, measure):
    frame, _ = recordings(21)
    frame.loc[3:9, "fingerprint"] = None
    step = FingerprintDedup(threshold=0.4, keep=keep, measure=measure)
    whole = step.compare(frame)
    assert whole.dropped > 20
    monkeypatch.setattr(sound_blocks, "BLOCK", rounds_script.WORDS)
    apart = step.compare(frame)
    assert apart.verdicts.equals(whole.verdicts)
    ids, group = apart.connected()
    there, other = whole.connected()
    assert ids.equals(there) and (group == other).all()
    asked = []
    monkeypatch.setattr(rounds, "deal_words", noted(asked, rounds.deal_words))
    lazy = dd.from_pandas(frame, npartitions=5, sort=False)
    run = Pipeline([step]).run(lazy, tmp_path / "out", progress=False)
    (found,) = run.figures["deduplications"]
    table = read_table(Store(str(tmp_path / "out")), found["name"])
    assert table.combine_chunks().equals(whole.verdicts.combine_chunks())
    assert (found["dropped"], found["clusters"]) == (whole.dropped, len(whole.clusters()))
    assert len(asked) == 5 and not list((tmp_path / "out").glob("stages/*/passing-*"))
    stricter = run.duplicates().rethreshold(0.8)
    assert stricter.dropped == FingerprintDedup(
        threshold=0.8, keep=keep, measure=measure
    ).compare(frame).dropped  # fmt: skip


def test_all_pairs(small):
    frame, made = recordings(22, 40, 90)
    staying, gone = greedy(list(range(40)), made, 0.5, False)
    found = FingerprintDedup().explain(frame)
    assert set(numbers(found.id[found.dropped_by.isna()])) == set(staying)
    there = found[found.dropped_by.notna()]
    assert [frame.id[gone[k][2]] for k in numbers(there.id)] == there.duplicate_of.tolist()


def test_blocks_are_of_whole_recordings():
    sizes = np.random.default_rng(0).integers(0, 50, 300)
    ends = sound_blocks.block_ends(sizes, 60)
    sums = np.add.reduceat(sizes, ends[:-1])
    assert ends[0] == 0 and ends[-1] == 300 and (np.diff(ends) > 0).all() and sums.max() <= 60
    assert (sums[:-1] + sizes[ends[1:-1]] > 60).all()  # none would have held one more
    assert sound_blocks.block_ends(sizes[:0], 60).tolist() == [0]


def test_against_another_set_in_rounds(tmp_path, small):
    frame, _ = recordings(23)
    frame.iloc[:40].to_parquet(tmp_path / "held.parquet")
    step = FingerprintDedup(against=str(tmp_path / "held.parquet"))
    rest = frame.iloc[40:]
    run = Pipeline([step]).run(dd.from_pandas(rest, npartitions=4), tmp_path / "out")
    expected = step.explain(rest)
    dropped = run.dropped().compute().set_index("id").sort_index()
    wanted = expected[expected.dropped_by.notna()].set_index("id").sort_index()
    columns = ["dropped_why", "duplicate_of", "similarity"]
    pd.testing.assert_frame_equal(dropped[columns], wanted[columns], check_dtype=False)


def outcome(out):
    """What must not depend on kills."""
    run = tamis.Run(out)
    assert not [p for p in Path(out).rglob("*") if p.name.endswith(".tmp") or "passing" in p.name]
    parts = {part["name"]: part["sha256"] for part in run.figures["parts"]}
    return run.ledger().compute().sort_values("id").to_json(), parts


@pytest.mark.slow
def test_kill_at_any_point(tmp_path, monkeypatch, small):
    monkeypatch.setattr(rounds, "worthwhile", lambda step, records: True)
    rounds_script.PIPELINE.run(rounds_script.frame(), tmp_path / "whole", progress=False)
    undisturbed, killed = outcome(tmp_path / "whole"), 0
    for number, pattern in enumerate(POINTS.values()):
        out = tmp_path / str(number)
        process = subprocess.Popen(
            [sys.executable, "-c", "import rounds_script; rounds_script.main()", str(out)],
            cwd=Path(__file__).parent, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            if next(out.glob(pattern), None) is not None:
                killed += 1
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.001)
        process.wait()
        rounds_script.PIPELINE.run(rounds_script.frame(), out, progress=False)
        assert outcome(out) == undisturbed
    assert killed >= 3
