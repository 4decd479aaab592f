"""Limits hold for all processes together; a rate that is not told is found."""

import asyncio
import itertools
import logging
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from endpoint import Endpoint

from tamis import Prompt
from tamis.frame import STRING
from tamis.io import download_loop
from tamis.prompting import shared_limits
from tamis.prompting.pace import Gate, OwnClock
from tamis.prompting.rate import Rate
from tamis.prompting.shared_limits import FileClock, Slots

ASKS = """
import sys
import pandas as pd
from tamis import Prompt
from tamis.frame import STRING
url, folder, word, rows, limits = sys.argv[1:]
texts = [f"{word} {n}" for n in range(int(rows))]
frame = pd.DataFrame({"id": texts, "text": texts}).astype(STRING)
step = Prompt("{text}", model="m", endpoint=url, cache=folder, **eval(limits))
assert len(step(frame)) == len(texts)
"""


def start(url, folder, word, rows, **limits):
    return subprocess.Popen(
        [sys.executable, "-c", ASKS, url, str(folder), word, str(rows), repr(limits)],
        stderr=subprocess.PIPE,
    )


def done(*processes):
    for process in processes:
        assert process.wait(120) == 0, process.stderr.read().decode()
        process.stderr.close()


@pytest.mark.slow
def test_two_processes_have_one_concurrency(tmp_path):
    """No more than three at once of both, and what a killed one held is free at once."""
    with Endpoint(pause=0.03) as endpoint:
        done(*(start(endpoint.url, tmp_path, word, 30, concurrency=3) for word in "ab"))
        assert endpoint.count == 60 and endpoint.most == 3
        endpoint.pause = 30
        killed = start(endpoint.url, tmp_path, "c", 3, concurrency=3)
        while endpoint.now < 3 and killed.poll() is None:
            time.sleep(0.01)
        killed.kill()
        killed.wait()
        killed.stderr.close()
        endpoint.pause = 0
        done(start(endpoint.url, tmp_path, "d", 3, concurrency=3))


@pytest.mark.slow
def test_two_processes_have_one_rate(tmp_path):
    times = []

    def says(body):
        times.append(time.monotonic())
        return "yes"

    with Endpoint(says) as endpoint:
        done(*(start(endpoint.url, tmp_path, word, 12, rpm=600) for word in "ab"))
    assert len(times) == 24
    for first, last in itertools.combinations(range(24), 2):
        most = (times[last] - times[first]) / 0.1 + 1
        assert last - first <= most + 2.5 + 1  # 0.25 s may be made up for, and a request be late
    assert times[-1] - times[0] >= 2.3 - 0.25


