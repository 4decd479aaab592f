"""Shared by all tests: a quiet, threaded Dask, and hypothesis without deadlines."""

import os
from pathlib import Path

import dask
import pytest
from hypothesis import settings

# Tests run in as many processes as there are cores: no further threads inside a product.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Kernels for a card run as Python where there is none: numba reads this when it is imported.
if not any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg")):
    os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")

# Every run on a laptop tries other examples; CI tries the same ones, to judge the commit alone.
settings.register_profile(
    "tamis", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("tamis")


@pytest.fixture(autouse=True)
def threaded():
    with dask.config.set(scheduler="threads", num_workers=2):
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Those that take long are slow (`tools/slow_tests.py`), beside those marked by hand."""
    slow = set(Path(__file__).with_name("slow_tests.txt").read_text().splitlines())
    for item in items:
        if item.nodeid in slow:
            item.add_marker(pytest.mark.slow)
