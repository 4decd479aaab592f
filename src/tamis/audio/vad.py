"""Probabilities of speech for many recordings at once, read block by block.

A model of speech looks at 32 ms at a time, too little work for a core. So many recordings are gone
through side by side, a second of each at a time, each with its own state, and the next begins where
one ends. Of each only a block is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tamis.audio.energy import NOT_NUMBERS
from tamis.audio.vad_model import CONTEXT, FRAME, SpeechModel
from tamis.codes import BadRecord

STREAMS = 64  # side by side; more are not faster
_TOGETHER = 32  # frames of each that go to the model in one call: 4.7 MB of 64 streams


class Heard:
    """What a model made of one recording: a probability for each frame, and how many samples."""

    __slots__ = ("length", "probabilities", "problem")

    def __init__(self) -> None:
        self.probabilities = np.empty(0, np.float32)
        self.length = 0
        self.problem: BadRecord | None = None


class _Stream:
    """A recording on its way through the model."""

    def __init__(self, place: int, blocks: Iterator[np.ndarray]) -> None:
        self.place, self.blocks = place, blocks
        self.heard = Heard()
        self.parts: list[np.ndarray] = []
        self.ended = False
        self.waiting = np.zeros(CONTEXT, np.float32)  # samples; the first are those before them

    def fill(self, wanted: int) -> int:
        """How many whole frames wait, `wanted` at most; the last of a recording is filled up."""
        while len(self.waiting) - CONTEXT < wanted * FRAME and not self.ended:
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
                missing = -(len(self.waiting) - CONTEXT) % FRAME
                block = np.zeros(missing, np.float32)
            else:
                self.heard.length += len(block)
                if not np.isfinite(block).all():
                    raise BadRecord("decode.corrupt", NOT_NUMBERS)
            self.waiting = np.concatenate([self.waiting, block])
        return min(wanted, (len(self.waiting) - CONTEXT) // FRAME)

    def take(self, frames: int) -> np.ndarray:
        """So many frames with the samples before each, uncopied; they do not wait any longer."""
        step = self.waiting.strides[0]
        found = np.lib.stride_tricks.as_strided(
            self.waiting, (frames, CONTEXT + FRAME), (FRAME * step, step), writeable=False
        )
        self.waiting = self.waiting[frames * FRAME :]
        return found

    def close(self) -> Heard:
        if self.parts:
            self.heard.probabilities = np.concatenate(self.parts)
        return self.heard


def listen(
    recordings: Iterable[Iterable[np.ndarray]], model: SpeechModel, streams: int = STREAMS
) -> list[Heard]:
    """The probabilities of speech in each recording, in their order.

    A recording is an iterable of blocks of samples, float32 of [n], mono at 16 kHz; one that raises
    `BadRecord` has that as its `problem`. `streams` of them are open at a time.
    """
    coming = enumerate(recordings)
    open_: list[_Stream] = []
    done: dict[int, Heard] = {}
    state = model.start(0)
    while True:
        while len(open_) < streams and (following := next(coming, None)) is not None:
            place, blocks = following
            open_.append(_Stream(place, iter(blocks)))
            state = np.concatenate([state, model.start(1)], axis=1)
        if not open_:
            return [done[place] for place in sorted(done)]
        ready = [_ready(stream) for stream in open_]
        going = [k for k, frames in enumerate(ready) if frames]
        if len(going) < len(open_):
            for k, stream in enumerate(open_):
                if not ready[k]:
                    done[stream.place] = stream.close()
            open_, state = [open_[k] for k in going], state[:, going]
            continue
        time = min(ready)
        frames = np.empty((time, len(open_), CONTEXT + FRAME), np.float32)
        for k, stream in enumerate(open_):
            frames[:, k] = stream.take(time)
        chances, state = model(frames, state)
        for k, stream in enumerate(open_):
            stream.parts.append(chances[:, k].copy())


def _ready(stream: _Stream) -> int:
    try:
        return stream.fill(_TOGETHER)
    except BadRecord as bad:
        stream.heard.problem = bad
        return 0
