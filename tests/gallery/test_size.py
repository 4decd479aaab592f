"""A run of 200,000 records: the index takes little time and memory, and pages are quick."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS, PARTS = 200_000, 20
SCORES = 12

PROGRAM = """
import json, re, sys, time
from tamis.gallery.asked import Asked
from tamis.gallery.catalogue import Catalogue
from tamis.gallery.pages import Pages
def peak():
    return int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before, start = peak(), time.perf_counter()
catalogue = Catalogue(sys.argv[1])
opened, times = time.perf_counter() - start, []
pages = Pages(catalogue, "/t/")
for asked in (
    Asked(), Asked(page=2000), Asked(score="s3", order="down"),
    Asked(score="s3", order="down", page=9),
    Asked(fate="dropped", score="s1", low=0.2, high=0.3), Asked(id="r0123456"), Asked(code="min"),
    *(Asked(score=f"s{k}", order="up") for k in range(12)),
):
    start = time.perf_counter()
    assert "/t/record/" in pages.listing(asked), asked
    times.append(time.perf_counter() - start)
print(json.dumps({"opened": opened, "slowest": max(times), "memory": peak() - before}))
"""


def write(folder: Path) -> None:
    """A run's folder of pointers, written down without tamis."""
    rng = np.random.default_rng(0)
    parts = []
    for k in range(PARTS):
        rows = ROWS // PARTS
        names = [f"r{k * rows + i:07d}" for i in range(rows)]
        scores = {f"s{s}": rng.random(rows) for s in range(SCORES)}
        gone = scores["s0"] < 0.3
        why = np.where(gone, "min: 0.1 < 0.3", None)
        verdict = {"dropped_by": np.where(gone, "s0", None), "dropped_why": why}
        same = {"duplicate_of": [None] * rows, "similarity": np.full(rows, np.nan)}
        ledger = pd.DataFrame({"id": names} | verdict | same | scores)
        ledger = ledger.astype({"duplicate_of": "str"})
        record = {"id": names, "path": [f"/pictures/{n}.jpg" for n in names],
                  "caption": [f"a picture of {n}" for n in names]}  # fmt: skip
        record = pd.DataFrame(record)
        stem = f"part-{k:05d}-0.{k:012x}.parquet"
        for name, frame in (
            ("ledger", ledger), ("kept", record[~gone]), ("dropped", record[gone]),
        ):  # fmt: skip
            path = folder / name / stem
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
            part = {"name": f"{name}/{stem}", "rows": len(frame), "bytes": path.stat().st_size}
            part["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            parts.append(part)
    step = {"name": "s0", "kind": "filter", "entry": {"filter": "s0", "min": 0.3},
            "bounds": {"min": 0.3}, "dropped": 1}  # fmt: skip
    columns = {"id": "string", "path": "string", "caption": "string"}
    figures = {"format": 1, "parts": parts, "steps": [step], "token": "t"}
    figures |= {"input": {"columns": columns}, "output": {"columns": columns, "format": "parquet"}}
    (folder / "run.json").write_text(json.dumps(figures))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by /proc")
def test_two_hundred_thousand_records(tmp_path: Path) -> None:
    write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    # each in a tenth of the time on a quiet machine
    assert found["opened"] < 15
    assert found["slowest"] < 10
    # 4 bytes a row, 14 columns and selections of 8 bytes: 23 MB; and one part while it is read
    assert found["memory"] < 250
