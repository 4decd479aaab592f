"""docs/how-to/caption-clips.md runs from top to bottom, and its recipe, with small models."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from videos import made, panned

import tamis
from tamis import Pipeline
from tamis.errors import SettingError
from tamis.io import download_loop

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="needs the extra image-models")
pytest.importorskip("transformers", reason="needs the extra text-models")
pytest.importorskip("aiohttp", reason="needs the extra prompt")
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "caption-clips.md"


def small_clip(folder):
    """A CLIP of open_clip with random weights."""
    open_clip = pytest.importorskip("open_clip", reason="needs the extra image-models")
    from safetensors.torch import save_file

    vision = {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    torch.manual_seed(0)
    model = open_clip.CLIP(24, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text))
    folder.mkdir()
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    save_file(state, folder / "open_clip_model.safetensors")


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "prompting")
    from endpoint import Endpoint, last

    import tiny_language_models
    import tiny_vision_language as tiny

    for name in ("models", "raw", "photos"):
        (tmp_path / name).mkdir()
    tiny.qwen2_vl(tmp_path / "models" / "Qwen2.5-VL-7B-Instruct")
    tiny_language_models.writing(tmp_path / "models" / "Qwen3-14B")
    small_clip(tmp_path / "models" / "ViT-B-32")
    made(tmp_path / "raw" / "a.mp4", panned(65, step=5, name="coffee"), fps=5)
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photos" / "red.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Endpoint(lambda body: f"{last(body).count('[picture]')} pictures") as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        yield endpoint
    download_loop.stop()


def captioned_anew(names):
    return names["better"](names["captioned"]).better.str.len().gt(0).all()


def test_the_page_and_the_recipe(there):
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        # as it stands, but for captions as short as a random model is asked for
        exec(block.replace("max_tokens=300", "max_tokens=9"), names)
        if "text.rewrite" in block:
            assert captioned_anew(names)
    captioned = names["captioned"]
    assert captioned.id.tolist() == ["a.mp4/1", "a.mp4/2"]
    assert captioned.caption.str.len().gt(0).all() and captioned.caption.nunique() == 2
    assert names["photos"].caption.notna().all()
    assert names["told"].caption.tolist() == ["20 pictures", "6 pictures"]
    assert names["told"].pipe(names["better"]).better.tolist() == ["0 pictures"] * 2
    assert names["judged"].fits.notna().all()
    settings = {"caption.model": names["vlm"]["model"], "caption.max_tokens": 512}
    settings |= {f"motion_score_{k}.null": "keep" for k in ("global_mean", "per_patch_min_256")}
    steps = Pipeline.from_yaml("curator-video@captions", settings=settings)
    found = steps(tamis.read_files("raw/*.mp4")).compute()
    pd.testing.assert_series_equal(found.caption, captioned.caption, check_index=False)
    del settings["caption.model"]
    steps = Pipeline.from_yaml("curator-video@captions", settings=settings)
    with pytest.raises(SettingError, match="names no model"):
        steps(tamis.read_files("raw/*.mp4")).compute()
