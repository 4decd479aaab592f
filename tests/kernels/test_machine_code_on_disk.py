"""Machine code on disk is used again, and never after any file of the kernels has changed."""

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tamis.kernels
from tamis.kernels import jit

pytestmark = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled here")
INNER = "from loops.jit import jit\n\n\n@jit\ndef inner(x: int) -> int:\n    return x + {added}\n"
ARRAYS = """
import numpy as np
from loops.jit import jit


@jit
def arrays(values):
    made = np.zeros(values.size + 1, np.float64)
    for k in range(values.size):
        made[k + 1] = made[k] + np.sqrt(values[k])
    made[:1] = np.log(values.max())
    return made


@jit
def refused(values, at):
    if at >= values.size:
        raise ValueError("no such place")
    return values[at]
"""
COMPARED = """
import sys
import numpy as np
from loops.arrays import arrays, refused

heavy = ("numba.np.linalg", "numba.cpython.unicode", "scipy.linalg")
given = np.array([1.0, 4.0, 9.0])
print(*arrays(given), sum(arrays.stats.cache_hits.values()))
try:
    refused(given, 3)
except ValueError as error:
    print(error, sum(refused.stats.cache_hits.values()))
print([name for name in heavy if name in sys.modules])
print(refused(given.astype(np.float32), 1), sum(refused.stats.cache_misses.values()))
"""
OUTER = (
    "from loops.inner import inner\nfrom loops.jit import jit\n\n\n"
    "@jit\ndef outer(x: int) -> int:\n    return inner(x) * 10\n"
)
CALL = (
    "from loops.outer import outer; value = outer(1); stats = outer.stats;"
    "print(value, sum(stats.cache_hits.values()), stats.cache_path)"
)


@pytest.fixture
def package(tmp_path):
    """A package of two loops, one calling the other, with this project's decorator."""
    folder = tmp_path / "loops"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("jit.py", "loading.py"):
        shutil.copy(Path(tamis.kernels.__file__).with_name(name), folder)
    (folder / "outer.py").write_text(OUTER)
    (folder / "inner.py").write_text(INNER.format(added=1))
    return folder


def started(folder, code):
    """What a new process prints that runs some code beside the package."""
    ours = Path(tamis.__file__).parent.parent
    home = {"PYTHONPATH": f"{folder.parent}{os.pathsep}{ours}", "HOME": str(folder.parent)}
    home["XDG_CACHE_HOME"] = str(folder.parent / "cache")
    own = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], env=own | home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder):
    """What outer(1) gives in a new process, how often its code came from the disk, and whence."""
    value, hits, path = started(folder, CALL).split()
    return int(value), int(hits), path


def test_used_again_until_a_loop_that_it_calls_changes_even_with_its_date_kept(package):
    assert run(package)[:2] == (20, 0)
    assert run(package)[:2] == (20, 1)
    inner = package / "inner.py"
    before = inner.stat()
    inner.write_text(INNER.format(added=2))
    os.utime(inner, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert inner.stat().st_size == before.st_size
    assert run(package)[:2] == (30, 0)
    assert run(package)[:2] == (30, 1)


def test_beside_sources_that_cannot_be_written_to_in_the_cache_of_the_user(package):
    # a file where the folder would be: no one can write into it, not even root
    (package / "__pycache__").write_text("")
    assert run(package)[:2] == (20, 0)
    value, hits, path = run(package)
    assert (value, hits) == (20, 1)
    assert Path(path).is_relative_to(package.parent / "cache")


def test_where_nothing_can_be_written_it_compiles(package):
    (package / "__pycache__").write_text("")
    (package.parent / "cache").write_text("")
    assert run(package)[:2] == (20, 0)


def test_code_on_disk_runs_without_what_numba_needs_to_compile_and_other_code_is_compiled(package):
    (package / "arrays.py").write_text(ARRAYS)
    numbers = f"{math.log(9.0)} 1.0 3.0 6.0"
    first = started(package, COMPARED).splitlines()
    assert first[:2] == [f"{numbers} 0", "no such place 0"]
    assert "numba.cpython.unicode" in first[2]
    again = started(package, COMPARED).splitlines()
    assert again == [f"{numbers} 1", "no such place 1", "[]", "4.0 0"]
    other = COMPARED.replace("float32", "int16")  # compiled after others were loaded
    assert started(package, other).splitlines() == [*again[:3], "4 1"]


@pytest.mark.slow
def test_all_kernels_that_a_fresh_process_takes_from_disk_run_as_compiled_ones(tmp_path):
    """The same deduplication twice: the second takes every loop from disk."""
    code = (
        "import sys, pandas as pd, tamis\n"
        "texts = [' '.join(f'w{k % n}' for k in range(60)) for n in range(20, 60)] * 2\n"
        "docs = pd.DataFrame({'id': [str(k) for k in range(80)], 'text': texts})\n"
        "found = tamis.FuzzyDedup(threshold=0.5).find(docs)\n"
        "print(found.to_csv(index=False), 'numba.np.linalg' in sys.modules)\n"
    )
    folder = tmp_path / "loops"
    folder.mkdir()
    compiled, loaded = started(folder, code), started(folder, code)
    assert loaded.splitlines()[-1].split() == ["False"]
    assert loaded.splitlines()[:-1] == compiled.splitlines()[:-1]


def test_a_loop_is_compiled_that_calls_one_which_came_from_disk(package):
    inner = "from loops.inner import inner; print(inner(1), sum(inner.stats.cache_hits.values()))"
    assert started(package, inner) == "2 0\n"
    both = inner + "; from loops.outer import outer; print(outer(4))"
    assert started(package, both) == "2 1\n50\n"
