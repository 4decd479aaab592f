"""The script that runs all that a card can tell, and the one that packs it; no card is needed."""

import importlib.util
import subprocess
import sys
import tarfile
from pathlib import Path

import psutil
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gpu"


def load(name):
    spec = importlib.util.spec_from_file_location(f"gpu_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


everything, pack = load("all"), load("pack")


def part(name, code, limit=20):
    return everything.Part(name, [sys.executable, "-c", code], limit)


def test_what_fails_or_hangs_is_recorded_and_the_next_begins(tmp_path, monkeypatch):
    child = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, "
    child += "flush=True); time.sleep(600)"
    parts = [
        part("good", "print('one'); print('a|b')"),
        part("bad", "raise SystemExit(3)"),
        part("dead", "import os; os.abort()"),
        part("hangs", child, 6),
        part("last", "print('here')"),
    ]
    assert everything.run(parts, tmp_path / "o", 60) == 3
    lines = (tmp_path / "o" / "summary.md").read_text().splitlines()
    ended = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in lines[2:]}
    assert ended == {
        "good": "done", "bad": "failed (3)", "dead": "failed (-6)",
        "hangs": "stopped after 6 s", "last": "done",
    }  # fmt: skip
    assert "| a/b |" in lines[2]
    number = int((tmp_path / "o" / "hangs.txt").read_text())
    assert not psutil.pid_exists(number) or psutil.Process(number).status() == "zombie"


def test_all_parts_share_the_time(tmp_path):
    parts = [part("first", "import time; time.sleep(60)", 60), part("second", "print(1)")]
    assert everything.run(parts, tmp_path, 6) == 2
    assert "| second | no time left |" in (tmp_path / "summary.md").read_text()


def test_every_part_is_there():
    for one in everything.PARTS:
        scripts = [Path(word) for word in one.command[1:2] if word.endswith(".py")]
        assert all(script.is_file() for script in scripts), one
    assert len({one.name for one in everything.PARTS}) == len(everything.PARTS) == 8


@pytest.mark.slow
def test_a_pack_runs_by_itself(tmp_path):
    try:
        archive = pack.pack(tmp_path / "pack")
    except SystemExit as error:
        pytest.skip(str(error))
    with tarfile.open(archive) as tar:
        names = set(tar.getnames())
    assert {"src/tamis/__init__.py", "benchmarks/gpu/all.py", "pyproject.toml"} <= names
    assert archive.stat().st_size < 20 << 20
    needs = (tmp_path / "pack" / "needs.txt").read_text().split()
    assert any(name.startswith("cudf-cu13") for name in needs) and "pytest" in needs
    site = tmp_path / "site"
    (site / "cudf").mkdir(parents=True)
    (site / "cudf" / "__init__.py").write_text("raise ImportError('the one that was brought')")
    command = ["sh", str(tmp_path / "pack" / "run.sh"), str(site), "--", "--only", "smoke"]
    surroundings = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "OUT": str(tmp_path / "out")}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "| smoke | failed (1) |" in done.stdout, done
    assert "the one that was brought" in (tmp_path / "out" / "smoke.txt").read_text()
