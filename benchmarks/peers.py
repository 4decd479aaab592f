"""Give every peer a virtual environment of its own under .venvs/, with pinned versions.

    python benchmarks/peers.py [NAME ...]        # all of them without names
    python benchmarks/peers.py --list

A peer that cannot be installed is reported and left out; nothing stands in for it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENVS = ROOT / ".venvs"
TORCH = "torch==2.13.0"  # a CPU build; without the pin pip brings gigabytes of CUDA


@dataclass(frozen=True)
class Peer:
    package: str
    """Name and version of the peer itself."""
    check: str
    """Statement that must run once it is installed."""
    more: tuple[str, ...] = ()
    """What the peer's contender needs besides."""
    without_dependencies: bool = False
    """Install only what is listed: the full set cannot be had, or is not needed for the job."""


PEERS = {
    "daft": Peer("daft==0.7.26", "import daft", ("scipy==1.17.1",)),
    "polars": Peer("polars==2.1.0", "import polars", ("pyarrow==26.0.1", "scipy==1.17.1")),
    "orjson": Peer("orjson==3.13.0", "import orjson"),
    "duckdb": Peer("duckdb==2.0.0", "import duckdb", ("pyarrow==26.0.1",)),
    "frames": Peer(
        "dask[dataframe]==2026.8.0",
        "import dask.dataframe, distributed",
        ("distributed==2026.8.0", "pandas==3.1.1", "pyarrow==26.0.1"),
    ),
    "rensa": Peer("rensa==0.5.0", "import rensa", ("pyarrow==26.0.1",)),
    "datasketch": Peer("datasketch==2.0.0", "import datasketch", ("pyarrow==26.0.1",)),
    "fastsketchlsh": Peer(
        "fastsketchlsh==1.0.1", "import FastSketchLSH", ("pyarrow==26.0.1", "scipy==1.17.1")
    ),
    "text-dedup": Peer("text-dedup==0.4.0", "import text_dedup.minhash"),
    "data-juicer": Peer(
        "py-data-juicer==1.6.1",
        "from data_juicer.ops.deduplicator import DocumentMinhashDeduplicator",
        (TORCH, "aiohttp", "ray==2.60.0"),  # its loader would fetch them in a run
    ),
    "datatrove": Peer(
        "datatrove[io,processing]==0.10.1",
        "import datatrove.pipeline.dedup",
        ("spacy", "nltk", TORCH),
    ),
    "semhash": Peer("semhash==0.5.0", "from semhash import SemHash"),
    "nemo-curator": Peer(
        "nemo-curator==1.4.0",
        "from nemo_curator.stages.text.filters.heuristic import WordCountFilter",
        (TORCH, "pyarrow==26.0.1"),
    ),
}


def python(name: str) -> Path:
    """The interpreter of a peer's environment."""
    return VENVS / name / "bin" / "python"


def is_installed(name: str) -> bool:
    return (VENVS / name / "versions.json").exists()


def install(name: str) -> str | None:
    """Make the environment; the reason why not, if it did not work."""
    peer = PEERS[name]
    if not python(name).exists():
        venv.create(VENVS / name, with_pip=True)
    pip = [str(python(name)), "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "install", "-q", peer.package, *peer.more]
    if peer.without_dependencies:
        command.append("--no-deps")
    log = VENVS / f"{name}.log"
    with log.open("w") as out:
        if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode:
            return f"pip failed, see {log.relative_to(ROOT)}: {log.read_text().splitlines()[-1:]}"
    check = subprocess.run([python(name), "-c", peer.check], capture_output=True, text=True)
    if check.returncode:
        return f"installed, but `{peer.check}` fails: {check.stderr.strip().splitlines()[-1:]}"
    listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True)
    versions = {row["name"]: row["version"] for row in json.loads(listed.stdout)}
    (VENVS / name / "versions.json").write_text(json.dumps(versions, indent=1))
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--list", action="store_true", help="say which are installed, and stop")
    options = parser.parse_args()
    failed = 0
    for name in options.names or PEERS:
        if options.list:
            print(f"{name:15} {'installed' if is_installed(name) else '-'}")
            continue
        why = None if is_installed(name) else install(name)
        failed += why is not None
        print(f"{name:15} {PEERS[name].package:35} {why or 'ready'}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