def test_without_locks_each_process_has_its_own(endpoint, at, monkeypatch, caplog):
    def none(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(shared_limits.fcntl, "lockf", none)
    monkeypatch.setattr(shared_limits, "_SLOTS", {})
    caplog.set_level(logging.WARNING)
    frame = pd.DataFrame({"id": list("abcdef"), "text": list("abcdef")}).astype(STRING)
    endpoint.pause = 0.02
    assert len(Prompt("{text}", concurrency=2, rpm=6000, **at)(frame)) == 6
    assert endpoint.most == 2 and "No locks available" in caplog.text
    assert endpoint.url not in caplog.text


def test_places_are_of_all_threads_of_a_process(tmp_path):
    """Two askers with other settings share them too; places beyond a limit are not touched."""
    places = shared_limits.slots(str(tmp_path / "x"))
    assert places is shared_limits.slots(str(tmp_path / "x"))
    taken = [places.take(4) for _ in range(4)]
    assert sorted(taken) == [0, 1, 2, 3] and places.take(4) is None
    assert places.take(6) in (4, 5)
    places.give(2)
    assert places.take(4) == 2


def test_another_process_sees_the_places_taken(tmp_path):
    places = Slots(str(tmp_path / "x"))
    mine = {places.take(3), places.take(3)}
    code = (
        "import sys; from tamis.prompting.shared_limits import Slots; s = Slots(sys.argv[1]);"
        "print(s.take(3), s.take(3), s.take(4))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=True,
    )
    (left,) = {0, 1, 2} - mine
    assert said.stdout.split() == [str(left), "None", "3"]
    assert places.take(3) == left  # the other is gone


@pytest.mark.parametrize("shared", [False, True])
def test_a_clock(tmp_path, shared):
    clock = FileClock(str(tmp_path / "clock")) if shared else OwnClock()
    other = FileClock(str(tmp_path / "clock")) if shared else clock
    now = time.time()
    assert clock.take(now, 10) == 0  # begins, and lasts ten seconds
    assert 9 < other.take(now, 10) <= 10
    clock.move(-8)
    assert 1 < clock.take(now, 10) <= 2 and 1 < other.take(now, 10) <= 2
    clock.move(-100)
    assert clock.take(now, 1) == 0
    assert 0 < clock.take(now - 50, 1) <= 1  # what was not used is not saved up


def test_a_clock_that_is_damaged_begins_anew(tmp_path):
    file = tmp_path / "clock"
    for damage in (b"x", b"\xff" * 8, b"\x00" * 7 + b"\x7f", b"\x00" * 6 + b"\xf0\x7f"):
        file.write_bytes(damage)
        assert FileClock(str(file)).take(time.time(), 10) == 0
        assert FileClock(str(file)).take(time.time(), 10) > 9


def test_a_gate_lets_in_what_the_server_takes():
    """64 at once to a server that takes 8: all the rest are refused, and then 8 are let in."""
    gate = Gate(64)
    for under_way in range(63, 7, -1):
        gate.slower(under_way)
    assert gate.limit == 8
    gate.slower(1)  # one that is refused while few are under way
    assert gate.limit == 4
    for _ in range(40):
        gate.faster(2.0)
    assert 8 < gate.limit < 13  # one more for as many answers as are let in
    gate.faster(0.1)
    assert gate.limit == 64  # where answers are fast it is not how many are under way


class Bucket:
    """Lets in so many a second, by a clock of its own."""

    def __init__(self, rate, room):
        self.rate, self.room, self.most, self.at = rate, room, room, time.monotonic()
        self.served = self.refused = 0

    def lets_in(self):
        now = time.monotonic()
        self.room = min(self.most, self.room + (now - self.at) * self.rate)
        self.at = now
        good = self.room >= 1
        self.room -= good
        self.served, self.refused = self.served + good, self.refused + (not good)
        return good


def test_a_rate_is_found():
    async def ask(rate, bucket, until):
        while time.monotonic() < until:
            await rate.turn()
            turn = time.monotonic()
            await asyncio.sleep(0.005)
            if bucket.lets_in():
                rate.served()
            else:
                rate.refused(turn)

    async def all():
        rate, bucket = Rate(), Bucket(50, 5)
        until = time.monotonic() + 4
        await asyncio.gather(*(ask(rate, bucket, until) for _ in range(16)))
        return rate.now(), bucket

    found, bucket = asyncio.run(all())
    assert 25 < found < 100
    assert bucket.served > 0.5 * 4 * 50  # some 90 % on a quiet machine
    assert bucket.refused < 60


def test_a_rate_is_not_found_where_nothing_is_refused():
    rate = Rate()
    for _ in range(10):
        asyncio.run(rate.turn())
        rate.served()
    assert rate.now() is None and threading.active_count() < 50


def test_a_told_and_an_untold_rate_lose_nothing(tmp_path):
    with Endpoint(rate=20) as endpoint:
        texts = [str(n) for n in range(30)]
        frame = pd.DataFrame({"id": texts, "text": texts}).astype(STRING)
        for name, limits in (("told", {"rpm": 1200}), ("not", {})):
            step = Prompt("{text}", model="m", endpoint=endpoint.url, cache=str(tmp_path / name),
                          retries=0, **limits)  # fmt: skip
            assert step(frame).answer.tolist() == [f"said: {text}" for text in texts]
    download_loop.stop()
