"""MinHash on a card beside all cores: tamis's kernels, and cuDF's where it is installed.

    python benchmarks/gpu/minhash.py [--megabytes 500] [--rounds 3]

The texts are the demo crawl's, again and again. For each family, in MB of text a second:

- `kernels`: the texts are on the card, and signatures stay there;
- `sketch on the card`: from the host's memory to keys, counts and content in it, as a
  deduplication takes them (`Family.sign`), a partition of all the texts;
- `FuzzyDedup.sketch`: a partition's whole sketch, in one thread and in four with a quarter each;
- `cores`: `Family.sign` in as many threads as there are cores;
- `bound`: what the card could do at most if it did nothing but multiply, add and compare: two
  operations of 32 bits for each hash and permutation, or twelve for 64 bits, 64 of each multiply
  and compare in a cycle of a multiprocessor.

And cuDF's kernel alone, and with copies there and back. Equality of all is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import FuzzyDedup, datasets
from tamis.dedup import on_card
from tamis.dedup.families import FAMILIES, Sketched
from tamis.frame import STRING, text_buffers
from tamis.kernels import cuda_curator, cuda_minhash, cuda_places, cuda_shingles, curator
from tamis.kernels.letters import letters
from tamis.kernels.shingle import WORDS

NAMES = {"curator": 13, "curator-64": 13, "tamis": 8}
OPERATIONS = {"curator": 2, "curator-64": 12, "tamis": 2}
HERE = 1 << 60  # bytes of text that no partition has: the processor signs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    texts = corpus(chosen.megabytes)
    size = float(np.diff(text_buffers(texts).offsets).sum()) / 1e6
    told(megabytes=size, texts=len(texts), **card())
    for name, cut in NAMES.items():
        told(**of_family(name, cut, texts, size, chosen.rounds))
    told(**of_cudf(texts, size, chosen.rounds))


def told(**found: Any) -> None:
    """A line at once: a later part may not come to its end."""
    print(json.dumps(found), flush=True)


def corpus(megabytes: int) -> pa.Array:
    """Texts of the demo crawl, repeated to about this size."""
    texts = datasets.demo().compute()["text"].dropna().tolist()
    size = sum(len(text.encode()) for text in texts)
    return pa.array(texts * max(1, megabytes * 1_000_000 // size), pa.large_string())


def timed(work: Any, rounds: int) -> float:
    """Median seconds, after a first time that does not count."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def card() -> dict[str, Any]:
    """What it is, and how many operations of 32 bits of each kind it does in a second."""
    import cupy

    known = cupy.cuda.runtime.getDeviceProperties(0)
    hertz = 1000 * cupy.cuda.Device(0).attributes.get("ClockRate", 1_755_000)
    return {
        "card": known["name"].decode(),
        "multiprocessors": known["multiProcessorCount"],
        "GHz": hertz / 1e9,
        "each": 64 * known["multiProcessorCount"] * hertz,
    }


