"""The sandbox inside Dask: workers and their results survive what records do."""

import os
import time

import dask
import pandas as pd
import pytest
from faulty_decoders import decode  # noqa: F401  (workers import it by name)

from tamis.codes import BadRecord
from tamis.media.sandbox import allow, isolated

pytestmark = pytest.mark.slow

POISON = {
    1_234: (b"segfault", "sandbox.crash"),
    7_000: (b"segfault", "sandbox.crash"),
    11_111: (b"busy", "sandbox.timeout"),
    15_000: (b"memory", "sandbox.memory"),
    19_999: (b"exit", "sandbox.crash"),
}
ROWS, PARTS = 20_000, 8


def work(start, poison=True):
    """One partition: what became of each record, and the process it was in."""
    allow("faulty_decoders:decode")
    rows = range(start, start + ROWS // PARTS)
    faults = POISON if poison else {}
    items = [(faults.get(n, (b"a" * (n % 50 + 1), None))[0], {}) for n in rows]
    results = isolated("faulty_decoders:decode", items, timeout=2, memory=256 << 20)
    said = [r.code if isinstance(r, BadRecord) else str(r) for r in results]
    return pd.DataFrame({"n": rows, "said": said, "pid": os.getpid()})


def check(frames):
    frame = pd.concat(frames, ignore_index=True)
    expected = [POISON[n][1] if n in POISON else str(n % 50 + 1) for n in range(ROWS)]
    assert frame.said.tolist() == expected
    return set(frame.pid)


def test_poison_among_twenty_thousand_in_threads():
    start = time.monotonic()
    tasks = [dask.delayed(work)(n) for n in range(0, ROWS, ROWS // PARTS)]
    assert check(dask.compute(*tasks, scheduler="threads", num_workers=4)) == {os.getpid()}
    assert time.monotonic() - start < 15


@pytest.mark.slow
def test_poison_among_twenty_thousand_in_a_cluster():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        here = os.path.dirname(__file__)
        client.run(lambda: __import__("sys").path.insert(0, here))
        before = set(client.run(os.getpid).values())
        places = range(0, ROWS, ROWS // PARTS)
        start = time.monotonic()
        client.gather(client.map(work, places, poison=False, pure=False))
        clean = time.monotonic() - start  # what a busy machine takes anyway
        start = time.monotonic()
        pids = check(client.gather(client.map(work, places, pure=False)))
        assert time.monotonic() - start < clean + 12
        assert pids <= before == set(client.run(os.getpid).values())
        left = client.run(_descendants)
    for _ in range(100):
        if not any(os.path.exists(f"/proc/{pid}") for pids in left.values() for pid in pids):
            break
        time.sleep(0.05)
    else:
        pytest.fail("processes are left")


def _descendants():
    from tamis.media import sandbox_process

    return [n.process.pid for n in sandbox_process._NESTS.values() if n.process is not None]
