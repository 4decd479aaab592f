"""Models that onnxruntime computes: DNSMOS as speechmos ships it, and files by path."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tamis.audio.onnx_graph import End, cut
from tamis.audio.rating import Networks
from tamis.errors import DataError, MissingPackageError
from tamis.media.turns import turns
from tamis.onnx import session_of, threads
from tamis.resources import resource

EXTRA = "pip install 'tamis[audio-models]'"


@resource
def dnsmos_networks(model: str) -> Networks:
    """DNSMOS P.835 ("dnsmos", "dnsmos-personalized") and P.808, cut where windows share work."""
    folder = _speechmos()
    part = "pdnsmos_models" if model == "dnsmos-personalized" else "dnsmos_models"
    whole = (folder / part / "sig_bak_ovr.onnx").read_bytes()
    inside = "mos_estimator_logpow/"
    frames = End(inside + "concat:0", ("N", "T", 320))
    spectrum = End("adjusted_input6", ("N", 1, "T", 161))
    pooled = End(inside + "conv2d_3/Relu:0_pooling0", ("N", 32, "H", 80))
    scores = End("Identity:0", ("N", 3))

    def between(given: End, wanted: End) -> Callable[[np.ndarray], np.ndarray]:
        return _function(session_of(cut(whole, given, wanted), EXTRA, "dnsmos"))

    return Networks(
        between(frames, spectrum),
        between(spectrum, pooled),
        between(pooled, scores),
        _function(session_of(folder / "dnsmos_models" / "model_v8.onnx", EXTRA)),
        turns(1, threads()),
    )


@resource
def network(file: str) -> Callable[[np.ndarray], np.ndarray]:
    """A network in a file, from an array of float32 to its first output."""
    return _function(session_of(Path(file), EXTRA))


@resource
def speaker_network(file: str) -> tuple[Callable[[np.ndarray], np.ndarray], int | None]:
    """A network of speakers, and how many bands it takes; None: samples."""
    session = session_of(Path(file), EXTRA)
    shape = session.get_inputs()[0].shape
    if len(shape) == 2 or (len(shape) == 3 and shape[1] == 1):
        run = _function(session)
        return (run if len(shape) == 2 else lambda given: run(given[:, None])), None
    if len(shape) == 3 and shape[2] in (40, 80):
        return _function(session), int(shape[2])
    raise DataError(
        f"{file} takes {shape}; a model of speakers takes [batch, samples] or [batch, frames, 80]"
    )


def _speechmos() -> Path:
    """The folder of the package, which is not imported: it would import librosa and requests."""
    found = importlib.util.find_spec("speechmos")
    if found is None or found.origin is None:
        raise MissingPackageError(f"audio.dnsmos needs speechmos: {EXTRA}")
    return Path(found.origin).parent


def _function(session: Any) -> Callable[[np.ndarray], np.ndarray]:
    name = session.get_inputs()[0].name

    def run(given: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {name: given})[0])

    return run
