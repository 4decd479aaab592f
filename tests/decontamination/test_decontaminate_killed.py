"""A run with decontamination, killed at any moment and run again, comes to the same files."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask.dataframe as dd
import pandas as pd
import pytest

import tamis
from tamis import Decontaminate, ExactDedup, Filter, Pipeline
from tamis.frame import STRING

pytestmark = pytest.mark.slow
WORDS = [f"w{k}" for k in range(400)]


def frame():
    """12 partitions of texts; every ninth has a question of the benchmark in it."""
    rng = random.Random(0)
    asked = questions()
    texts = []
    for k in range(2400):
        text = " ".join(rng.choice(WORDS) for _ in range(200)) + ". "
        found = f"{rng.choice(asked).title()}! " if k % 9 == 4 else ""
        texts.append(text * 3 + found + text * 3)
    ids = pd.array([f"d{k:04d}" for k in range(2400)], STRING)
    made = pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})
    return dd.from_pandas(made, npartitions=12, sort=False)


def questions():
    rng = random.Random(1)
    return [" ".join(rng.choice(WORDS) for _ in range(20)) for _ in range(50)]


def pipeline(exam):
    return Pipeline(
        [
            Filter(tamis.text.word_count, min=10),
            Decontaminate(exam, action="score", name="leak"),
            ExactDedup(),
            Decontaminate(exam, action="cut"),
        ]
    )


def main():
    pipeline(sys.argv[1]).run(frame(), sys.argv[2], progress=False)


def outcome(out):
    run = tamis.Run(out)
    ledger = run.ledger().compute().sort_values("id")
    parts = {part["name"]: part["sha256"] for part in run.figures["parts"]}
    steps = [{k: v for k, v in row.items() if k != "seconds"} for row in run.figures["steps"]]
    assert not list(Path(out).rglob("*.tmp"))
    return ledger.to_json(), run.rows, parts, json.dumps(steps)


def test_killed_and_resumed(tmp_path):
    exam = tmp_path / "exam.jsonl"
    exam.write_text("\n".join(json.dumps({"text": text}) for text in questions()))
    pipeline(exam).run(frame(), tmp_path / "whole", progress=False)
    expected = outcome(tmp_path / "whole")
    assert expected[1]["cut"] == 267 and expected[1]["in"] == 2400
    killed = 0
    for number, pattern in enumerate(["stages/0/part-*.json", "stages/0/verdicts*", "kept/*"]):
        out = tmp_path / str(number)
        code = "import test_decontaminate_killed as test; test.main()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(exam), str(out)], cwd=Path(__file__).parent,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end and not any(out.glob(pattern)):
            time.sleep(0.005)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        _, said = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), said.decode()
        pipeline(exam).run(frame(), out, progress=False)
        assert outcome(out) == expected
    assert killed >= 2
