"""Silero's model of speech: the ONNX files that its package ships, run by onnxruntime.

The package itself is not imported: it would load torch, and goes through one recording at a time.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import DataError, MissingPackageError
from tamis.resources import resource

RATE = 16_000  # Hz
FRAME = 512  # samples of 16 kHz that one probability is for: 32 ms
CONTEXT = 64  # samples before a frame that the model is shown with it
FEW = 3  # streams up to which each is computed by itself: the batch is faster from 4 on
_BATCH, _SEQUENCE = "silero_vad.onnx", "silero_vad_16k_sequence.onnx"
_EXTRA = "pip install 'tamis[audio-models]'"


class SpeechModel:
    """Probabilities of speech for frames of many streams at once.

    What comes out for a stream does not depend on those beside it, bit by bit: onnxruntime
    convolves each frame by itself. `batch` is a session of Silero's streaming model, `sequence` one
    of its export for many frames of one stream, which an older package has not.
    """

    def __init__(self, batch: Any, sequence: Any | None) -> None:
        self.batch, self.sequence = batch, sequence

    def start(self, streams: int) -> np.ndarray:
        """The state before the first frame, float32 of [2, streams, 128]."""
        return np.zeros((2, streams, 128), np.float32)

    def __call__(self, frames: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities, float32 of [time, streams], and the state after them.

        `frames`: float32 of [time, streams, 576], each with the 64 samples before it.
        """
        streams = frames.shape[1]
        if self.sequence is not None and streams <= FEW:
            done = [self._one(frames[:, k], state[:, k]) for k in range(streams)]
            return np.stack([p for p, _ in done], 1), np.stack([after for _, after in done], 1)
        found = np.empty(frames.shape[:2], np.float32)
        rate = np.array(RATE)
        for time, now in enumerate(frames):
            given = {"input": now, "state": state, "sr": rate}
            chance, state = self.batch.run(None, given)
            found[time] = chance[:, 0]
        return found, state

    def _one(self, frames: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self.sequence is not None
        given = {"input": np.ascontiguousarray(frames), "h": state[:1, None], "c": state[1:, None]}
        chances, hidden, cell = self.sequence.run(["speech_probs", "hn", "cn"], given)
        return chances.reshape(-1), np.concatenate([hidden[0], cell[0]])


@resource
def speech_model() -> SpeechModel:
    """Silero VAD (MIT) as the package silero-vad ships it; nothing is downloaded."""
    found = importlib.util.find_spec("silero_vad")
    if found is None or found.origin is None:
        raise MissingPackageError(f"audio.speech_segments needs silero-vad: {_EXTRA}")
    folder = Path(found.origin).parent / "data"
    if not (folder / _BATCH).is_file():
        raise DataError(f"the package silero-vad in {folder.parent} has no {_BATCH}: {_EXTRA}")
    sequence = folder / _SEQUENCE
    return SpeechModel(
        _session(folder / _BATCH), _session(sequence) if sequence.is_file() else None
    )


def _session(file: Path) -> Any:
    """One thread for a session: workers have a thread for each core already."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError(f"audio.speech_segments needs onnxruntime: {_EXTRA}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # its warnings are about how the model was exported
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever its parser raises
        raise DataError(f"{file} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
