"""The pages of docs/reference say what the code says, and leave no public name out."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import tamis

TOOLS = Path(__file__).parents[1] / "tools"


@pytest.fixture(scope="module")
def reference():
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("reference_pages", TOOLS / "reference.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(TOOLS))


def test_pages_are_of_this_code():
    """In a process of its own: other tests register ops here."""
    asked = [sys.executable, str(TOOLS / "reference.py"), "--check"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{found.stderr}: python tools/reference.py"


def test_every_public_name_is_there(reference):
    told = reference.python_names.page()
    names = {*tamis.__all__} - {*tamis._MODULES} - {"join", "TamisError"}  # elsewhere, see below
    assert not [name for name in names if f"### `tamis.{name}`\n" not in told]
    assert "### `tamis.levels.join`\n" in told and "### `tamis.errors.TamisError`\n" in told
    for one in ("max_errors: float = 0.01", "rows: int | None = None", "#### `Run.why`"):
        assert one in told


def test_signatures_are_as_one_writes_them(reference):
    def asked(a, *rest, b=1, **others): ...

    def named(a: "int", *, b: "str" = "x"): ...

    called = reference.python_names._called
    assert called("f", asked) == "```python\nf(a, *rest, b=1, **others)\n```\n\n"
    assert called("f", named) == "```python\nf(a: int, *, b: str = 'x')\n```\n\n"
