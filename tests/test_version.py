"""One version, wherever it is asked for."""

import tomllib
from pathlib import Path

import tamis


def test_the_version_of_the_package_is_that_of_the_project():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert tamis.__version__ == project["project"]["version"]
