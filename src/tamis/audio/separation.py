"""Source separation: one stem of a mixture, such as the voice without the music."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tamis.audio.computed import Computed, Streams, together
from tamis.errors import SettingError
from tamis.media.pointers import ROWS
from tamis.op import edit, view


@view(rows=ROWS)
def stems(
    recording: Any,
    *,
    model: str,
    stem: int = 0,
    rate: int = 16_000,
    window: float = 10.0,
    overlap: float = 1.0,
    max_seconds: float = 3600.0,
    device: str | None = None,
) -> Computed:
    """One stem of each recording, as the bytes of a WAV file."""
    if not 0 < 2 * overlap <= window <= 600:
        raise SettingError(
            f"window={window}, overlap={overlap}: windows of at most 600 s overlap by half at most"
        )
    if not 1000 <= rate <= 384_000:
        raise SettingError(f"rate={rate}: Hz, from 1,000 to 384,000")

    def load() -> Any:
        from tamis.audio.models import separator

        return separator(model, device)

    return Computed(recording, load, separating(stem, rate, window, overlap, max_seconds), model)


@edit(dtype="binary")
def separated(stems: Computed) -> list[bytes | None]:
    """One `stem` of a recording, separated from the others by a model: a WAV file's bytes.

    `model` is a file of ONNX or TorchScript that takes mixtures [batch, n] at `rate` Hz and gives
    [batch, stems, n] (exports of Conv-TasNet, SepFormer, denoisers with one stem …); which `stem`
    is which, its authors say. Recordings are separated in windows of `window` seconds; where two
    overlap (`overlap` seconds) they fade into one another. Samples are 16-bit, mono.

    Put the bytes into a column of their own, which other measures take: `Edit(audio.separated,
    to="voice", model=…)`, then `on="voice"`. Recordings of more than `max_seconds` are refused:
    cut them first. What cannot be read has none.
    """
    return list(stems.of_all())


def separating(
    stem: int, rate: int, window: float, overlap: float, most: float
) -> Callable[[Any, Streams, list[int]], Iterator[tuple[int, bytes]]]:
    """A function for `Computed`."""
    size, shared = round(window * rate), round(overlap * rate)

    def run(model: Any, streams: Streams, rows: list[int]) -> Iterator[tuple[int, bytes]]:
        for row in rows:
            if streams.seconds(row) > most:
                told = f"{streams.seconds(row):.1f} s; {most:g} s are separated at most"
                streams.problems[row] = f"audio.too_long: {told}"
                continue
            done: list[np.ndarray] = []
            tail = np.empty(0, np.float32)
            for _, piece in streams.windows(row, rate, size, size - shared):
                (made,) = together(model, [piece], lambda _: [np.asarray(model(piece[None]))])  # noqa: B023
                if made.ndim != 3 or not -made.shape[1] <= stem < made.shape[1]:
                    raise SettingError(
                        f"the model gives {made.shape} for [1, {len(piece)}]; stem={stem} needs "
                        "[batch, stems, samples]"
                    )
                sound = made[0, stem, : len(piece)].astype(np.float32)
                done, tail = joined(done, tail, sound, shared)
            yield row, wav(np.concatenate([*done, tail]) if done or tail.size else tail, rate)

    return run


def joined(
    done: list[np.ndarray], tail: np.ndarray, sound: np.ndarray, shared: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Sound behind what is done; `tail` is the end of that, of which the last `shared` overlap."""
    if not tail.size:
        return done, sound
    fade = (np.arange(shared, dtype=np.float32) + 0.5) / shared
    mixed = tail[-shared:] * (1 - fade) + sound[:shared] * fade
    return [*done, tail[:-shared]], np.concatenate([mixed, sound[shared:]])


def wav(samples: np.ndarray, rate: int) -> bytes:
    """A WAV file of 16 bits, one channel."""
    data = (np.clip(np.rint(samples * 32_768), -32_768, 32_767)).astype("<i2").tobytes()
    head = b"WAVEfmt " + b"".join(
        value.to_bytes(width, "little")
        for value, width in ((16, 4), (1, 2), (1, 2), (rate, 4), (2 * rate, 4), (2, 2), (16, 2))
    )
    body = head + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body
