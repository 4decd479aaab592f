"""A long recording goes through all measures block by block."""

import subprocess
import sys

import pytest
from sounds import riff

SCRIPT = """
import resource, sys
import pandas as pd
from tamis import Pipeline, Score, audio
steps = [Score(getattr(audio, n)) for n in ("duration", "loudness", "bandwidth", "wada_snr")]
short, long = (pd.DataFrame({"id": ["a"], "path": [path]}) for path in sys.argv[1:])
Pipeline(steps)(short)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = Pipeline(steps)(long)
print(found.duration[0], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
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
