"""How good speech sounds, as people would rate it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from tamis.audio import rating
from tamis.audio.computed import Computed
from tamis.media.pointers import ROWS
from tamis.op import measure, view

Rater = Literal["dnsmos", "dnsmos-personalized"]


def _computed(recording: Any, model: str, score: Callable[..., Any], width: int) -> Computed:
    def load() -> Any:
        from tamis.audio.onnx import dnsmos_networks

        return dnsmos_networks(model)

    def curved(networks: Any, samples: np.ndarray, seconds: list[int]) -> np.ndarray:
        raw = score(networks, samples, seconds).astype(np.float64)
        if width == 1:
            return raw
        curves = rating.CURVES[model]
        return np.stack([np.polyval(c, raw[:, k]) for k, c in enumerate(curves)], axis=1)

    return Computed(recording, load, rating.rating(curved, width), model)


@view(rows=ROWS)
def rated(recording: Any, *, model: Rater = "dnsmos") -> Computed:
    """DNSMOS P.835 of recordings: signal, background, overall."""
    return _computed(recording, model, rating.p835, 3)


@view(rows=ROWS)
def rated_p808(recording: Any, *, model: Literal["dnsmos"] = "dnsmos") -> Computed:
    """DNSMOS P.808 of recordings: one number."""
    return _computed(recording, model, rating.p808, 1)


@measure(heavy=True)
def dnsmos(rated: Computed) -> np.ndarray:
    """How good people would find speech as a whole, about 1 to 5, by DNSMOS P.835 (OVRL).

    Microsoft's network in the package speechmos, over windows of 9.01 s at 16 kHz, one a second,
    averaged; shorter recordings are repeated, as its authors do. Equal to the package's
    `ovrl_mos`. `model="dnsmos-personalized"` is the version for one speaker, which also counts
    other voices as noise. Its four measures share one computation. Emilia keeps speech from 3.
    Needs `pip install 'tamis[audio-models]'`.
    Source: C. Reddy, V. Gopal and R. Cutler, DNSMOS P.835, ICASSP 2022.
    """
    return _column(rated, 2)


@measure(heavy=True)
def dnsmos_signal(rated: Computed) -> np.ndarray:
    """How natural the speech itself sounds, about 1 to 5, by DNSMOS P.835 (SIG). See `dnsmos`."""
    return _column(rated, 0)


@measure(heavy=True)
def dnsmos_background(rated: Computed) -> np.ndarray:
    """How little the background disturbs, about 1 to 5, by DNSMOS P.835 (BAK). See `dnsmos`."""
    return _column(rated, 1)


@measure(heavy=True)
def dnsmos_p808(rated_p808: Computed) -> np.ndarray:
    """The overall quality by DNSMOS P.808, an older and smaller network. See `dnsmos`."""
    return _column(rated_p808, 0)


def _column(rated: Computed, place: int) -> np.ndarray:
    found = rated.of_all()
    return np.array([np.nan if one is None else one[place] for one in found], np.float64)
