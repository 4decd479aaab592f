"""Embeddings of speakers: vectors of voices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tamis.audio.computed import Computed
from tamis.audio.voices import voicing
from tamis.errors import SettingError
from tamis.media.pointers import ROWS
from tamis.op import measure, view

BATCH = 64  # windows computed together
Storage = Literal["float32", "float16"]


@view(rows=ROWS)
def voices(
    recording: Any,
    *,
    model: str = "resemblyzer",
    window: float = 3.0,
    batch: int = BATCH,
    device: str | None = None,
) -> Computed:
    """How a model of speakers sees recordings, window by window."""
    if batch < 1:
        raise SettingError(f"batch={batch}: at least one window is computed at a time")
    if not 0.1 <= window <= 60:
        raise SettingError(f"window={window}: a voice is known by 0.1 to 60 seconds")

    def load() -> Any:
        from tamis.audio.models import speaker_model

        return speaker_model(model, window, device)

    return Computed(recording, load, voicing(batch), model)


@measure(dtype="{storage}[{dimensions}]", heavy=True)
def speaker_embedding(
    voices: Computed, *, dimensions: int = 256, storage: Storage = "float32"
) -> np.ndarray:
    """The embedding of a speaker's voice: a vector of `dimensions` numbers, of length 1.

    `model` is `"resemblyzer"` (256 numbers; its package carries the weights, nothing is
    downloaded and webrtcvad is not needed), a file of ONNX or of TorchScript (`.onnx`, `.pt`).
    Those take samples [batch, n] at 16 kHz or, where the third dimension of their input is 40 or 80
    bands, filter banks as Kaldi makes them (WeSpeaker, 3D-Speaker …), in windows of `window`
    seconds of which neighbours share half. The embedding of a recording is the mean over its
    windows. With resemblyzer it is `embed_utterance` after `normalize_volume`; the package's
    `preprocess_wav` also cuts long silences out: cut segments of speech first.

    Recordings of one speaker have cosines near 0.9, of two mostly under 0.75. `SemanticDedup` takes
    the column as any embedding. Null where there is no sound. Needs `pip install
    'tamis[audio-models]'` and `pip install --no-deps resemblyzer`.
    Source: L. Wan et al., Generalized End-to-End Loss for Speaker Verification, 2018.
    """
    found = np.full((len(voices), dimensions), np.nan, np.float32)
    for row, heard in enumerate(voices.of_all()):
        if heard is not None:
            vector = heard.mean()
            if len(vector) != dimensions:
                raise SettingError(
                    f"the model {voices.name!r} gives {len(vector)} numbers; "
                    f"pass dimensions={len(vector)}"
                )
            found[row] = vector
    return found
