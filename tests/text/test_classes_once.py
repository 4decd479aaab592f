"""A model of texts is loaded once per process, however many threads ask for it at once."""

import subprocess
import sys

import pytest

import tiny_classifiers

CODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
import dask
import pandas as pd
import dask.dataframe as dd
from tamis import Score, text
from tamis.text import class_models

place = sys.argv[1]
loads = []
before = class_models.put_together
class_models.put_together = lambda *given: loads.append(1) or before(*given)
frame = pd.DataFrame({"id": [str(k) for k in range(60)],
                      "text": [f"the cat sat on {k} mat " * (1 + k % 5) for k in range(60)]})
step = Score(text.class_label, model=place, name="label")
found = step(dd.from_pandas(frame, npartitions=12)).compute(scheduler="threads", num_workers=3)
print(len(loads), ",".join(found.label))
"""


@pytest.mark.slow
def test_two_processes_of_three_threads(tmp_path):
    tiny_classifiers.sequence_classifier(tmp_path / "model")
    script = [sys.executable, "-c", CODE, str(tmp_path / "model")]
    both = [subprocess.Popen(script, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=400)[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0][0] == said[1][0] == "1"
    assert said[0][1] == said[1][1] and len(set(said[0][1].split(","))) > 1
