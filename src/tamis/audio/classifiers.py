"""Classifiers of sounds as one: windows of samples to the values of their last layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.audio.spectra import AstSpectra
from tamis.media.placing import sent


class SoundClassifier:
    """A model of the class AutoModelForAudioClassification, by its own feature extractor.

    Of audio spectrogram transformers on a device the spectra are computed there.
    """

    def __init__(self, torch: Any, model: Any, extractor: Any, turns: Any) -> None:
        self.torch, self.model, self.extractor, self.turns = torch, model, extractor, turns
        self.rate = int(extractor.sampling_rate)
        names = model.config.id2label
        self.labels = [names[k] for k in sorted(names)]
        self.spectra: Callable[[Sequence[np.ndarray]], Any] | None = None
        if model.device.type != "cpu" and AstSpectra.fits(extractor):
            self.spectra = AstSpectra(torch, extractor, model.device)

    def compute(self, pieces: Sequence[np.ndarray]) -> np.ndarray:
        """The last layer of each piece; all are of one length."""
        if self.spectra is None:
            given = self.extractor(list(pieces), sampling_rate=self.rate, return_tensors="pt")
            name = self.extractor.model_input_names[0]
            features = sent(self.torch, given[name], self.model.device)
        with self.turns, self.torch.inference_mode():
            features = features if self.spectra is None else self.spectra(pieces)
            return np.asarray(self.model(features).logits.float().cpu().numpy())


class FileClassifier:
    """A network in a file that takes samples [batch, n]."""

    def __init__(self, forward: Callable[[np.ndarray], np.ndarray], rate: int) -> None:
        self.forward, self.rate = forward, rate
        self.labels: list[str] = []

    def compute(self, pieces: Sequence[np.ndarray]) -> np.ndarray:
        """What the network gives for pieces of one length."""
        return self.forward(np.stack(pieces)).reshape(len(pieces), -1)
