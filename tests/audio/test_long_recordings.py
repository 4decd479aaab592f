"""Ten hours in one recording: cut block by block, with the memory of a block."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux counts it")
RATE = 16_000
CUT = """
import sys
import pandas as pd
from tamis import Cut, audio
rows = pd.DataFrame({"id": ["a"], "path": [sys.argv[1]], "end": [float(sys.argv[4])]})
found = Cut(getattr(audio, sys.argv[2]), **eval(sys.argv[3])).explain(rows)
peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
print(len(found), found["end"].max(), int(peak) // 1024)
"""  # getrusage would begin with what the process took that started this one


@pytest.fixture(scope="module")
def ten_hours(tmp_path_factory):
    """A second of noise each hour and silence else, which takes no room on the disk: 1.15 GB."""
    file = tmp_path_factory.mktemp("long") / "long.wav"
    second = np.random.default_rng(0).integers(-9999, 9999, RATE).astype("<i2").tobytes()
    soundfile.write(file, np.zeros(0, np.int16), RATE, subtype="PCM_16")
    size = 10 * 3600 * RATE * 2
    with file.open("r+b") as out:
        head = out.read()
        assert head[36:40] == b"data" and len(head) == 44
        out.seek(4)
        out.write((36 + size).to_bytes(4, "little"))
        out.seek(40)
        out.write(size.to_bytes(4, "little"))
        out.truncate(44 + size)
        for hour in range(10):
            out.seek(44 + (hour * 3600 + 1800) * RATE * 2)
            out.write(second)
    assert file.stat().st_blocks * 512 < 2_000_000
    return file


def cut(file, op, hours, **settings):
    command = [sys.executable, "-c", CUT, str(file), op, repr(settings), str(hours * 3600)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(said[0]), float(said[1]), int(said[2])


@pytest.mark.slow
def test_ten_hours_by_energy(ten_hours):
    count, last, megabytes = cut(ten_hours, "energy_segments", 10, min_speech=0.5)
    assert count == 10 and last == pytest.approx(9.5 * 3600 + 1.3, abs=0.02)
    assert megabytes < 700  # of which 576 would be the samples of a quarter


@pytest.mark.slow
def test_hours_by_the_model(ten_hours):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("silero_vad")
    few, _, base = cut(ten_hours, "windows", 10, length=3600.0)
    assert few == 10
    # two hours, of which the samples would be 460 MB: what is held does not depend on the length
    *_, megabytes = cut(ten_hours, "speech_segments", 2)
    assert megabytes < base + 200
