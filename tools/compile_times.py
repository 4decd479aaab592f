"""CPU seconds that numba spends on each function while a program runs, and for whom.

    NUMBA_CACHE_DIR=$(mktemp -d) .venv/bin/python tools/compile_times.py SCRIPT [ARGUMENTS]

runs a script (Dask's threads as one) and lists compiled functions, numba's own among them: what a
kernel uses of numba (text, slices that are assigned, exceptions with words) is compiled with it.
"""

import runpy
import sys
import time
from collections import Counter

import dask
from numba.core import event

found, within = [], []


class Listener(event.Listener):
    """Notes what each compilation took by itself."""

    def on_start(self, one):
        within.append([one.data["dispatcher"].py_func, time.thread_time(), 0.0])

    def on_end(self, one):
        function, began, inner = within.pop()
        took = time.thread_time() - began
        if within:
            within[-1][2] += took
        callers = [named(caller[0]) for caller in within]
        found.append((named(function), took - inner, took, callers))


def named(function):
    return f"{function.__module__.removeprefix('tamis.kernels.')}.{function.__qualname__}"


def main():
    event.register("numba:compile", Listener())
    sys.argv = sys.argv[1:]
    began = time.process_time()
    with dask.config.set(scheduler="sync"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    took = time.process_time() - began
    alone, times, own = Counter(), Counter(), Counter()
    for name, self, whole, callers in found:
        alone[name] += self
        times[name] += 1
        if name.startswith("numba."):
            first = next((c for c in reversed(callers) if not c.startswith("numba.")), "")
            if not callers or not callers[-1].startswith("numba."):
                own[f"{name} for {first}"] += whole
    print(f"{took:.1f} s of CPU, {sum(alone.values()):.1f} s of them for {len(found)} compilations")
    for name, seconds in alone.most_common(100):
        print(f"{seconds:7.2f} {times[name]:4d} {name}")
    print("of numba's own, all that each brings with it:")
    for name, seconds in own.most_common(60):
        print(f"{seconds:7.2f}      {name}")


if __name__ == "__main__":
    main()
