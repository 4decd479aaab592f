"""An index after crashes, full disks and kills, and with several writers at once."""

import contextlib
import dataclasses
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import permutations
from pathlib import Path

import index_script
import pandas as pd
import pytest
from corpora import STRING, corpus, frame

from failing_files import Crash, Failing
from tamis import ExactDedup, FuzzyDedup
from tamis.dedup import Index
from tamis.dedup.index import compaction, ledger
from tamis.errors import DataError
from tamis.io.store import Files


def told(folder):
    """What a reader sees: the sources, their records, and the verdicts."""
    index = Index(folder)
    return str(index.stats()["sources"]), index.find().to_csv()


DOCS = corpus(32, bases=12, sizes=(8, 40))
STEP = FuzzyDedup(keep="longest", hashes=64)


def start(folder):
    """An index of two deliveries."""
    index = Index(folder, STEP)
    index.add(DOCS.iloc[0::3], source="a")
    index.add(DOCS.iloc[1::3], source="b")
    return index


ACTIONS = {
    "add": lambda index: index.add(DOCS.iloc[2::3], source="c"),
    "remove": lambda index: index.remove(source="a"),
    "compact": lambda index: (index.remove(ids=["doc-13"]), index.compact(grace=-1)),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """System calls in one order, so that the N-th is the same each time; merging early."""
    import dask

    with pytest.MonkeyPatch.context() as patch, dask.config.set(scheduler="sync"):
        patch.setattr(compaction, "FAN", 3)
        yield


@pytest.mark.parametrize(
    "how",
    [
        "crash",
        pytest.param("eio", marks=pytest.mark.slow),
        pytest.param("enospc", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_operation_failing(tmp_path, action, how):
    start(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "count")
    index = Index(tmp_path / "count")
    index.store.files = counting = Failing(0, "none", durable=False)
    ACTIONS[action](index)
    states = [told(tmp_path / "before"), told(tmp_path / "count")]
    assert counting.count > 10 and states[0] != states[1]
    seen = set()
    every = {"crash": 1, "eio": 2, "enospc": 5}[how]
    for at in range(counting.count, 0, -every):
        folder = tmp_path / f"{at}"
        shutil.copytree(tmp_path / "before", folder)
        index = Index(folder)
        index.store.files = Failing(at, how, durable=False)
        with contextlib.suppress(OSError, Crash):
            ACTIONS[action](index)
        found = told(folder)
        assert found in states
        seen.add(found)
        index.store.files = Files()
        if found == states[0] and at % 4 == 0:  # and it can be done again
            ACTIONS[action](index)
            assert told(folder) == states[1]
    assert set(states) == seen
    last = tmp_path / f"{at}"
    ACTIONS[action](Index(last))
    Index(last).compact(grace=-1)
    assert told(last) == states[1]
    assert not list(last.rglob("*.tmp"))
    used = set()
    for version in last.glob("index-*.json"):
        used |= {*json.loads(version.read_bytes())["files"]}
    assert {str(path.relative_to(last)) for path in last.rglob("*.npy")} <= used


def test_a_writer_that_is_overtaken_works_it_out_again(tmp_path, monkeypatch):
    """While one adds, another does: both are there, and the verdicts are of the order of ending."""
    step = FuzzyDedup()
    index = Index(tmp_path, step)
    index.add(DOCS.iloc[:10], source="first")
    plain, overtaken = ledger.claim, []

    def claim(store, state):
        if not overtaken:
            overtaken.append(True)
            Index(tmp_path).add(DOCS.iloc[10:25], source="faster")
        return plain(store, state)

    monkeypatch.setattr(ledger, "claim", claim)
    index.add(DOCS.iloc[25:], source="slower")
    assert list(index.stats()["sources"]) == ["first", "faster", "slower"]
    pd.testing.assert_frame_equal(index.find(), step.find(DOCS))


def test_a_number_that_was_free_again_is_no_commit(tmp_path):
    index = Index(tmp_path, ExactDedup())
    index.add(frame(["a"]), source="a")
    old, _ = ledger.newest(index.store)
    for k in range(6):
        index.add(frame([f"{k}"]).assign(id=pd.array([f"x{k}"], STRING)))
    assert old.version + 1 not in ledger.versions(index.store)
    late = dataclasses.replace(old, version=old.version + 1)
    before = index.fingerprint
    assert ledger.claim(index.store, late) is False
    assert index.fingerprint == before and len(ledger.versions(index.store)) <= ledger.KEPT + 1


def test_the_same_delivery_twice_at_once(tmp_path, monkeypatch):
    index = Index(tmp_path, ExactDedup())
    index.add(frame(["a"]).assign(id=pd.array(["x"], STRING)))
    plain, overtaken = ledger.claim, []

    def claim(store, state):
        if not overtaken:
            overtaken.append(True)
            Index(tmp_path).add(DOCS, source="it")
        return plain(store, state)

    monkeypatch.setattr(ledger, "claim", claim)
    added = index.add(DOCS, source="it")
    assert added.again and added.verdicts.equals(index.add(DOCS, source="it").verdicts)
    assert index.stats()["records"] == len(DOCS) + 1
    index.remove(source="it")
    overtaken.clear()
    with pytest.raises(DataError, match="stands twice: row 0 of source 'it'"):
        index.add(DOCS, source="other")


def test_threads_at_once(tmp_path):
    parts = [DOCS.iloc[k::4] for k in range(4)]
    failures = []

    def add(number):
        try:
            Index(tmp_path, FuzzyDedup()).add(parts[number], source=str(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=add, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    order = [int(name) for name in Index(tmp_path).stats()["sources"]]
    assert sorted(order) == [0, 1, 2, 3]
    wanted = FuzzyDedup().find(pd.concat([parts[k] for k in order]))
    pd.testing.assert_frame_equal(Index(tmp_path).find(), wanted)


def test_a_file_system_without_hard_links(tmp_path, monkeypatch):
    def link(self, old, new):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Files, "link", link)
    with pytest.raises(DataError, match="has no hard links"):
        Index(tmp_path).add(frame(["a"]))
    assert not list(tmp_path.glob("index-*"))


def process(folder):
    return subprocess.Popen(
        [sys.executable, "-c", "import index_script; index_script.main()", str(folder)],
        cwd=Path(__file__).parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
def test_kill(tmp_path):
    """Killed at any moment, a reader sees one of the versions; done again, all of it."""
    index_script.work(tmp_path / "undisturbed")
    wanted = told(tmp_path / "undisturbed")
    parts = index_script.deliveries()
    versions = set()
    for count in range(1, 6):
        versions.add(index_script.STEP.find(pd.concat(parts[:count])).to_csv())
        if count > 2:
            versions.add(index_script.STEP.find(pd.concat(parts[1:count])).to_csv())
    chance, killed = random.Random(5), 0
    points = ["segments/*/keys.npy", "verdicts/*", "index-00000001.json", "index-00000002.json",
              "sets/*", "index-00000003.json", "changes/*", "index-00000005.json",
              "segments/*-merged/records.npy"]  # fmt: skip
    for number, pattern in enumerate(points):
        folder = tmp_path / str(number)
        running = process(folder)
        end = time.monotonic() + 120
        while running.poll() is None and time.monotonic() < end:
            if next(folder.glob(pattern), None) is not None:
                break
            time.sleep(0.001)
        time.sleep(chance.random() * 0.05)
        if running.poll() is None:
            killed += 1
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        if list(folder.glob("index-*.json")):
            assert Index(folder).find().to_csv() in versions
        index_script.work(folder)
        assert told(folder) == wanted
        assert not list(folder.rglob("*.tmp")) or killed
    assert killed >= 5


@pytest.mark.slow
def test_processes_at_once(tmp_path):
    script = (
        "import sys, index_script; from tamis.dedup import Index;"
        "k = int(sys.argv[2]); i = Index(sys.argv[1], index_script.STEP);"
        "i.add(index_script.deliveries()[k], source=str(k))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "i"), str(k)],
                         cwd=Path(__file__).parent)
        for k in range(5)
    ]  # fmt: skip
    assert [one.wait(300) for one in running] == [0] * 5
    parts = index_script.deliveries()
    order = [int(name) for name in Index(tmp_path / "i").stats()["sources"]]
    assert tuple(order) in set(permutations(range(5)))
    wanted = index_script.STEP.find(pd.concat([parts[k] for k in order]))
    pd.testing.assert_frame_equal(Index(tmp_path / "i").find(), wanted)
