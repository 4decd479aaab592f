"""Thousands of damaged pictures: each decodes or is refused for a reason, quickly and in bounds."""

import sys
import time
from pathlib import Path

import broken
import numpy as np
import pytest

from damage import damaged
from tamis.codes import BadRecord
from tamis.image.decode import decode, header

KINDS = ("jpeg", "png", "webp", "gif", "tiff", "bmp", "avif")
LIMIT = 4_000_000  # pixels: damaged sizes up to it are decoded


def memory(field):
    """KiB of this process as Linux counts it: VmRSS now, VmHWM the most since `watch_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0])


def watch_peak():
    """Forget what earlier tests of this process took at most; None where the system cannot."""
    if sys.platform != "linux":
        return None
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return memory("VmRSS")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(kind, capfd):
    held = watch_peak()
    samples = [item.data for item in broken.good() if item.name.split("-")[0] == kind]
    rng = np.random.default_rng([KINDS.index(kind), 7])
    start, tried, passed = time.monotonic(), 0, 0
    slowest = 0.0
    while tried < 1_000 and time.monotonic() - start < 2.5:
        data = damaged(samples[rng.integers(len(samples))], rng)
        began = time.perf_counter()
        for call in (header, lambda data: decode(data, max_pixels=LIMIT, short_side=64)):
            try:
                found = call(data)
            except BadRecord as bad:
                assert bad.code.startswith(("decode.", "media.empty")), bad
                continue
            if isinstance(found, np.ndarray):
                passed += 1
                assert found.dtype == np.uint8 and found.ndim == 3
        slowest = max(slowest, time.perf_counter() - began)
        tried += 1
    assert tried >= 30 and passed > 0
    assert slowest < 2
    if held is not None:
        assert memory("VmHWM") - held < 600_000  # KiB: 4 megapixels are 12 MB, AVIF takes more
