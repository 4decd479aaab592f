"""A resource is loaded once per arguments, and is found under its public name."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tamis.resources import resource


def test_loaded_once_however_many_ask():
    calls = []

    @resource
    def model(path, *, size=1):
        calls.append((path, size))
        return object()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: model("a"), range(32)))
    assert len(found) == len(calls) == 1
    assert model("a", size=2) not in found


def test_the_public_name_is_not_hidden_by_a_module():
    code = "import tamis.text.models, tamis.resources\nfrom tamis import resource\nresource(len)"
    subprocess.run([sys.executable, "-c", code], check=True)
