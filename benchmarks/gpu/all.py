"""Everything that a card can tell, in one go: each part with a time limit, results as they come.

    python benchmarks/gpu/all.py [--out gpu-results] [--seconds 500] [--only smoke,tests]

Parts: `smoke` (what is there, whether cuDF runs), `doctor`, `tests` (`pytest -m gpu`), and the
scripts that `PARTS` lists, which say what they measure. A part that fails, hangs or is not
installed is recorded, and the next begins. Nothing but the standard library is imported here.
`OUT/NAME.txt` holds what a part printed, as it prints it, `OUT/summary.md` a table, written anew
after each part.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Part(NamedTuple):
    """A command, and the most seconds that it may take."""

    name: str
    command: list[str]
    limit: int


def script(name: str, limit: int, *options: str) -> Part:
    return Part(name, [sys.executable, str(HERE / f"{name}.py"), *options], limit)


TESTS = ["-q", "-p", "no:cacheprovider", "-m", "gpu", "--maxfail=20", "-rfEs"]
PARTS = [
    script("smoke", 60),
    Part("doctor", [sys.executable, "-m", "tamis", "doctor"], 120),
    Part("tests", [sys.executable, "-m", "pytest", *TESTS, "tests/gpu",
                   "tests/dedup/test_semantic_dedup.py"], 240),
    script("measures", 90),
    script("heuristics", 120),
    script("minhash", 120, "--megabytes", "300"),
    script("fuzzy", 120),
    script("semantic", 120),
    script("comparisons", 120),
    script("models", 120),
    script("media", 120),
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "gpu-results")))
    parser.add_argument("--seconds", type=int, default=500, help="for all parts together")
    parser.add_argument("--only", default="", help="names of parts, with commas")
    chosen = parser.parse_args()
    wanted = set(filter(None, chosen.only.split(",")))
    unknown = wanted - {part.name for part in PARTS}
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(p.name for p in PARTS)}")
    parts = [part for part in PARTS if not wanted or part.name in wanted]
    bad = run(parts, chosen.out, chosen.seconds)
    sys.exit(1 if bad else 0)


def run(parts: list[Part], out: Path, seconds: float) -> int:
    """Run parts one after another; how many did not end well."""
    out.mkdir(parents=True, exist_ok=True)
    end, rows = time.monotonic() + seconds, []
    for part in parts:
        left = min(part.limit, end - time.monotonic())
        if left < 5:
            rows.append((part.name, "no time left", 0.0, ""))
        else:
            rows.append((part.name, *one(part, out / f"{part.name}.txt", left)))
        (out / "summary.md").write_text(table(rows))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    return sum(row[1] != "done" for row in rows)


def one(part: Part, file: Path, limit: float) -> tuple[str, float, str]:
    """How a part ended, in seconds, and its last line."""
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)),
                                 "PYTHONUNBUFFERED": "1"}  # fmt: skip
    start = time.monotonic()
    with open(file, "wb") as printed:
        process = subprocess.Popen(
            part.command, stdout=printed, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=ROOT, env=surroundings, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(limit)
            ended = "done" if code == 0 else f"failed ({code})"
        except subprocess.TimeoutExpired:
            ended = f"stopped after {limit:.0f} s"
        finally:
            with contextlib.suppress(ProcessLookupError):  # what it has started goes with it
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = file.read_text("utf-8", "replace").strip().splitlines()
    return ended, time.monotonic() - start, lines[-1][:120] if lines else ""


def table(rows: list[tuple[str, str, float, str]]) -> str:
    """Parts as Markdown."""
    made = ["| part | ended | seconds | last line |", "|---|---|---|---|"]
    for name, ended, seconds, last in rows:
        told = last.replace("|", "/")
        made.append(f"| {name} | {ended} | {seconds:.0f} | {told} |")
    return "\n".join(made) + "\n"


if __name__ == "__main__":
    main()
