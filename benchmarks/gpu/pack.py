"""What a machine with a card needs of this tree, in one file, and the command to run there.

    python benchmarks/gpu/pack.py OUT            (or: make gpu-pack)

Writes `OUT/tamis.tar.xz` (all tracked files and new ones that git does not ignore, as they are now,
without pictures and notebooks), `OUT/run.sh`, and `OUT/needs.txt`: the distributions that must be
there beside it. Wheels are yours to bring: install them there, or unpack them into folders and name
these: `sh run.sh SITE… -- --seconds 500`. They come first on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".ipynb", ".png", ".svg", ".gif")
GROUPS = ("gpu", "semantic", "image-models")
FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis", "mmh3", "psutil")
RUN = """\
# Unpacks tamis beside this file and runs all parts of benchmarks/gpu/all.py.
# sh run.sh [SITE…] [-- options of all.py]     SITE: folders with unpacked wheels
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/tamis" && tar -xJf "$here/tamis.tar.xz" -C "$here/tamis"
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  site=$(cd "$1" && pwd); PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}$site"; shift
done
[ "$1" = -- ] && shift
export PYTHONPATH
out=${OUT:-$here/gpu-results}
exec "${PYTHON:-python3}" "$here/tamis/benchmarks/gpu/all.py" --out "$out" "$@"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("gpu-pack"))
    chosen = parser.parse_args()
    archive = pack(chosen.out)
    print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB; on the machine: sh run.sh")


def pack(out: Path) -> Path:
    """Write the three files; the archive's path."""
    out.mkdir(parents=True, exist_ok=True)
    archive = out / "tamis.tar.xz"
    with tarfile.open(archive, "w:xz", preset=2) as tar:
        for name in files():
            tar.add(ROOT / name, name, recursive=False)
    (out / "run.sh").write_text(RUN)
    (out / "needs.txt").write_text("\n".join(needs()) + "\n")
    return archive


def files() -> list[str]:
    """The files of the tree, by names within it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"{ROOT} is no git checkout: pack from one")
    names = sorted(set(filter(None, listed.decode().split("\0"))))
    return [n for n in names if (ROOT / n).is_file() and not n.endswith(LEFT_OUT)]


def needs() -> list[str]:
    """Requirements of tamis, of its extras for a card, and of the tests that run there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    found = [*project["dependencies"], *FOR_TESTS]
    found += [name for group in GROUPS for name in extras[group] if not name.startswith("tamis[")]
    return list(dict.fromkeys([*found, *extras["image"]]))


if __name__ == "__main__":
    main()
