"""Real pages in memory, and CPU seconds of contenders taken in turn."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

import pandas as pd

import tamis


def pages(times: int = 1) -> tuple[pd.Series, float]:
    """The texts of the demo's crawl (16 languages), so many times over, and their megabytes."""
    texts = tamis.datasets.demo().text.compute().dropna()
    texts = texts[texts.str.strip() != ""]
    column = pd.concat([texts] * times, ignore_index=True)
    return column, column.str.encode("utf-8").str.len().sum() / 1e6


def heading(*packages: str) -> None:
    """A line that says when, where and with what."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    machine = platform.processor() or platform.machine()
    print(f"{datetime.date.today()}, {machine}, load {os.getloadavg()[0]:.1f}; {versions}")


def seconds(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each, after one call to warm up, rounds interleaved."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            found[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in found.items()}


def table(times: Mapping[str, float], megabytes: float, first: str) -> None:
    """Rates per core, and how many times as long the others take."""
    print("| | MB/s | CPU s | over the first |\n|---|---|---|---|")
    for name, spent in times.items():
        print(f"| {name} | {megabytes / spent:.1f} | {spent:.2f} | {spent / times[first]:.1f} |")
