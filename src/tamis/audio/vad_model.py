"""Silero's model of speech: the weights that its package ships, computed by onnxruntime.

The package itself is not imported: it would load torch, and goes through one recording at a time.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

import numpy as np

from tamis.audio.vad_graph import SAMPLES, products
from tamis.errors import DataError, MissingPackageError
from tamis.resources import resource

logger = logging.getLogger(__name__)
RATE = 16_000  # Hz
FRAME = 512  # samples of 16 kHz that one probability is for: 32 ms
CONTEXT = 64  # samples before a frame that the model is shown with it
_STREAMING, _SEQUENCE = "silero_vad.onnx", "silero_vad_16k_sequence.onnx"
_EXTRA = "pip install 'tamis[audio-models]'"


class SpeechModel:
    """Probabilities of speech for frames of many streams at once.

    What comes out for a stream does not depend on those beside it, bit by bit. `products` is a
    session of Silero's network as `tamis.audio.vad_graph` computes it; where that is None the
    package's own streaming model (`streaming`) is asked, which takes several times as long.
    """

    def __init__(self, products: Any | None, streaming: Any | None = None) -> None:
        self.products, self.streaming = products, streaming

    def start(self, streams: int) -> np.ndarray:
        """The state before the first frame, float32 of [2, streams, 128]."""
        return np.zeros((2, streams, 128), np.float32)

    def __call__(self, frames: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities, float32 of [time, streams], and the state after them.

        `frames`: float32 of [time, streams, 576], each with the 64 samples before it.
        """
        time, streams, width = frames.shape
        if self.products is not None:
            given = np.empty((time, streams, SAMPLES), np.float32)
            given[..., :width] = frames
            given[..., width:] = frames[..., -2 : width - SAMPLES - 2 : -1]  # mirrored at the end
            chances, hidden, cell = self.products.run(
                ["chances", "hn", "cn"],
                {"frames": given.reshape(-1, 5, 128), "h": state[:1], "c": state[1:]},
            )
            return chances[..., 0], np.concatenate([hidden, cell])
        assert self.streaming is not None
        found = np.empty((time, streams), np.float32)
        rate = np.array(RATE)
        for place, now in enumerate(frames):
            chance, state = self.streaming.run(None, {"input": now, "state": state, "sr": rate})
            found[place] = chance[:, 0]
        return found, state


@resource
def speech_model() -> SpeechModel:
    """Silero VAD (MIT) as the package silero-vad ships it; nothing is downloaded."""
    found = importlib.util.find_spec("silero_vad")
    if found is None or found.origin is None:
        raise MissingPackageError(f"audio.speech_segments needs silero-vad: {_EXTRA}")
    folder = Path(found.origin).parent / "data"
    graph = products(folder / _SEQUENCE)
    if graph is not None:
        return SpeechModel(_session(graph, _SEQUENCE))
    file = folder / _STREAMING
    if not file.is_file():
        raise DataError(f"the package silero-vad in {folder.parent} has no {file.name}: {_EXTRA}")
    logger.warning("silero-vad has no network that is known here; its own streaming model is used")
    return SpeechModel(None, _session(file.read_bytes(), file.name))


def _session(graph: bytes, name: str) -> Any:
    """One thread for a session: workers have a thread for each core already."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError(f"audio.speech_segments needs onnxruntime: {_EXTRA}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # its warnings are about how the model was exported
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever its parser raises
        raise DataError(f"{name} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
