"""Text statistics per second and core: one fused pass of tamis beside NeMo Curator and polars.

    python benchmarks/text_statistics.py [--rounds 3] [--megabytes 32] [--peers tamis polars]

Texts are in memory before the clock starts, so that nothing but the statistics is measured:
start-up, reading and compiling are left out for all. Each contender takes the first texts of corpus
s, slow ones fewer of them (rates, not times, are compared), on one core, in a process of its own;
rounds are interleaved. tamis and NeMo Curator compute the 28 statistics of `curator-en`, polars the
18 of them that expressions give.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import peers

HERE = Path(__file__).parent


@dataclass
class Contender:
    name: str
    environment: str | None
    share: float
    """How much of the text it takes."""
    counts: int
    """How many statistics it computes."""
    rates: list[float] = field(default_factory=list)
    """Megabytes per CPU second, one a round."""
    failure: str = ""

    def run(self, chosen: argparse.Namespace) -> None:
        python = peers.python(self.environment) if self.environment else sys.executable
        script = HERE / "contenders" / f"statistics_{self.name.replace('-', '_')}.py"
        command = ["taskset", "-c", str(chosen.core), str(python), str(script)]
        command += ["--input", str(HERE / "data" / "s" / "parquet")]
        command += ["--megabytes", str(chosen.megabytes * self.share)]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
        if done.returncode:
            self.failure = done.stderr.strip().splitlines()[-1]
            return
        facts = json.loads(done.stdout.strip().splitlines()[-1])
        self.rates.append(facts["bytes"] / 1e6 / facts["cpu"])
        print(f"{self.name:14} {self.rates[-1]:8.2f} MB/s", flush=True)


CONTENDERS = [
    Contender("tamis", None, 1.0, 28),
    Contender("polars", "polars", 0.5, 18),
    Contender("nemo-curator", "nemo-curator", 1 / 16, 28),
]


def table(contenders: list[Contender]) -> list[str]:
    """Rates and their ratio to ours, as Markdown."""
    lines = ["| | statistics | MB per CPU second, median (range) | tamis is |", "|---|---|---|---|"]
    ours = statistics.median(contenders[0].rates) if contenders[0].rates else float("nan")
    for one in contenders:
        if one.failure or not one.rates:
            lines.append(f"| {one.name} | {one.counts} | {one.failure or 'not run'} | |")
            continue
        rate = statistics.median(one.rates)
        spread = f"{min(one.rates):.2f}–{max(one.rates):.2f}"
        ratio = "" if one is contenders[0] else f"{ours / rate:.1f}x"
        lines.append(f"| {one.name} | {one.counts} | {rate:.2f} ({spread}) | {ratio} |")
    return lines


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            wide = "AVX-512" if "avx512bw" in line else "AVX2" if "avx2" in line else "neither"
            return f"{platform.machine()}, {wide}"
    return platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=32)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--peers", nargs="+", choices=[c.name for c in CONTENDERS])
    parser.add_argument("--dry", action="store_true", help="write no results")
    chosen = parser.parse_args()
    contenders = [c for c in CONTENDERS if not chosen.peers or c.name in chosen.peers]
    for one in contenders:
        if one.environment and not peers.is_installed(one.environment):
            one.failure = f"not installed (python benchmarks/peers.py {one.environment})"
    load = os.getloadavg()[0]
    for _ in range(chosen.rounds):
        for one in contenders:
            if not one.failure:
                one.run(chosen)
    title = f"# Text statistics, {chosen.megabytes:g} MB of corpus s, one core"
    lines = [title, "", *table(contenders), ""]
    lines += [f"- {processor()}; load average before: {load:.1f}; rounds: {chosen.rounds}", ""]
    print("\n".join(["", *lines]))
    if not chosen.dry:
        today = datetime.date.today().isoformat()
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / f"text_statistics-s-{today}.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
