"""Kill anything at any moment, run again: the same ids and counts, nothing twice or half."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import kill_script
import tamis

pytestmark = pytest.mark.slow
POINTS = {  # a kill comes when the folder first holds one of these
    "reading and measuring": "stages/0/rows-*",
    "records of the first stage": "stages/0/part-*.json",
    "verdicts of the first shuffle": "stages/0/verdicts*",
    "sketches for the second shuffle": "stages/1/sketch-*",
    "evidence in the second shuffle": "stages/1/evidence-*",
    "verdicts of the second shuffle": "stages/1/verdicts*",
    "writing what is kept": "kept/*",
}
BEYOND = {  # the same for a comparison beyond memory
    "keys dealt out": "stages/0/passing-*-keys-*",
    "keys grouped": "stages/0/passing-*-edges-*",
    "components named": "stages/0/passing-*-labels-*",
    "stars": "stages/1/passing-*-stars-*-large-*",
    "a round of stars done": "stages/1/passing-*-stars-rounds*",
    "rows to shards": "stages/1/shard-*-rows-*",
    "evidence asked for": "stages/1/passing-*-asked-*",
    "evidence given": "stages/1/shard-*-answers-*",
    "shards settled": "stages/1/passing-*-settled-*",
}


def start(out, mode, *beyond):
    command = "import kill_script; kill_script.main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, str(out), mode, *beyond],
        cwd=Path(__file__).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def resume(out):
    """Run again, here: what stands was made by processes that are dead."""
    kill_script.PIPELINE.run(kill_script.frame(), out, progress=False)


def outcome(out):
    """What must not depend on kills: ids and their verdicts, counts, and whole files only."""
    run = tamis.Run(out)
    ledger = run.ledger().compute().sort_values("id")
    assert ledger["id"].is_unique
    kept = run.kept().compute()["id"]
    assert sorted(kept) == ledger.loc[ledger.dropped_by.isna(), "id"].tolist()
    leftovers = [p for p in Path(out).rglob("*") if p.name.endswith(".tmp")]
    assert not leftovers
    on_disk = {
        str(p.relative_to(out))
        for d in ("kept", "dropped", "ledger")
        for p in Path(out, d).glob("*")
    }
    assert on_disk == {part["name"] for part in run.figures["parts"]}
    steps = [{k: v for k, v in row.items() if k != "seconds"} for row in run.figures["steps"]]
    parts = {part["name"]: part["sha256"] for part in run.figures["parts"]}
    return ledger.drop(columns="similarity").to_json(), run.rows, json.dumps(steps), parts


def wait_for(process, out, pattern, limit=120):
    end = time.monotonic() + limit
    while time.monotonic() < end and process.poll() is None:
        if next(Path(out).glob(pattern), None) is not None:
            return True
        time.sleep(0.005)
    return False


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    process = start(out, "threads")
    assert process.wait(300) == 0, process.stderr.read().decode()
    return outcome(out)


def test_kill_the_whole_run(tmp_path, undisturbed):
    chance, killed = random.Random(1), 0
    for number, (_, pattern) in enumerate(POINTS.items()):
        out = tmp_path / str(number)
        process = start(out, "threads")
        if wait_for(process, out, pattern):
            time.sleep(chance.random() * 0.1)
            killed += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        resume(out)
        assert outcome(out) == undisturbed
    assert killed >= 5


def test_kill_again_and_again(tmp_path, undisturbed):
    """One run, killed at every point in turn, goes on from where it was."""
    out, chance, killed = tmp_path / "out", random.Random(3), 0
    for pattern in POINTS.values():
        process = start(out, "threads")
        if wait_for(process, out, pattern):
            time.sleep(chance.random() * 0.3)
            killed += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    resume(out)
    assert outcome(out) == undisturbed
    assert killed >= 3


def test_kill_workers_of_a_cluster(tmp_path, undisturbed):
    chance, killed = random.Random(4), 0
    for number, pattern in enumerate([*POINTS.values()][1::3]):
        out = tmp_path / str(number)
        process = start(out, "cluster")
        if wait_for(process, out, pattern):
            children = psutil.Process(process.pid).children(recursive=True)
            workers = [c for c in children if "multiprocessing.spawn" in " ".join(c.cmdline())]
            if workers:
                chance.choice(workers).kill()
                killed += 1
        assert process.wait(300) == 0, process.stderr.read().decode()
        assert outcome(out) == undisturbed
    assert killed >= 1


@pytest.mark.parametrize("mode", ["threads", "cluster"])
def test_kill_a_comparison_beyond_memory(tmp_path, undisturbed, mode):
    """In the exchange, in components, in shards: what the comparison in memory comes to."""
    killed = 0
    points = list(BEYOND.values())[::2] if mode == "threads" else list(BEYOND.values())[1::4]
    for number, pattern in enumerate(points):
        out = tmp_path / str(number)
        process = start(out, mode, "beyond")
        if wait_for(process, out, pattern):
            killed += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with kill_script.beyond_memory():
            resume(out)
        assert outcome(out) == undisturbed
        assert not list(out.glob("stages/*/passing-*"))
    assert killed >= len(points) // 2


def test_kill_a_comparison_beyond_memory_again_and_again(tmp_path, undisturbed):
    out, killed = tmp_path / "out", 0
    for pattern in BEYOND.values():
        process = start(out, "threads", "beyond")
        if wait_for(process, out, pattern):
            killed += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    resume(out)  # with memory enough: verdicts that stand are used, those that do not are made
    assert outcome(out) == undisturbed
    assert killed >= 4
