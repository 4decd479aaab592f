"""A run that asks models is killed and goes on; every process loads a model of embeddings once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamis
import tiny_classifiers
from tamis import Filter, Pipeline, Score, text

pytestmark = pytest.mark.slow


def read(part):
    time.sleep(0.2)
    texts = [
        f"The DOG ran; (1 2 3) unsafe? {k} {part}"  # "bad" to the model of these tests
        if k % 2
        else f"the cat sat on {k} mat {part} " * (1 + k % 7)
        for k in range(20)
    ]
    rows = [(f"p{part}/{k}", one) for k, one in enumerate(texts)]
    return pd.DataFrame(rows, columns=["id", "text"], dtype="str")


def pipeline(place):
    return Pipeline([
        Score(text.class_scores, model=str(place), classes=3, name="chances"),
        Filter(text.class_label, model=str(place), isin=["good", "odd"], name="label"),
        Score(text.embedding, model=str(place), dimensions=32, name="vector", storage="float16"),
    ])  # fmt: skip


def run(place, out):
    import dask
    import dask.dataframe as dd

    frame = dd.from_map(read, list(range(10)), meta=read(0).iloc[:0])
    with dask.config.set(scheduler="threads", num_workers=2):
        return pipeline(place).run(frame, out, progress=False)


def files(out):
    return {
        str(one.relative_to(out)): one.read_bytes()
        for one in sorted(Path(out).rglob("*.parquet"))
        if one.parent.name in ("kept", "dropped")
    }


def test_killed_and_run_again(tmp_path):
    place, out = tmp_path / "model", tmp_path / "killed"
    tiny_classifiers.sequence_classifier(place)
    whole = run(place, tmp_path / "whole")
    code = f"import test_models_killed as t; t.run({str(place)!r}, {str(out)!r})"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", code], env=env, start_new_session=True)
    until = time.monotonic() + 400
    while time.monotonic() < until and process.poll() is None:
        if len(list(out.glob("stages/*/part-*.json"))) >= 2:  # records of parts that stand
            break
        time.sleep(0.01)
    assert process.poll() is None, "it was over before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "run.json").exists()
    again = run(place, out)
    assert again.figures["tasks"]["reused"] > 0
    assert again.figures["rows"] == whole.figures["rows"]
    assert files(out) == files(tmp_path / "whole") and files(out)  # vectors and all, byte by byte
    assert 0 < again.figures["rows"]["dropped"] < 200
    named = again.figures["named_files"]
    assert str(place / "model.safetensors") in named


CODE = """
import sys
import dask
import numpy as np
import pandas as pd
import dask.dataframe as dd
from tamis import Score, text
from tamis.text import models

loads = []
before = models.SentenceEncoder
models.SentenceEncoder = lambda *given: loads.append(1) or before(*given)
frame = pd.DataFrame({"id": [str(k) for k in range(48)],
                      "text": [f"the cat sat on {k} mat " * (1 + k % 5) for k in range(48)]})
step = Score(text.embedding, model=sys.argv[1], dimensions=32, name="vector")
found = step(dd.from_pandas(frame, npartitions=12)).compute(scheduler="threads", num_workers=3)
print(len(loads), hash(tuple(tuple(one) for one in found.vector)))
"""


def test_two_processes_of_three_threads_embed(tmp_path):
    tiny_classifiers.sequence_classifier(tmp_path / "model")
    script = [sys.executable, "-c", CODE, str(tmp_path / "model")]
    both = [subprocess.Popen(script, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=400)[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0] == said[1] and said[0][0] == "1"


def test_partitions_of_one_row_embed_the_same(tmp_path):
    place = tmp_path / "model"
    tiny_classifiers.sequence_classifier(place)
    rows = pd.concat([read(k) for k in range(2)], ignore_index=True)
    step = Score(text.embedding, model=str(place), dimensions=32, name="vector")
    whole = step(rows).vector
    for count in (3, 40):
        found = step(tamis.from_pandas(rows, npartitions=count)).vector.compute()
        assert all(np.array_equal(a, b) for a, b in zip(whole, found, strict=True))
