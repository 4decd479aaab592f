"""MinHash of the published scheme (260 hashes, 24 characters): cuDF on a card, tamis on the cores.

    python benchmarks/gpu/minhash.py [--megabytes 500] [--rounds 3]

The texts are the demo crawl's, again and again. Prints whether the signatures are equal, and rates
in MB of text per second: cuDF's kernel alone with the texts on the card already, with the copy of
the texts there and of the signatures back, and tamis in as many threads as there are cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from tamis import datasets
from tamis.dedup.families import FAMILIES, Sketched
from tamis.frame import text_buffers
from tamis.kernels import curator


def corpus(megabytes: int) -> pa.Array:
    """Texts of the demo crawl, repeated to about this size."""
    texts = datasets.demo().compute()["text"].dropna().tolist()
    size = sum(len(text.encode()) for text in texts)
    return pa.array(texts * max(1, megabytes * 1_000_000 // size), pa.large_string())


def timed(work, rounds: int) -> float:
    """Median seconds."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    texts = corpus(chosen.megabytes)
    size = sum(np.diff(text_buffers(texts).offsets)) / 1e6
    made: dict[str, float | str | bool] = {"megabytes": float(size), "texts": len(texts)}
    made |= on_card(texts, size, chosen.rounds)
    made |= on_cores(texts, size, chosen.rounds)
    print(json.dumps(made, indent=1))


def on_card(texts: pa.Array, size: float, rounds: int) -> dict[str, float | str | bool]:
    """cuDF: equality with tamis's signatures, and rates."""
    import cudf
    import cupy

    factors, terms = curator.permutations(260, 42, 32)
    a, b = cudf.Series(factors), cudf.Series(terms)

    def sign(column):
        found = column.str.minhash(int(factors[0]), a=a, b=b, width=24)
        cupy.cuda.runtime.deviceSynchronize()
        return found

    some = texts.slice(0, 1900)
    found = np.asarray(sign(cudf.Series(some)).to_arrow().flatten()).reshape(-1, 260)
    own = FAMILIES["curator"].signatures(text_buffers(some), np.zeros(len(some), np.int64))
    column = cudf.Series(texts)
    sign(column)
    alone = timed(lambda: sign(column), rounds)
    whole = timed(lambda: sign(cudf.Series(texts)).to_arrow(), rounds)
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return {
        "card": name,
        "cudf": cudf.__version__,
        "signatures equal": bool((found == own).all()),
        "cudf kernel MB/s": size / alone,
        "cudf with copies MB/s": size / whole,
    }


def on_cores(texts: pa.Array, size: float, rounds: int) -> dict[str, float]:
    """tamis: both families in threads."""
    cores = len(os.sched_getaffinity(0))
    made: dict[str, float] = {"cores": cores}
    for name, cut in (("curator", 13), ("tamis", 8)):
        family = FAMILIES[name].settle(None, None, None, 42)
        step = -(-len(texts) // (8 * cores))
        parts = [texts.slice(k, step) for k in range(0, len(texts), step)]

        def sign(part, family=family, cut=cut):
            into = Sketched.empty(len(part), family.hashes // cut, 0)
            family.sign(text_buffers(part), cut, into)

        sign(parts[0].slice(0, 10))
        with ThreadPoolExecutor(cores) as pool:
            seconds = timed(lambda work=sign, on=parts: list(pool.map(work, on)), rounds)
        made[f"tamis {name} {cores} threads MB/s"] = size / seconds
    return made


if __name__ == "__main__":
    main()
