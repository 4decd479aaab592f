"""Read JSON Lines into columns, six times; the median seconds of the last four as JSON.

python jsonl.py --input FILE --setting SETTING

SETTING: tamis, pyarrow, polars, polars-lazy, pandas, pandas-pyarrow, orjson, raw.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable


def tamis(path: str) -> int:
    import tamis

    rows = tamis.read_jsonl(path).map_partitions(len, meta=("rows", "int64"))
    return int(rows.compute(scheduler="sync").sum())


def pyarrow(path: str) -> int:
    import pyarrow.json

    options = pyarrow.json.ReadOptions(use_threads=False, block_size=8 << 20)
    return pyarrow.json.read_json(path, read_options=options).num_rows


def polars(path: str) -> int:
    import polars

    return polars.read_ndjson(path).height


def polars_lazy(path: str) -> int:
    import polars

    return polars.scan_ndjson(path).collect().height


def pandas(path: str) -> int:
    import pandas

    return len(pandas.read_json(path, lines=True))


def pandas_pyarrow(path: str) -> int:
    import pandas

    return len(pandas.read_json(path, lines=True, engine="pyarrow"))


def orjson(path: str) -> int:
    import orjson

    with open(path, "rb") as lines:
        return sum(1 for line in lines if orjson.loads(line) is not None)


def raw(path: str) -> int:
    buffer = bytearray(8 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return 0


READERS: dict[str, Callable[[str], int]] = {
    "tamis": tamis,
    "pyarrow": pyarrow,
    "polars": polars,
    "polars-lazy": polars_lazy,
    "pandas": pandas,
    "pandas-pyarrow": pandas_pyarrow,
    "orjson": orjson,
    "raw": raw,
}


MOST = 10  # seconds of reading in one process


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--setting", choices=READERS, required=True)
    chosen = parser.parse_args()
    read = READERS[chosen.setting]
    times: list[tuple[float, float]] = []
    while len(times) < 6 and sum(wall for _, wall in times) < MOST:
        start, began = cpu(), time.perf_counter()
        rows = read(chosen.input)
        times.append((cpu() - start, time.perf_counter() - began))
    # The first two find memory, caches and compiled code; a slow reader has no more than one.
    cpus, walls = zip(*(times[2:] or times), strict=True)
    found = {"cpu": statistics.median(cpus), "wall": statistics.median(walls), "rows": rows}
    print(json.dumps(found))
