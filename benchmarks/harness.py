"""Contenders in rounds, medians and spread, ratios to tamis, results as JSON and Markdown.

A contender is a script of `contenders/` run by the interpreter of its own environment. Rounds are
interleaved: every contender once, then every contender again, so that a busy minute of the machine
hits all of them. Each run starts a new process; start-up and imports count.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import measure
import peers

HERE = Path(__file__).parent
DATA = HERE / "data"
RESULTS = HERE / "results"
MOST_CRASHES = 3
PACKAGES = ("tamis", "dask", "distributed", "pandas", "numpy", "pyarrow", "numba")


@dataclass(frozen=True)
class Contender:
    name: str
    """How it is called in the table; what stands before a blank is the peer's name."""
    script: str
    """File under contenders/."""
    arguments: tuple[str, ...] = ()
    environment: str | None = None
    """Name of the peer's environment in peers.PEERS; the running interpreter without one."""
    slow: bool = False
    """Minutes on the smallest corpus: run there only, twice at most, never to warm up."""
    note: str = ""

    @property
    def peer(self) -> str:
        return self.name.split(" ")[0]

    def command(self) -> list[str]:
        python = str(peers.python(self.environment)) if self.environment else sys.executable
        return [python, str(HERE / "contenders" / self.script), *self.arguments]


@dataclass
class Outcome:
    contender: Contender
    runs: list[measure.Measured] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    """What `inspect` found in the output of each run: kept rows, recall, ..."""
    failure: str = ""
    crashes: int = 0
    """Runs that ended in an error; after the third the contender is out."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the last run's output held."""
        return self.found[-1] if self.found else {}

    def median(self, what: str) -> float:
        return statistics.median(getattr(run, what) for run in self.runs)

    def spread(self, what: str) -> tuple[float, float]:
        values = [getattr(run, what) for run in self.runs]
        return min(values), max(values)


def options(name: str, contenders: Sequence[Contender], **defaults: Any) -> argparse.Namespace:
    """The command line that all benchmarks share."""
    parser = argparse.ArgumentParser(prog=f"benchmarks/{name}.py")
    names = sorted({c.peer for c in contenders} | {c.name for c in contenders})
    parser.add_argument(
        "--size", choices=["s", "m", "l", "xl", "h", "hl"], default=defaults.get("size", "s")
    )
    parser.add_argument("--rounds", type=int, default=defaults.get("rounds", 5))
    parser.add_argument(
        "--peers", nargs="+", metavar="PEER", help="only these: " + ", ".join(names)
    )
    parser.add_argument("--cores", default=defaults.get("cores", "0,1"), help="cores to run on")
    parser.add_argument("--no-warm-up", dest="warm_up", action="store_false")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds for one run")
    parser.add_argument(
        "--slow", type=float, metavar="CPU", help="slow tools on any size, so many CPU seconds each"
    )
    parser.add_argument("--minutes", type=float, help="start no further run after so many")
    parser.add_argument("--dry", action="store_true", help="write no results")
    chosen = parser.parse_args()
    unknown = set(chosen.peers or ()) - set(names)
    if unknown:
        parser.error(f"no such peer: {', '.join(sorted(unknown))} (have: {', '.join(names)})")
    chosen.cores = [int(core) for core in chosen.cores.split(",")]
    return chosen


def corpus(size: str, *, warm: bool = True) -> dict[str, Any]:
    """What `corpus.py` says about a size; its files are read once so that they lie in memory."""
    folder = DATA / size
    if not (folder / "corpus.json").exists():
        raise SystemExit(
            f"no corpus of size {size}: run `python benchmarks/corpus.py --size {size}`"
        )
    for file in sorted((folder / "parquet").iterdir()) if warm else ():
        file.read_bytes()
    return json.loads((folder / "corpus.json").read_text()) | {"size": size}


def compete(
    contenders: Sequence[Contender],
    chosen: argparse.Namespace,
    arguments: Callable[[Path], Sequence[str]],
    inspect: Callable[[Contender, Path, measure.Measured], dict[str, Any]],
    after: Callable[[list[Outcome]], None] | None = None,
) -> list[Outcome]:
    """Run all rounds. `arguments(scratch)` are appended to every command; `inspect` reads the
    output of each run; `after` is told how things stand after each, as a day's run may be cut."""
    wanted = set(chosen.peers or ())
    outcomes = [Outcome(c) for c in contenders if not wanted or {c.peer, c.name} & wanted]
    for outcome in outcomes:
        environment = outcome.contender.environment
        if environment and not peers.is_installed(environment):
            outcome.failure = f"not installed (python benchmarks/peers.py {environment})"
        elif outcome.contender.slow and chosen.size != "s" and not chosen.slow:
            outcome.failure = "left out: size s only"
    first = 0 if chosen.warm_up else 1
    until = time.monotonic() + 60 * chosen.minutes if chosen.minutes else float("inf")
    for number in range(first, chosen.rounds + 1):
        for outcome in outcomes:
            slow = outcome.contender.slow
            most = 1 if chosen.slow else min(2, chosen.rounds)
            if outcome.failure or (slow and not 0 < number <= most):
                continue
            if time.monotonic() > until:
                continue
            one_run(outcome, number, chosen, arguments, inspect)
            if after:
                after(outcomes)
    return outcomes


