"""What a machine with a card has, and whether the cuDF brought there runs: run this first there."""

from __future__ import annotations

import importlib.metadata as metadata
import shutil
import subprocess

for package in ("numpy", "pandas", "pyarrow", "numba", "numba-cuda", "cupy-cuda13x", "torch"):
    try:
        print(package, metadata.version(package))
    except metadata.PackageNotFoundError:
        print(package, "-")
if shutil.which("nvidia-smi"):
    print(subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.strip())

import cudf  # noqa: E402

frame = cudf.DataFrame({"key": [1, 1, 2], "value": [1.0, 2.0, 3.0]})
sums = frame.groupby("key").value.sum().sort_index().to_pandas().tolist()
assert sums == [3.0, 3.0], sums
series = cudf.Series(["this is my"])
kind = "uint32"
found = series.str.minhash(
    0, a=cudf.Series([1, 2, 3], dtype=kind), b=cudf.Series([4, 5, 6], dtype=kind), width=5
)
assert found.to_arrow().to_pylist() == [[1305480171, 462824409, 74608232]], found
print("cudf", cudf.__version__, "groups and MinHash as published")
