"""Spectra of many recordings at once, computed by torch on the device of the model that takes them.

The formulas are those of NumPy's versions beside this module, of librosa and of the models' own
extractors, in float32: bands agree within a thousandth of their power, but those near silence. The
host then only decodes. The module is given torch, and imports nothing of it; samples are tensors,
float32 of [recordings, n] on any device, and what comes of them stays there.

>>> import torch
>>> from tamis.audio import spectra
>>> sound = torch.sin(torch.arange(16_000) * 0.5)[None]
>>> spectra.log_mel(torch, sound, 16_000).shape, spectra.mfcc(torch, sound, 16_000).shape
(torch.Size([1, 128, 32]), torch.Size([1, 20, 32]))
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.audio.mel import mel_bank, transform

LEAST = 1e-10  # power that is taken for silence, as librosa and Whisper have it
RANGE = 80.0  # dB below the loudest, below which nothing is told (librosa's `top_db`)


def power(torch: Any, samples: Any, size: int, hop: int, *, edges: str = "constant") -> Any:
    """Power of the bins of frames of `size` samples every `hop`: [recordings, bins, frames].

    A Hann window; frames are centred, and beyond the `edges` there are zeros ("constant") or the
    recording mirrored ("reflect"), as `librosa.stft` has it.
    """
    window = torch.hann_window(size, device=samples.device)
    found = torch.stft(
        samples, size, hop, window=window, center=True, pad_mode=edges, return_complex=True
    )
    return found.real.square() + found.imag.square()


def mel(
    torch: Any, samples: Any, rate: int, *, size: int = 2048, hop: int = 512, bands: int = 128
) -> Any:
    """Power in bands of pitch, [recordings, bands, frames]: `librosa.feature.melspectrogram`."""
    bank = torch.from_numpy(mel_bank(rate, size, bands)).to(samples.device)
    return bank @ power(torch, samples, size, hop)


def log_mel(torch: Any, samples: Any, rate: int, **how: int) -> Any:
    """The same in dB, each recording from its loudest to 80 dB below: librosa's `power_to_db`."""
    found = 10 * mel(torch, samples, rate, **how).clamp_min(LEAST).log10()
    return torch.maximum(found, found.amax((-2, -1), keepdim=True) - RANGE)


def mfcc(torch: Any, samples: Any, rate: int, *, count: int = 20, **how: int) -> Any:
    """Cepstral coefficients, [recordings, count, frames]: `librosa.feature.mfcc`."""
    bands = log_mel(torch, samples, rate, **how)
    return torch.from_numpy(_cosines(bands.shape[-2], count)).to(samples.device) @ bands


@functools.cache
def _cosines(size: int, count: int) -> np.ndarray:
    """The first rows of the orthonormal discrete cosine transform, type II, float32."""
    angle = np.pi * np.arange(count)[:, None] * (2 * np.arange(size)[None, :] + 1) / (2 * size)
    found = np.cos(angle) * np.sqrt(2 / size)
    found[0] /= np.sqrt(2)
    return found.astype(np.float32)


def mel_windows(torch: Any, samples: Any, rate: int, size: int, hop: int, bands: int) -> Any:
    """Power in bands of frames that lie within, [windows, frames, bands]: `mel.mel_power`."""
    both, bank = (torch.from_numpy(one).to(samples.device)
                  for one in (transform(size), mel_bank(rate, size, bands)))  # fmt: skip
    real, imaginary = (samples.unfold(-1, size, hop) @ both).chunk(2, -1)
    return (real.square() + imaginary.square()) @ bank.T


def batch_of(torch: Any, pieces: Sequence[np.ndarray], length: int, device: Any) -> Any:
    """Pieces of samples, cut or filled up with zeros to one length, on the device."""
    found = np.zeros((len(pieces), length), np.float32)
    for row, piece in zip(found, pieces, strict=True):
        row[: len(piece)] = piece[:length]
    return torch.from_numpy(found).to(device)


class WhisperSpectra:
    """What Whisper is given, as transformers' WhisperFeatureExtractor makes it of the settings."""

    def __init__(self, torch: Any, extractor: Any, device: Any) -> None:
        self.torch, self.device = torch, device
        self.size, self.hop = int(extractor.n_fft), int(extractor.hop_length)
        self.length = int(extractor.n_samples)
        bank = np.ascontiguousarray(extractor.mel_filters.T, np.float32)
        self.bank = torch.from_numpy(bank).to(device)

    @staticmethod
    def fits(extractor: Any) -> bool:
        """Whether an extractor does no more than that."""
        plain = not getattr(extractor, "dither", 0.0) and not getattr(
            extractor, "do_normalize", False
        )
        return plain and all(
            hasattr(extractor, k) for k in ("n_fft", "hop_length", "n_samples", "mel_filters")
        )

    def __call__(self, pieces: Sequence[np.ndarray]) -> Any:
        """Float32 of [pieces, bands, frames]: half a minute each."""
        samples = batch_of(self.torch, pieces, self.length, self.device)
        found = power(self.torch, samples, self.size, self.hop, edges="reflect")[..., :-1]
        logs = (self.bank @ found).clamp_min(LEAST).log10()
        logs = self.torch.maximum(logs, logs.amax((-2, -1), keepdim=True) - 8.0)
        return (logs + 4.0) / 4.0


class AstSpectra:
    """What the audio spectrogram transformer is given: Kaldi's filter banks of 25 ms every 10 ms,
    as transformers' ASTFeatureExtractor makes them without torchaudio."""

    FLOOR = 1.192092955078125e-07

    def __init__(self, torch: Any, extractor: Any, device: Any) -> None:
        self.torch, self.device = torch, device
        self.size, self.hop, self.width = 400, 160, 512
        self.most = int(extractor.max_length)
        self.window, self.bank = (
            torch.from_numpy(np.ascontiguousarray(one, np.float32)).to(device)
            for one in (extractor.window, extractor.mel_filters)
        )
        self.scale = (extractor.mean, 2 * extractor.std) if extractor.do_normalize else (0.0, 1.0)

    @staticmethod
    def fits(extractor: Any) -> bool:
        """Whether an extractor is of that kind and has its bank at hand."""
        names = ("window", "mel_filters", "max_length", "mean", "std", "do_normalize")
        return type(extractor).__name__ == "ASTFeatureExtractor" and all(
            hasattr(extractor, name) for name in names
        )

    def __call__(self, pieces: Sequence[np.ndarray]) -> Any:
        """Float32 of [pieces, max_length, bands]; pieces are of one length."""
        samples = batch_of(self.torch, pieces, max(map(len, pieces)), self.device)
        if samples.shape[1] < self.size:
            samples = self.torch.nn.functional.pad(samples, (0, self.size - samples.shape[1]))
        frames = samples.unfold(-1, self.size, self.hop)
        frames = frames - frames.mean(-1, keepdim=True)
        before = self.torch.cat([frames[..., :1], frames[..., :-1]], -1)
        found = self.torch.fft.rfft((frames - 0.97 * before) * self.window, self.width)
        logs = ((found.real.square() + found.imag.square()) @ self.bank).clamp_min(self.FLOOR).log()
        missing = self.most - logs.shape[1]
        logs = self.torch.nn.functional.pad(logs, (0, 0, 0, missing))  # negative: cut
        mean, spread = self.scale
        return (logs - mean) / spread