def one_run(
    outcome: Outcome,
    number: int,
    chosen: argparse.Namespace,
    arguments: Callable[[Path], Sequence[str]],
    inspect: Callable[[Contender, Path, measure.Measured], dict[str, Any]],
) -> None:
    scratch = DATA / "scratch" / outcome.contender.script.removesuffix(".py")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    command = [*outcome.contender.command(), *arguments(scratch)]
    run = measure.run(
        command,
        cores=chosen.cores,
        timeout=chosen.timeout,
        most_cpu=chosen.slow if chosen.slow and outcome.contender.slow else float("inf"),
        cwd=scratch,
    )
    label = f"round {number}" if number else "warm-up"
    print(
        f"{label}  {outcome.contender.name:28} wall {run.wall:8.2f}  cpu {run.cpu:8.2f}"
        f"  peak {run.peak_mb:7.0f} MB  load {run.load:.1f}",
        flush=True,
    )
    if run.stopped:
        outcome.failure = (
            f"did not finish: stopped after {run.cpu:.0f} CPU s, {run.wall:.0f} s, "
            f"peak {run.peak_mb:.0f} MB"
        )
        print("   ", outcome.failure, flush=True)
    elif run.code:
        outcome.crashes += 1
        why = f"exit {run.code}: " + " | ".join(run.output.strip().splitlines()[-3:])
        print("   ", why, flush=True)
        if outcome.crashes == MOST_CRASHES or (run.code > 0 and not outcome.runs):
            outcome.failure = why
    elif number:
        outcome.runs.append(run)
        outcome.found.append(inspect(outcome.contender, scratch, run))
    shutil.rmtree(scratch, ignore_errors=True)


# ---------------------------------------------------------------- results


def report(
    name: str,
    title: str,
    outcomes: Sequence[Outcome],
    about: dict[str, Any],
    chosen: argparse.Namespace,
    notes: Sequence[str] = (),
    lines_of_table: Sequence[str] | None = None,
    quiet: bool = False,
) -> None:
    """Print the table (`table` unless one is given); write results/<name>-<size>-<date>.*"""
    today = datetime.date.today().isoformat()
    lines = [f"# {title}", "", *(lines_of_table or table(outcomes)), ""]
    lines += [f"- {o.contender.name}: {o.failure}" for o in outcomes if o.failure]
    lines += [f"- {o.contender.name}: {o.crashes} run(s) crashed" for o in outcomes if o.crashes]
    lines += [f"- {o.contender.name}: {o.contender.note}" for o in outcomes if o.contender.note]
    lines += [f"- {note}" for note in notes]
    lines += ["", *[f"- {key}: {value}" for key, value in setting(about, chosen).items()], ""]
    if not quiet:
        print("\n".join(["", *lines]))
    if chosen.dry:
        return
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / f"{name}-{about.get('size', 'all')}-{today}"
    stem.with_suffix(".md").write_text("\n".join(lines))
    data = {"name": name, "date": today, **setting(about, chosen), "contenders": []}
    for outcome in outcomes:
        data["contenders"].append(
            {
                "name": outcome.contender.name,
                "failure": outcome.failure,
                "crashes": outcome.crashes,
                "facts": outcome.found,
                "versions": versions(outcome.contender),
                "runs": [
                    {k: round(getattr(r, k), 3) for k in ("wall", "cpu", "peak_mb", "load")}
                    for r in outcome.runs
                ],
            }
        )
    stem.with_suffix(".json").write_text(json.dumps(data, indent=1, ensure_ascii=False))
    if quiet:
        return
    print("written:", stem.with_suffix(".md").relative_to(HERE.parent))


def table(outcomes: Sequence[Outcome]) -> list[str]:
    done = [o for o in outcomes if o.runs]
    ours = next((o for o in done if o.contender.peer == "tamis"), None)
    facts = list(dict.fromkeys(key for o in done for key in o.facts))
    head = ["contender", "wall s", "(min–max)", "CPU s", "(min–max)", "peak MB", "runs"]
    if ours:
        head += ["wall ÷ tamis", "CPU ÷ tamis", "memory ÷ tamis"]
    rows = [[*head, *facts]]
    for o in done:
        row = [o.contender.name]
        for what in ("wall", "cpu"):
            low, high = o.spread(what)
            row += [f"{o.median(what):.2f}", f"{low:.2f}–{high:.2f}"]
        row += [f"{o.median('peak_mb'):.0f}", str(len(o.runs))]
        if ours:
            row += [ratio(o, ours, what) for what in ("wall", "cpu", "peak_mb")]
        rows.append([*row, *(str(o.facts.get(key, "")) for key in facts)])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, its columns padded to be read as plain text too."""
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(r, width, strict=True)) + " |" for r in rows
    ]
    return [text[0], "|" + "|".join("-" * (w + 2) for w in width) + "|", *text[1:]]


def ratio(outcome: Outcome, ours: Outcome, what: str) -> str:
    value = outcome.median(what) / ours.median(what)
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def setting(about: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    return {
        "corpus": ", ".join(
            f"{k} {v:,}" if isinstance(v, int) else f"{k} {v}" for k, v in about.items()
        ),
        "machine": machine(),
        "cores used": len(chosen.cores),
        "python": platform.python_version(),
        "versions": ", ".join(f"{p} {version(p)}" for p in PACKAGES),
    }


def machine() -> str:
    fields = dict(
        [part.strip() for part in line.split(":", 1)]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if ":" in line
    )
    flags = fields.get("flags", "").split()
    vector = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    model = fields.get("model name", platform.machine())
    return f"{model}, {os.cpu_count()} cores, {vector}, {memory:.0f} GiB, {platform.system()}"


def versions(contender: Contender) -> dict[str, str]:
    if not contender.environment:
        return {name: version(name) for name in PACKAGES}
    listed = peers.VENVS / contender.environment / "versions.json"
    wanted = {
        contender.environment,
        "py-data-juicer",
        "pyarrow",
        "pandas",
        "dask",
        "numpy",
        "spacy",
    }
    if not listed.exists():
        return {}
    return {k: v for k, v in json.loads(listed.read_text()).items() if k.lower() in wanted}