def of_family(name: str, cut: int, texts: pa.Array, size: float, rounds: int) -> dict[str, Any]:
    import cupy

    family = FAMILIES[name].settle(None, None, None, 42)
    buffers, bands = text_buffers(texts), family.hashes // cut
    assert on_card.able(family), "no card, or no CuPy"

    data = cupy.asarray(buffers.data)
    offsets, (factors, terms) = buffers.offsets, family.permutations
    tables = tuple(cupy.asarray(one) for one in letters())
    parts = on_card.batches(np.diff(offsets), family.hashes, *on_card.limits(cupy))
    own = [(slice(offsets[s.start], offsets[s.stop]), s) for s in parts]
    laid = [(data[b], cupy.asarray(offsets[s.start : s.stop + 1] - b.start)) for b, s in own]
    windows = 0

    def kernels() -> None:
        nonlocal windows
        windows = 0
        for some, where in laid:
            if family.curator:
                given = (some, where, family.ngram, factors[0], factors, terms)
                made = cuda_curator.sign(cupy, *given, family.documented)
            else:
                given = (some, where, WORDS, family.ngram, tables, factors, terms)
                made = cuda_shingles.sign(cupy, *given)
            windows += int(made.counts.sum())
        cupy.cuda.runtime.deviceSynchronize()

    def sign(some: pa.Array = texts) -> Sketched:
        into = Sketched.empty(len(some), bands, 0)
        family.sign(text_buffers(some), cut, into)
        return into

    found: dict[str, Any] = {"family": name}
    found["kernels"] = size / timed(kernels, rounds)
    per_second = card()["each"] * 2 / OPERATIONS[name] / family.hashes
    found["bound"] = per_second / (windows / size)
    found["share of the bound"] = found["kernels"] / found["bound"]
    found |= stages(family, laid[0], tables, cut)
    found["sketch on the card"] = size / timed(sign, rounds)
    step = FuzzyDedup(family=name)
    frame = pd.DataFrame({"id": np.arange(len(texts)).astype(str),
                          "text": pd.array(texts, STRING)})  # fmt: skip
    found["FuzzyDedup.sketch"] = size / timed(lambda: step.sketch(frame), rounds)
    quarters = [frame.iloc[k::4].reset_index(drop=True) for k in range(4)]
    with ThreadPoolExecutor(4) as pool:
        seconds = timed(lambda: list(pool.map(step.sketch, quarters)), rounds)
    found["FuzzyDedup.sketch, 4 threads"] = size / seconds

    cores = len(os.sched_getaffinity(0))
    few = texts if name == "tamis" else texts.slice(0, len(texts) // 4)
    mine = float(np.diff(text_buffers(few).offsets).sum()) / 1e6
    length = -(-len(few) // (8 * cores))
    pieces = [few.slice(k, length) for k in range(0, len(few), length)]
    worth, on_card.WORTH = on_card.WORTH, HERE
    try:
        with ThreadPoolExecutor(cores) as pool:
            found[f"{cores} cores"] = mine / timed(lambda: list(pool.map(sign, pieces)), 1)
        here = sign(texts.slice(0, 2000))
    finally:
        on_card.WORTH = worth
    on_card.WORTH, worth = 0, on_card.WORTH
    there = sign(texts.slice(0, 2000))
    on_card.WORTH = worth
    found["equal"] = bool(
        (here.keys == there.keys).all() and (here.content == there.content).all()
        and (here.shingles == there.shingles).all()
    )  # fmt: skip
    found["times the cores"] = found["FuzzyDedup.sketch, 4 threads"] / found[f"{cores} cores"]
    return found


def stages(family: Any, laid: Any, tables: Any, cut: int) -> dict[str, float]:
    """MB/s of the parts of a batch by themselves."""
    import cupy

    data, offsets = laid
    size = data.size / 1e6

    def alone(work: Any) -> float:
        def whole() -> None:
            work()
            cupy.cuda.runtime.deviceSynchronize()

        return size / timed(whole, 3)

    if family.curator:
        begins = cuda_places.characters(cupy, data)
        made = {"where characters begin": alone(lambda: cuda_places.characters(cupy, data))}
    else:
        words = (cupy, data, offsets, WORDS, tables)
        begins = cuda_shingles.words(*words)
        made = {"where words begin": alone(lambda: cuda_shingles.words(*words))}
    firsts = cuda_places.places(cupy, begins, offsets)
    counts = cuda_minhash.windows(cupy, firsts, family.ngram)
    pieces, total = cuda_minhash.pieces_of(cupy, counts)
    factors, terms = family.permutations
    hashes = cupy.arange(total, dtype=factors.dtype)
    given = (cupy, hashes, pieces, len(counts), factors, terms, family.documented)
    made["minima"] = alone(lambda: cuda_minhash.lowered(*given))
    minima = cuda_minhash.lowered(*given)
    bands = family.hashes // cut
    keys = (cupy, minima, family.hashes, cut, bands)
    made["keys of bands"] = alone(lambda: cuda_minhash.band_keys(*keys))
    return made


def of_cudf(texts: pa.Array, size: float, rounds: int) -> dict[str, Any]:
    """cuDF: equality with tamis's signatures, and rates."""
    try:
        import cudf
    except ImportError as error:
        return {"cudf": str(error)}
    import cupy

    factors, terms = curator.permutations(260, 42, 32)
    a, b = cudf.Series(factors), cudf.Series(terms)

    def sign(column: Any) -> Any:
        found = column.str.minhash(int(factors[0]), a=a, b=b, width=24)
        cupy.cuda.runtime.deviceSynchronize()
        return found

    some = texts.slice(0, 1900)
    found = np.asarray(sign(cudf.Series(some)).to_arrow().flatten()).reshape(-1, 260)
    worth, on_card.WORTH = on_card.WORTH, 0
    own = FAMILIES["curator"].signatures(text_buffers(some), np.zeros(len(some), np.int64))
    on_card.WORTH = worth
    column = cudf.Series(texts)
    return {
        "cudf": cudf.__version__,
        "kernel": size / timed(lambda: sign(column), rounds),
        "with copies": size / timed(lambda: sign(cudf.Series(texts)).to_arrow(), rounds),
        "signatures equal": bool((found == own).all()),
    }


if __name__ == "__main__":
    main()
