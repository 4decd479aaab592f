"""Models for recordings, each loaded at most once per process."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tamis.audio.asr.ctc import CtcRecogniser
from tamis.audio.asr.heard import Recogniser
from tamis.checkpoints import packages, pinned, understood
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.media.ahead import cores
from tamis.media.turns import turns
from tamis.own_code import allowed
from tamis.processor import torch_device
from tamis.resources import resource
from tamis.torchvision import mend_torchvision

EXTRA = "pip install 'tamis[audio-models]'"
SPHINX = "pocketsphinx"
LIBRARIES = ("transformers", "faster-whisper", "nemo")


@resource
def recogniser(
    model: str, revision: str | None, device: str | None, precision: str, trusted: bool = False
) -> Recogniser:
    """A recogniser of speech: "pocketsphinx", "transformers:…", "faster-whisper:…" or "nemo:…".

    The name after the colon is a folder (of NeMo's models a file), or for transformers and
    faster-whisper a name on the Hugging Face hub at a pinned `revision`.
    """
    library, _, name = model.partition(":")
    if model == SPHINX:
        return _sphinx()
    if library not in LIBRARIES or not name:
        spelled = ", ".join(f'"{one}:…"' for one in LIBRARIES)
        raise SettingError(f'model={model!r} is none of "{SPHINX}", {spelled}')
    if library == "nemo":
        return _nemo(model, name, device)
    pinned(name, revision)
    if library == "faster-whisper":
        return _faster_whisper(model, name, revision, device, precision)
    with packages(model, EXTRA), understood(model, None, revision), quiet():
        return _transformers(model, name, revision, device, precision, trusted)


@resource
def ctc_model(
    model: str, revision: str | None, device: str | None, precision: str, trusted: bool = False
) -> Any:
    """A recogniser that gives the probabilities of each frame, as forced alignment needs them."""
    found = recogniser(model, revision, device, precision, trusted)
    if not isinstance(found, CtcRecogniser):
        raise SettingError(
            f"model={model!r} was not trained by CTC; words are aligned by such only"
        )
    return found


@resource
def speaker_model(model: str, window: float, device: str | None) -> Any:
    """A model of speakers: resemblyzer's packaged weights, or a file of ONNX or TorchScript."""
    from tamis.audio.voices import FileModel, Resemblyzer

    if model == "resemblyzer":
        return Resemblyzer(_resemblyzer(device))
    if model.endswith(".onnx"):
        from tamis.audio.onnx import speaker_network

        forward, bands = speaker_network(model)
        return FileModel(forward, window, bands)
    if model.endswith((".pt", ".ts")):
        return FileModel(torch_script(model, device), window, None)
    raise SettingError(
        f'model={model!r} is neither "resemblyzer" nor a file of ONNX (.onnx) or TorchScript (.pt)'
    )


@resource
def sound_model(
    model: str, revision: str | None, rate: int, device: str | None, trusted: bool = False
) -> Any:
    """A classifier of sounds: of transformers, or a file of ONNX or TorchScript."""
    from tamis.audio.classifiers import FileClassifier, SoundClassifier

    library, _, name = model.partition(":")
    if library == "transformers" and name:
        pinned(name, revision)
        with packages(model, EXTRA), understood(model, None, revision), quiet():
            import torch

            mend_torchvision(torch)
            from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

            where, queue = place(torch, device)
            more = _pinned(name, revision, trusted)
            loaded = AutoModelForAudioClassification.from_pretrained(name, **more)
            extractor = AutoFeatureExtractor.from_pretrained(name, **more)
        return SoundClassifier(torch, loaded.to(where).eval(), extractor, queue)
    return FileClassifier(_network(model, device), rate)


@resource
def separator(model: str, device: str | None) -> Callable[[np.ndarray], np.ndarray]:
    """A model of source separation in a file of ONNX or TorchScript."""
    return _network(model, device)


def _network(model: str, device: str | None) -> Callable[[np.ndarray], np.ndarray]:
    if model.endswith(".onnx"):
        from tamis.audio.onnx import network

        return network(model)
    if model.endswith((".pt", ".ts")):
        return torch_script(model, device)
    raise SettingError(
        f"model={model!r} is neither a file of ONNX (.onnx) nor of TorchScript (.pt, .ts)"
    )


@resource
def torch_script(file: str, device: str | None) -> Callable[[np.ndarray], np.ndarray]:
    """A network saved as TorchScript, from an array to the first array that it gives."""
    with packages(file, EXTRA):
        import torch
    if not Path(file).is_file():
        raise DataError(f"no file {file}")
    where, queue = place(torch, device)
    with understood(file, None, None):
        network = torch.jit.load(file, map_location=where).eval()

    def run(given: np.ndarray) -> np.ndarray:
        with queue, torch.inference_mode():
            found = network(torch.from_numpy(np.ascontiguousarray(given)).to(where))
            found = found[0] if isinstance(found, tuple | list) else found
            return found.float().cpu().numpy()

    return run


@resource
def pyannote_pipeline(name: str, revision: str | None, device: str | None) -> Any:
    """A pipeline of pyannote.audio: its config.yaml, a folder, or a name on the hub."""
    with packages(name, "pip install pyannote.audio"):
        import torch
        from pyannote.audio import Pipeline as Pyannote

        from tamis.audio.pyannote import Pipeline
    if not Path(name).is_file():
        pinned(name, revision)
    with understood(name, None, revision):
        told = {} if revision is None else {"revision": revision}
        loaded = Pyannote.from_pretrained(name, **told)
        loaded.to(torch.device(place(torch, device)[0]))
    return Pipeline(torch, loaded)


def _resemblyzer(device: str | None) -> Callable[[np.ndarray], np.ndarray]:
    """The network of resemblyzer with its weights. The package is not imported: it wants more."""
    found = importlib.util.find_spec("resemblyzer")
    if found is None or found.origin is None:
        raise MissingPackageError(
            "the model 'resemblyzer' comes with its package: pip install --no-deps resemblyzer"
        )
    with packages("resemblyzer", EXTRA):
        import torch
    weights = str(Path(found.origin).parent / "pretrained.pt")
    with understood("resemblyzer", weights, None):
        state = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
        layers = torch.nn.LSTM(40, 256, 3, batch_first=True)
        linear = torch.nn.Linear(256, 256)
        layers.load_state_dict({k[5:]: v for k, v in state.items() if k.startswith("lstm.")})
        linear.load_state_dict({k[7:]: v for k, v in state.items() if k.startswith("linear.")})
    where, queue = place(torch, device)
    layers, linear = layers.to(where).eval(), linear.to(where).eval()

    def run(given: np.ndarray) -> np.ndarray:
        with queue, torch.inference_mode():
            _, (hidden, _) = layers(torch.from_numpy(given).to(where))
            made = linear(hidden[-1]).relu()
            length = made.norm(dim=1, keepdim=True).clamp_min(1e-12)
            return (made / length).cpu().numpy()

    return run


def place(torch: Any, device: str | None) -> tuple[str, Any]:
    """The device, and the turns that are taken on it."""
    device = str(torch_device(torch, device))
    spare = 1 if device == "cpu" else cores()
    return device, turns(spare, torch.get_num_threads())


def dtype(torch: Any, precision: str) -> Any:
    """The numbers a model computes with."""
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[
        precision
    ]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No bar of progress while transformers loads weights."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _pinned(name: str, revision: str | None, trusted: bool) -> dict[str, Any]:
    """What all of transformers' loaders are told."""
    return {"revision": revision, "trust_remote_code": allowed(name, revision, trusted)}


def _transformers(
    model: str, name: str, revision: str | None, device: str | None, precision: str, trusted: bool
) -> Recogniser:
    import torch

    mend_torchvision(torch)
    import transformers
    from transformers.models.auto import modeling_auto as auto

    from tamis.audio.asr.seq2seq import Transducer, Writer
    from tamis.audio.asr.whisper import WhisperRecogniser

    more = _pinned(name, revision, trusted)
    config = transformers.AutoConfig.from_pretrained(name, **more)
    own = (getattr(config, "auto_map", None) or {}) if trusted else {}
    kinds = (
        ("AutoModelForSpeechSeq2Seq", "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES"),
        ("AutoModelForCTC", "MODEL_FOR_CTC_MAPPING_NAMES"),
        ("AutoModelForTDT", "MODEL_FOR_TDT_MAPPING_NAMES"),
        ("AutoModelForRNNT", "MODEL_FOR_RNNT_MAPPING_NAMES"),
    )
    for kind, mapping in kinds:
        known = config.model_type in getattr(auto, mapping, {})
        if (known or kind in own) and hasattr(transformers, kind):
            break
    else:
        raise DataError(
            f"{model!r} is a model of the kind {config.model_type!r}, which recognises no speech"
        )
    where, queue = place(torch, device)
    loader = getattr(transformers, kind)
    loaded = loader.from_pretrained(name, dtype=dtype(torch, precision), **more)
    loaded = loaded.to(where).eval()
    if kind == "AutoModelForSpeechSeq2Seq" and config.model_type != "whisper":
        processor = transformers.AutoProcessor.from_pretrained(name, **more)
        return Writer(torch, loaded, processor, queue, model)
    if kind in ("AutoModelForTDT", "AutoModelForRNNT"):
        processor = transformers.AutoProcessor.from_pretrained(name, **more)
        return Transducer(torch, loaded, processor, queue, model)
    extractor = transformers.AutoFeatureExtractor.from_pretrained(name, **more)
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, **more)
    made: Any = WhisperRecogniser if config.model_type == "whisper" else CtcRecogniser
    return made(torch, loaded, extractor, tokenizer, queue)


