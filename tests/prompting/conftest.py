"""A local endpoint, and answers kept in a folder of the test's own."""

import pytest

pytest.importorskip("aiohttp")

from endpoint import Endpoint

from tamis.io import download_loop
from tamis.prompting import client, unanswered


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint
    download_loop.stop()


@pytest.fixture
def at(endpoint, tmp_path):
    """The settings by which a step asks it, and gives up soon."""
    return {"model": "m", "endpoint": endpoint.url, "cache": str(tmp_path / "cache"), "timeout": 5}


@pytest.fixture
def quick(monkeypatch):
    """Trying again without long waits."""
    monkeypatch.setattr(client, "backoff", lambda url, attempt: 0.01)


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    """What was logged once in other tests is logged anew."""
    monkeypatch.setattr(unanswered, "_TOLD", set())
