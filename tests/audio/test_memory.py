"""A long recording goes through all measures block by block."""

import subprocess
import sys

import pytest
from sounds import riff

SCRIPT = """
import sys
import pandas as pd
from tamis import Pipeline, Score, audio
steps = [Score(getattr(audio, n)) for n in ("duration", "loudness", "bandwidth", "wada_snr")]
short, long = (pd.DataFrame({"id": ["a"], "path": [path]}) for path in sys.argv[1:])
def peak():  # getrusage would begin with what the process took that started this one
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
Pipeline(steps)(short)
before = peak()
found = Pipeline(steps)(long)
print(found.duration[0], (peak() - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux counts it")
def test_two_hours_take_no_more_than_two_minutes(tmp_path):
    """Sparse files, so that nothing large is written."""
    names = []
    for seconds in (120, 7200):
        size = 2 * 16_000 * seconds
        file = tmp_path / f"{seconds}.wav"
        with open(file, "wb") as out:
            out.write(riff(b"", said=size))
            out.truncate(44 + size)
        names.append(str(file))
    call = [sys.executable, "-c", SCRIPT, *names]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    duration, megabytes = done.stdout.split()
    assert float(duration) == 7200 and int(megabytes) < 100  # whole, it would be 460 of float32
