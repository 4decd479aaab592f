"""Logs of answers: several processes and threads, kills, damage, growth; a dict is the oracle."""

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import WriteError
from tamis.prompting import answer_index, answer_log
from tamis.prompting.answer_index import ENTRY, Index, Place
from tamis.prompting.answer_log import AnswerLog


def key(n):
    return hashlib.sha256(str(n).encode()).digest()


def line(n):
    return b'{"number": %d, "of": "%s"}\n' % (n, b"word " * (n % 50))


def test_what_is_put_is_there_for_all(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_log, "_PAUSE", 0)
    monkeypatch.setattr(answer_log, "_SHARE", 0)
    one, two = AnswerLog(str(tmp_path)), AnswerLog(str(tmp_path))
    assert one.get(key(1)) == two.get(key(1)) == [] and not list(tmp_path.iterdir())
    for n in range(2500):
        (one, two)[n % 2].put(key(n), line(n))
        if n % 500 == 0:
            assert one.get(key(n)) == two.get(key(n)) == [line(n)]
    late = AnswerLog(str(tmp_path))
    for n in range(2500):
        assert one.get(key(n)) == two.get(key(n)) == late.get(key(n)) == [line(n)]
    assert late.get(key(2500)) == []
    assert len(list(tmp_path.iterdir())) == 4  # a log for each that writes


def test_keys_that_begin_alike(tmp_path):
    log = AnswerLog(str(tmp_path))
    log.put(b"x" * 8 + b"a" * 24, b"a\n")
    other = AnswerLog(str(tmp_path))
    other.get(key(0))
    other.put(b"x" * 8 + b"b" * 24, b"b\n")
    again = AnswerLog(str(tmp_path))
    again.get(key(0))
    assert set(again.get(b"x" * 8 + b"c" * 24)) <= {b"a\n", b"b\n"}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=60),
    st.lists(st.integers(0, 60), max_size=3),
)
def test_an_index_finds_what_was_added(pairs, cuts):
    """In parts, one by one and all together, against a dict of lists."""
    few, fresh = answer_index._FEW, answer_index._FRESH
    answer_index._FEW, answer_index._FRESH = 5, 7
    try:
        index, wanted = Index(), {}
        for number, part in enumerate(np.split(np.arange(len(pairs)), sorted(cuts))):
            rows = np.zeros(len(part), ENTRY)
            for place, at in enumerate(part.tolist()):
                head, length = pairs[at]
                rows[place] = (head * (1 << 58), b"", at, length, 7)
                wanted.setdefault(head, set()).add(Place(number, at, length, 7))
            index.extend(rows, number)
        for head in range(41):
            found = index.find(head * (1 << 58))
            assert set(found) <= wanted.get(head, set()) and bool(found) == (head in wanted)
    finally:
        answer_index._FEW, answer_index._FRESH = few, fresh


