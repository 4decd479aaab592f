"""The processes of Dask's scheduler "processes", kept for a run."""

import os
import signal
import time
from concurrent.futures import BrokenExecutor

import dask
import dask.multiprocessing
import pytest

from tamis import processes
from tamis.execute import execute
from tamis.scheduling import scheduler


def whose(_):
    return os.getpid()


def killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def failing(_):
    raise ValueError("of a task")


@pytest.fixture(autouse=True)
def in_processes(threaded):
    with dask.config.set({"scheduler": "processes", "num_workers": 1}):
        yield


def of(function, tasks=2):
    found = {}
    execute(function, [(k,) for k in range(tasks)], found.__setitem__)
    return set(found.values())


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_one_pool_within_and_none_after():
    with processes.kept():
        first = of(whose)
        with processes.kept():
            assert of(whose) == first
        assert of(whose) == first and len(first) == 1 and os.getpid() not in first
        with pytest.raises(ValueError, match="of a task"):
            of(failing)
        assert of(whose) == first
        with pytest.raises(BrokenExecutor):
            of(killed)
        other = of(whose)
        assert other.isdisjoint(first)
    assert not any(map(alive, first | other))
    assert scheduler() is dask.multiprocessing.get


@pytest.mark.slow
def test_an_interrupt_drops_what_has_not_begun():
    def interrupt(*_):
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), processes.kept():
        (pid,) = of(whose)
        execute(time.sleep, [(0.2,)] * 500, interrupt)
    assert time.monotonic() - began < 60 and not alive(pid)


def test_where_nothing_is_kept():
    assert scheduler() is dask.multiprocessing.get
    with processes.kept():
        assert scheduler() is not dask.multiprocessing.get
        for key in ("pool", "multiprocessing.initializer"):
            with dask.config.set({key: print}):
                assert scheduler() is dask.multiprocessing.get
        with dask.config.set(scheduler="threads"):
            assert scheduler() is dask.threaded.get


def test_decorated():
    @processes.kept()
    def run():
        return scheduler().args[1]

    assert run() is not run()
