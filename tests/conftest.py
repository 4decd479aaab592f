"""Shared by all tests: a quiet, threaded Dask, and hypothesis without deadlines."""

import dask
import pytest
from hypothesis import settings

settings.register_profile("tamis", deadline=None, print_blob=True)
settings.load_profile("tamis")


@pytest.fixture(autouse=True)
def threaded():
    with dask.config.set(scheduler="threads", num_workers=2):
        yield
