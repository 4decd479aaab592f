"""`tamis doctor`: what it finds, and what it says is wrong."""

import json
import os

import psutil
import pytest
from click.testing import CliRunner

from tamis import accelerator, doctor
from tamis.accelerator import Accelerators, Device
from tamis.cli.doctor import doctor_command
from tamis.doctor import cards, machine, packages

CARD = Accelerators((Device(0, "Card", 8 << 30, 1 << 30, "9.0"),), "580.1", "")
NONE = Accelerators((), "", "there is no NVIDIA driver")


def test_the_machine():
    found = machine.figures()
    assert 1 <= found["cores"] <= psutil.cpu_count()
    assert 0 < found["memory"] <= psutil.virtual_memory().total
    assert [cache["what"] for cache in found["caches"]] == ["compiled loops", "models"]


def test_folders_that_cannot_be_written(tmp_path, monkeypatch):
    assert machine.writable(tmp_path / "new" / "one")
    (tmp_path / "file").write_text("")
    assert not machine.writable(tmp_path / "file")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "x"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "models"))
    found = machine.figures()
    assert [cache["writable"] for cache in found["caches"]] == [False, True]
    assert "set NUMBA_CACHE_DIR" in machine.problems(found)[0]
    told = machine.problems(found | {"memory": 1 << 30, "room": 1 << 20, "compiled": False})
    assert len(told) == 4 and "1.0 GiB of memory" in told[2]


def test_the_extras(monkeypatch):
    listed = [
        "numpy>=2", "pillow>=11; extra == 'image'", "tamis[image]; extra == 'models'",
        "no-such-package>=1; extra == 'models'", "numpy>=99; extra == 'late'",
    ]  # fmt: skip
    monkeypatch.setattr(packages.metadata, "requires", lambda name: listed)
    own = type("M", (), {"get_all": lambda self, key: ["image", "models", "late", "dev"]})()
    monkeypatch.setattr(packages.metadata, "metadata", lambda name: own)
    assert packages.extras() == {
        "image": {"installed": True, "lacking": []},
        "models": {"installed": False, "lacking": ["no-such-package>=1"]},
        "late": {"installed": False, "lacking": ["numpy>=99"]},
    }


def test_a_library_must_compute_on_the_device(monkeypatch):
    monkeypatch.setattr(cards, "accelerators", lambda: CARD)
    monkeypatch.setattr(cards, "_version", {"torch": "2", "dask-cuda": "26"}.get)
    monkeypatch.setattr(cards, "_ADD", {
        "torch": "raise RuntimeError('no kernel image')", "cupy": "1 / 0",
        "dask_cuda": "import os; assert os.getpid()",
    })  # fmt: skip
    found = cards.figures()
    assert found["devices"][0]["name"] == "Card" and found["driver"] == "580.1"
    assert found["libraries"] == {
        "torch": {"version": "2", "works": False, "error": "RuntimeError: no kernel image"},
        "dask_cuda": {"version": "26", "works": True, "error": ""},
    }
    told = cards.problems(found)
    assert told[0].startswith("GPU 0: 1.0 of 8.0 GiB are free")
    assert told[1] == "torch 2 does not reach a GPU: RuntimeError: no kernel image"
    where = cards.work(found, machine.figures())
    assert where["models in torch"].startswith("CPU")
    assert where["a process for each GPU"] == "tamis.cluster('cuda')"


def test_torch_without_cuda_beside_a_card(monkeypatch):
    """Of the torch that is installed here, where that is a build for processors."""
    torch = pytest.importorskip("torch", reason="needs torch")
    if torch.version.cuda:
        pytest.skip("torch is built with CUDA")
    monkeypatch.setattr(cards, "accelerators", lambda: CARD)
    monkeypatch.setattr(cards, "_NAMES", {"torch": ("torch",)})
    monkeypatch.setattr(cards, "_ADD", {"torch": cards._ADD["torch"]})
    found = cards.figures()
    told = cards.problems(found)[1]
    assert told.startswith(f"torch {torch.__version__} does not reach a GPU: ")
    assert told.endswith("this build is without CUDA; pytorch.org has others")
    assert cards.work(found, machine.figures())["models in torch"].startswith("CPU")


@pytest.mark.parametrize(
    ("code", "told"),
    [("import os; os.abort()", "its process ended with -6"),
     ("import time; time.sleep(30)", "no answer in 1 s")],
)  # fmt: skip
def test_a_library_that_dies_or_hangs_is_told(monkeypatch, code, told):
    monkeypatch.setattr(cards, "_SECONDS", 10 if "abort" in code else 1)
    assert cards._tried(code).endswith(told)


def test_the_command(monkeypatch, tmp_path):
    for where in (accelerator, cards):
        monkeypatch.setattr(where, "accelerators", lambda: NONE)
    done = CliRunner().invoke(doctor_command, ["--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and set(found) == set(doctor.examine())
    assert all(library["works"] is None for library in found["gpu"]["libraries"].values())
    (tmp_path / "r.yaml").write_text("steps:\n- filter: text.word_count\n  min: 2\n")
    done = CliRunner().invoke(doctor_command, [str(tmp_path / "r.yaml")])
    assert done.exit_code == 0 and "none: there is no NVIDIA driver" in done.stdout
    assert "word_count" in done.stdout and str(len(os.sched_getaffinity(0))) in done.stdout
    done = CliRunner().invoke(doctor_command, ["--engine", "gpu"])
    assert str(done.exception) == "--engine gpu: no GPU: there is no NVIDIA driver"


def test_a_recipe_whose_packages_are_missing(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    (tmp_path / "r.yaml").write_text("steps:\n- filter: image.brightness\n  max: 1\n")
    done = CliRunner().invoke(doctor_command, [str(tmp_path / "r.yaml")])
    assert "pip install 'tamis[image]'" in str(done.exception) and "cv2" in done.stdout