def _faster_whisper(
    model: str, name: str, revision: str | None, device: str | None, precision: str
) -> Recogniser:
    with packages(model, EXTRA):
        import ctranslate2
        import faster_whisper
        from faster_whisper.tokenizer import Tokenizer

        from tamis.audio.asr.faster_whisper import FasterWhisper
    if Path(name).is_dir() and not (Path(name) / "tokenizer.json").is_file():
        raise DataError(f"{name} holds no tokenizer.json; without it one would be downloaded")
    with understood(model, None, revision):
        loaded = faster_whisper.WhisperModel(
            name, device=device or "auto", compute_type=precision, revision=revision,
            cpu_threads=cores(),
        )  # fmt: skip

    def tokenizer(language: str | None) -> Any:
        many = loaded.model.is_multilingual
        return Tokenizer(loaded.hf_tokenizer, many, task="transcribe", language=language or "en")

    def storage(values: np.ndarray) -> Any:
        return ctranslate2.StorageView.from_array(values)

    return FasterWhisper(loaded, tokenizer, storage, turns(1, cores()))


def _nemo(model: str, name: str, device: str | None) -> Recogniser:
    with packages(model, "see NVIDIA's documentation of NeMo 2 for how to install it"):
        from nemo.collections.asr.models import ASRModel

        from tamis.audio.asr.nemo import Nemo
    if not Path(name).is_file():
        raise DataError(f"no file {name}: a model of NeMo is a file, .nemo")
    with understood(model, None, None):
        loaded = ASRModel.restore_from(name, map_location=device)
    return Nemo(loaded.eval())


def _sphinx() -> Recogniser:
    with packages(SPHINX, EXTRA):
        import pocketsphinx

        from tamis.audio.asr.sphinx import Sphinx
    return Sphinx(pocketsphinx.Decoder(cmn="batch", loglevel="FATAL"))
