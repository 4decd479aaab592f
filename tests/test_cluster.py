"""What the workers of a cluster started by tamis find in their environment."""

import os

import pytest

import tamis


def environment():
    with open("/proc/self/environ", "rb") as file:  # as the process was started
        found = dict(item.partition(b"=")[::2] for item in file.read().split(b"\0") if item)
    return {k.decode(): v.decode() for k, v in found.items() if k.startswith(b"MALLOC_")}


@pytest.mark.slow
def test_media_workers_keep_freed_memory(monkeypatch):
    """Also where an earlier cluster of the process has left Dask's own values behind."""
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    before = dict(os.environ)
    names = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
    with tamis.local_cluster(workers=1, media=True) as client:
        assert {k: os.environ.get(k) for k in names} == {k: before.get(k) for k in names}
        found = client.submit(environment).result()
        assert {found[name] for name in names} == {str(256 << 20)}
        client.shutdown()