def test_threads_write_and_read_at_once(tmp_path):
    log = AnswerLog(str(tmp_path))

    def work(worker):
        for n in range(worker, 1200, 6):
            log.put(key(n), line(n))
            assert log.get(key(n)) == [line(n)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    late = AnswerLog(str(tmp_path))
    assert all(late.get(key(n)) == [line(n)] for n in range(1200))


WRITER = """
import sys
sys.path[:0] = {path!r}
from test_answer_log import key, line
from tamis.prompting.answer_log import AnswerLog
log, first = AnswerLog(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
for n in range(first, first + 1_000_000):
    log.put(key(n), line(n))
"""


def test_a_kill_loses_at_most_what_is_being_written(tmp_path):
    """Two processes are killed while they write: what they wrote before is whole, in order."""
    path = [os.path.dirname(__file__), *sys.path]
    command = [sys.executable, "-c", WRITER.format(path=path), str(tmp_path)]
    both = [
        subprocess.Popen([*command, str(first)], stdout=subprocess.PIPE) for first in (0, 1 << 30)
    ]
    for process in both:
        assert process.stdout.readline() == b"ready\n"
    time.sleep(0.1)
    for process in both:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    log = AnswerLog(str(tmp_path))
    sizes = sorted(tmp_path.glob("*.index"))
    counts = sorted(file.stat().st_size // 48 for file in sizes)
    found = []
    for first in (0, 1 << 30):
        n = first
        while log.get(key(n)) == [line(n)]:
            n += 1
        found.append(n - first)
    assert sorted(found) == counts and min(found) > 0
    log.put(key(-1), b"more\n")
    assert log.get(key(-1)) == [b"more\n"]


def test_a_torn_tail_is_left_out(tmp_path):
    log = AnswerLog(str(tmp_path))
    for n in range(3):
        log.put(key(n), line(n))
    (index,), (lines,) = tmp_path.glob("*.index"), tmp_path.glob("*.jsonl")
    whole = index.read_bytes(), lines.read_bytes()
    for cut in range(1, 48):
        index.write_bytes(whole[0][:-cut])
        late = AnswerLog(str(tmp_path))
        assert [late.get(key(n)) for n in range(3)] == [[line(0)], [line(1)], []]
    index.write_bytes(whole[0])
    for cut in range(1, len(line(2)), 7):
        lines.write_bytes(whole[1][:-cut])
        late = AnswerLog(str(tmp_path))
        assert [late.get(key(n)) for n in range(3)] == [[line(0)], [line(1)], []]


def test_a_folder_that_is_deleted_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_log, "_PAUSE", 0)
    monkeypatch.setattr(answer_log, "_SHARE", 0)
    log = AnswerLog(str(tmp_path / "answers"))
    log.put(key(1), line(1))
    for file in (tmp_path / "answers").iterdir():
        file.unlink()
    (tmp_path / "answers").rmdir()
    assert log.get(key(1)) == []
    log.put(key(2), line(2))
    assert AnswerLog(str(tmp_path / "answers")).get(key(2)) == log.get(key(2)) == [line(2)]
    for file in (tmp_path / "answers").iterdir():
        file.unlink()
    log.put(key(3), line(3))
    assert AnswerLog(str(tmp_path / "answers")).get(key(3)) == [line(3)]


def test_a_full_disk_is_told_and_spoils_nothing(tmp_path, monkeypatch):
    """A write that ends midway: what comes then stands in another log."""
    log, write = AnswerLog(str(tmp_path)), os.write
    log.put(key(1), line(1))
    written = iter([True, False])

    def full(file, data):
        if next(written, False):
            return write(file, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(answer_log.os, "write", full)
    with pytest.raises(WriteError, match="No space left on device; make room"):
        log.put(key(2), line(2))
    monkeypatch.setattr(answer_log.os, "write", write)
    log.put(key(3), line(3))
    for one in (log, AnswerLog(str(tmp_path))):
        assert [one.get(key(n)) for n in (1, 2, 3)] == [[line(1)], [], [line(3)]]


def test_a_fork_writes_a_log_of_its_own(tmp_path):
    log = answer_log.answer_log(str(tmp_path))
    assert log is answer_log.answer_log(str(tmp_path))
    log.put(key(1), line(1))

    def child():
        own = answer_log.answer_log(str(tmp_path))
        os._exit(
            0
            if own is not log and own.get(key(1)) == [line(1)] and not own.put(key(2), line(2))
            else 1
        )

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    log.put(key(3), line(3))
    late = AnswerLog(str(tmp_path))
    assert [late.get(key(n)) for n in (1, 2, 3)] == [[line(1)], [line(2)], [line(3)]]


def test_no_more_than_a_few_logs_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_log, "_OPEN", 2)
    for n in range(5):
        AnswerLog(str(tmp_path)).put(key(n), line(n))
    log = AnswerLog(str(tmp_path))
    for n in (0, 1, 2, 3, 4, 0, 4):
        assert log.get(key(n)) == [line(n)]
    assert len(log._reading) == 2 and threading.active_count() < 50
    log.close()
    assert log.get(key(0)) == [line(0)]
