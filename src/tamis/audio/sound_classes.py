"""Classes of sound by a trained classifier: speech, music, noise, whatever a model tells apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from tamis.audio.computed import Computed, Streams, together
from tamis.errors import SettingError
from tamis.media.ahead import beside
from tamis.media.pointers import ROWS
from tamis.op import measure, view

BATCH = 8  # windows computed together
Pool = Literal["mean", "max"]
Output = Literal["softmax", "sigmoid", "raw"]


@view(rows=ROWS)
def sound_classified(
    recording: Any,
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    window: float = 10.0,
    rate: int = 16_000,
    output: Output = "softmax",
    pool: Pool = "mean",
    batch: int = BATCH,
    device: str | None = None,
) -> Computed:
    """What a classifier says of recordings, computed once for all measures that ask it."""
    if batch < 1:
        raise SettingError(f"batch={batch}: at least one window is computed at a time")
    if not 0 < window <= 600:
        raise SettingError(f"window={window}: more than 0, at most 600 seconds")
    if not 1000 <= rate <= 384_000:
        raise SettingError(f"rate={rate}: Hz, from 1,000 to 384,000")

    def load() -> Any:
        from tamis.audio.models import sound_model

        return sound_model(model, revision, rate, device, trust_remote_code)

    return Computed(recording, load, classing(window, output, pool, batch), model)


@measure(heavy=True)
def sound_class(
    sound_classified: Computed, *, label: str | None = None, index: int | None = None
) -> np.ndarray:
    """The probability of one class of sound, by its `label` or `index`, by a classifier.

    `model` is `"transformers:…"` (AST, Wav2Vec2, HuBERT, WavLM … for audio classification: a
    folder, or a name on the hub with the commit of its `revision`), or a file of ONNX or
    TorchScript that takes samples [batch, n] at `rate` Hz and gives [batch, classes]; those know
    no labels.
    Models of quality that give a number, such as exports of UTMOS, are asked with `output="raw"`.

    Recordings are heard in windows of `window` seconds (a shorter last one counts if it is at least
    half as long, or alone), `batch` at a time; `pool` says whether a recording has the mean of its
    windows or the most. `output` is what becomes of the last layer: `"softmax"`, `"sigmoid"` for
    several classes at once (AudioSet), `"raw"`. All measures of one model share its answers.
    """
    rows, values = _heard(sound_classified)
    found = np.full(len(sound_classified), np.nan)
    if rows.size:
        found[rows] = values[:, _place(sound_classified, values.shape[1], label, index)]
    return found


@measure(dtype="string", heavy=True)
def sound_label(sound_classified: Computed) -> list[str | None]:
    """The likeliest class of sound by a classifier: its label, or number. See `sound_class`."""
    found: list[str | None] = [None] * len(sound_classified)
    rows, values = _heard(sound_classified)
    if rows.size:
        labels = _labels(sound_classified)
        for row, best in zip(rows.tolist(), values.argmax(axis=1).tolist(), strict=True):
            found[row] = labels[best] if labels else str(best)
    return found


def classing(
    window: float, output: Output, pool: Pool, batch: int
) -> Callable[[Any, Streams, list[int]], Iterator[tuple[int, tuple[np.ndarray, list[str]] | None]]]:
    """A function for `Computed`: the classes of rows, with the labels of the model."""

    def run(
        model: Any, streams: Streams, rows: list[int]
    ) -> Iterator[tuple[int, tuple[np.ndarray, list[str]] | None]]:
        size = max(1, round(window * model.rate))
        found: dict[int, list[np.ndarray]] = {row: [] for row in rows}

        def read() -> Iterator[list[tuple[int, np.ndarray]]]:
            waiting: list[tuple[int, np.ndarray]] = []
            for row in rows:
                for at, piece in streams.windows(row, model.rate, size, size):
                    if at == 0 or len(piece) >= size / 2:
                        waiting.append((row, piece))
                    if len(waiting) == batch:
                        yield waiting
                        waiting = []
            yield waiting

        for waiting in beside(read()):  # the next are decoded meanwhile
            # windows of one length go together: not every model is given a mask
            ordered = sorted(waiting, key=lambda pair: len(pair[1]))
            for _, group in itertools.groupby(ordered, key=lambda pair: len(pair[1])):
                same = list(group)
                pieces = [piece for _, piece in same]
                made = together(model, pieces, lambda part: list(model.compute(pieces[part])))  # noqa: B023
                shares = chances(np.stack(made), output)
                for (row, _), share in zip(same, shares, strict=True):
                    found[row].append(share)
        for row, values in found.items():
            if not values:
                yield row, None
                continue
            stacked = np.stack(values)
            whole = stacked.mean(axis=0) if pool == "mean" else stacked.max(axis=0)
            yield row, (whole, model.labels)

    return run


def chances(values: np.ndarray, output: Output) -> np.ndarray:
    """What becomes of the last layer, float64 of [windows, classes]."""
    values = values.astype(np.float64)
    if output == "raw":
        return values
    if output == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _heard(classified: Computed) -> tuple[np.ndarray, np.ndarray]:
    found = classified.of_all()
    rows = [row for row, one in enumerate(found) if one is not None]
    values = [one[0] for one in found if one is not None]
    return np.array(rows, np.intp), np.stack(values) if values else np.empty((0, 0))


def _labels(classified: Computed) -> list[str]:
    return next(list(one[1]) for one in classified.of_all() if one is not None)


def _place(classified: Computed, count: int, label: str | None, index: int | None) -> int:
    labels = _labels(classified)
    if label is not None:
        if label not in labels:
            known = ", ".join(labels[:20]) + (" …" if len(labels) > 20 else "")
            raise SettingError(
                f"sound_class: {classified.name!r} knows no {label!r}"
                + (f" (knows: {known})" if labels else "; files have no labels, pass index=")
            )
        return labels.index(label)
    if index is None or not -count <= index < count:
        raise SettingError(
            f"sound_class: {classified.name!r} tells {count} classes apart; index={index} is none"
            + ("; or pass label=" if labels else "")
        )
    return index
