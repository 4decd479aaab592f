"""Loops compiled together with what they call, and by one process of several."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tamis.kernels
from tamis.kernels import jit, turns

needs_compiler = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled here")
LOOPS = """
import numpy as np
from loops.jit import jit


@jit
def at(values, place):
    if place >= values.size:
        raise ValueError("no such place")
    return values[place] * 2


@jit
def longer(values):
    made = np.full(2 * values.size, values[0])
    for k in range(values.size):
        made[k] = at(values, k)
    return made, at(values, 0)


@jit
def fold(values, few):
    total = values.sum()
    while values.size < few:
        values, first = longer(values)
        total += first
    return total + at(values, 1), values


@jit
def down(n):
    return np.int64(1) if n <= 0 else n * down(n - 1)


@jit
def factorial(n):
    return down(n)


@jit
def refused(values):
    return at(values, 7)
"""
USED = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(name)s %(message)s")
import numpy as np
from numba.core import event
from loops import loops

compiled = []


class Listener(event.Listener):
    def on_start(self, one):
        compiled.append(one.data["dispatcher"].py_func.__name__)

    def on_end(self, one):
        pass


event.register("numba:compile", Listener())
given = np.array([3, 1, 2])
total, values = loops.fold(given, 5)
print(total, values.tolist(), loops.factorial(5), loops.at(given, 2))
for call in (lambda: loops.refused(given), lambda: loops.at(given, 3)):
    try:
        call()
    except ValueError as error:
        print(error)
ours = [name for name in compiled if hasattr(loops, name)]
print(sorted(ours))
"""
# by Python: (3 + 1 + 2) + 6 of a longer one, and twice its second entry; 3, 1, 2 doubled, then 3
TOLD = ["16 [6, 2, 4, 3, 3, 3] 120 4", "no such place", "no such place"]


def started(folder, code, **settings):
    ours = Path(tamis.__file__).parent.parent
    own = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    own["PYTHONPATH"] = f"{folder.parent}{os.pathsep}{ours}"
    return subprocess.Popen(
        [sys.executable, "-c", code], env=own | settings, text=True, stdout=subprocess.PIPE
    )


@pytest.fixture
def package(tmp_path):
    """A package of these loops, with this project's decorator."""
    folder = tmp_path / "loops"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    shutil.copy(Path(tamis.kernels.__file__).with_name("jit.py"), folder)
    (folder / "loops.py").write_text(LOOPS)
    return folder


@pytest.mark.slow
@needs_compiler
def test_as_python_says_and_each_compiled_once(package):
    lines = started(package, USED).communicate()[0].splitlines()
    assert "compiling loops" in lines[0] and lines[1:4] == TOLD
    # `at` within the others, and once more for Python; nothing for numbers that are written out
    assert lines[4] == str(sorted(["at", "at", "longer", "fold", "down", "factorial", "refused"]))
    again = started(package, USED).communicate()[0].splitlines()
    assert again[:3] == TOLD and again[3] == "[]"
    plain = started(package, USED, NUMBA_DISABLE_JIT="1").communicate()[0].splitlines()
    assert plain == [*TOLD, "[]"]


def held(folder, seconds):
    """A process that has its turn at "it", and says so."""
    code = (
        "import sys, time; from tamis.kernels import turns\n"
        "with turns.turn(sys.argv[1], 'it') as waited:\n"
        f"    print(waited, flush=True); time.sleep({seconds})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "False\n"
    return process


def test_turns_are_waited_for_those_of_the_dead_and_the_stopped_too(tmp_path, monkeypatch):
    with held(tmp_path, 60) as process:
        with turns.turn(str(tmp_path), "another") as waited:
            assert not waited
        monkeypatch.setattr(turns, "PATIENCE", 0.2)
        began = time.monotonic()
        with turns.turn(str(tmp_path), "it") as waited:
            assert waited and 0.1 < time.monotonic() - began < 5
        monkeypatch.setattr(turns, "PATIENCE", 60.0)
        began = time.monotonic()
        process.send_signal(signal.SIGKILL)
        with turns.turn(str(tmp_path), "it"):
            assert time.monotonic() - began < 20
    with turns.turn(str(tmp_path), "it") as waited:
        assert not waited


def test_no_turns_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (None, str(tmp_path / "file")):
        with turns.turn(folder, "it") as waited:
            assert not waited


@pytest.mark.slow
@needs_compiler
def test_of_two_processes_one_compiles(package):
    """The second is held at the door until the first is done, and then reads what it wrote."""
    slow = (
        "from loops import loops; from tamis.kernels import compiling; import sys, time\n"
        "honest = compiling._made\n"
        "def made(*given, **chosen):\n"
        "    print('compiles', flush=True); time.sleep(0.5); return honest(*given, **chosen)\n"
        "compiling._made = made\n"
        "print('ready', flush=True); sys.stdin.read(); print(loops.down(4))\n"
    )
    ours = Path(tamis.__file__).parent.parent
    own = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    own["PYTHONPATH"] = f"{package.parent}{os.pathsep}{ours}"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", slow], env=own, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.close()
    said = [process.stdout.read().split() for process in both]
    for process in both:
        process.wait()
    assert sorted(map(len, said)) == [1, 2] and [one[-1] for one in said] == ["24", "24"]
