"""Machine code on disk is used again, and never after any file of the kernels has changed."""

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
    shutil.copy(Path(tamis.kernels.__file__).with_name("jit.py"), folder)
    (folder / "outer.py").write_text(OUTER)
    (folder / "inner.py").write_text(INNER.format(added=1))
    return folder


def run(folder):
    """What outer(1) gives in a new process, how often its code came from the disk, and whence."""
    home = {"PYTHONPATH": str(folder.parent), "HOME": str(folder.parent)}
    home["XDG_CACHE_HOME"] = str(folder.parent / "cache")
    own = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", CALL], env=own | home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    value, hits, path = done.stdout.split()
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
