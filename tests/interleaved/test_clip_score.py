"""Images against the texts of their documents, by a small CLIP with random weights."""

import json

import numpy as np
import pandas as pd
import pytest

from tamis import Filter, Pipeline, interleaved
from tamis.frame import STRING
from tamis.torchvision import mend_torchvision

pytestmark = pytest.mark.slow

PIL = pytest.importorskip("PIL.Image", reason="needs the extra image")
skimage_data = pytest.importorskip("skimage.data", reason="needs scikit-image's pictures")
torch = pytest.importorskip("torch", reason="needs the extra image-models")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A folder as open_clip saves models, and the library's own model of it."""
    mend_torchvision(torch)
    open_clip = pytest.importorskip("open_clip", reason="needs the extra image-models")
    safetensors = pytest.importorskip("safetensors.torch")
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    model = open_clip.CLIP(16, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text))
    with torch.no_grad():
        for value in model.parameters():  # spread, as trained ones are
            if value.ndim > 1:
                torch.nn.init.normal_(value, std=value.shape[-1] ** -0.5)
    folder = tmp_path_factory.mktemp("clip")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    safetensors.save_file(state, folder / "open_clip_model.safetensors")
    loaded, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return folder, loaded.eval(), transform, open_clip.get_tokenizer(f"local-dir:{folder}")


def test_the_best_text_of_the_document(clip, tmp_path):
    folder, model, transform, tokenizer = clip
    names = ["chelsea", "coffee", "rocket", "astronaut"]
    for name in names:
        PIL.fromarray(getattr(skimage_data, name)()).save(tmp_path / f"{name}.png")
    (tmp_path / "bad.png").write_bytes(b"nothing")
    documents = [  # texts, and pictures by the numbers of `names`; 4 cannot be read
        ["a cat", 0, 1, "a cup of coffee", None, " "], [2, "a rocket", 4], [3, None], ["words"],
        [1, 2],
    ]  # fmt: skip
    rows = [
        (f"{d}/{n}", str(d), what)
        for d, elements in enumerate(documents)
        for n, what in enumerate(elements)
    ]
    paths = [*(str(tmp_path / f"{name}.png") for name in names), str(tmp_path / "bad.png")]
    frame = pd.DataFrame(
        {
            "id": [i for i, *_ in rows],
            "parent_id": [p for _, p, _ in rows],
            "modality": ["image" if isinstance(w, int) else "text" for *_, w in rows],
            "text": [w if isinstance(w, str) else None for *_, w in rows],
            "path": [paths[w] if isinstance(w, int) else None for *_, w in rows],
        }
    ).astype(STRING)
    with torch.inference_mode():
        pictures = [PIL.open(path).convert("RGB") for path in paths[:4]]
        seen = model.encode_image(torch.stack([transform(p) for p in pictures])).numpy()

        def said(text):
            return model.encode_text(tokenizer([text])).numpy()[0]

        expected = []
        for _, parent, what in rows:
            texts = [w for _, p, w in rows if p == parent and isinstance(w, str) and w.strip()]
            value = np.nan
            if isinstance(what, int) and what < 4 and texts:
                one = seen[what] / np.linalg.norm(seen[what])
                value = max(one @ said(t) / np.linalg.norm(said(t)) for t in texts)
            expected.append(value)
    settings = {"model": f"open_clip:{folder}", "side": None, "precision": "float32",
                "device": "cpu"}  # fmt: skip
    bound = float(np.nanmedian(expected))
    step = Filter(interleaved.clip_score, min=bound, where={"modality": "image"}, **settings)
    found = Pipeline([step]).explain(frame)
    np.testing.assert_allclose(found["clip_score"], expected, atol=1e-4)
    assert found["dropped_by"].notna().tolist() == [
        isinstance(what, int) and not value >= bound - 1e-9
        for (*_, what), value in zip(rows, found["clip_score"], strict=True)
    ]
    bad = found[found["path"] == paths[4]]["dropped_why"].iloc[0]
    assert bad.startswith("decode.format: ") and "bad.png" in bad
    alone = found[found["parent_id"] == "2"].iloc[0]
    assert alone["dropped_why"].startswith("score.null: ")
