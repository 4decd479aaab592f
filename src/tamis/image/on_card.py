"""Pictures for models, of which the JPEG files are decoded and made smaller on a card, in batches.

What a card's decoder refuses, and every file that is not plain (`tamis.image.jpeg_plain`), is
decoded by the host, row by row, so that reasons are the same. Only pictures of the size that is
wanted come back.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from tamis.accelerator import accelerators
from tamis.card_faults import out_of_memory
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.image.card_decoders import CardDecoder, Without, jpeg_decoder
from tamis.image.formats import sniff
from tamis.image.jpeg import scale_of
from tamis.image.jpeg_plain import plain
from tamis.image.jpeg_segments import segments
from tamis.image.resize import reduced, turn
from tamis.media.area import reduce_on, squares_on
from tamis.media.decoded import Decoded
from tamis.media.pointers import Media

Decoder = Literal["host", "card"]
BATCH = 32  # files decoded together
PIXELS = 1 << 27  # of a batch, 400 MB on the card
BYTES = 1 << 26  # of a batch's files
_log = logging.getLogger(__name__)

Host = Callable[[bytes], np.ndarray]


def check(decoder: str) -> None:
    """A `SettingError` for a decoder that there is not."""
    if decoder not in ("host", "card"):
        raise SettingError(f'decoder={decoder!r}: "host" or "card"')


@functools.cache
def card(device: str = "cuda", isolated: bool = False) -> CardDecoder | None:
    """The decoder on a card, None, and why in the log, where there is none; once per process."""
    found: CardDecoder | Without
    if isolated:
        found = Without("the process of its own that decodes reaches no card; pass isolate=False")
    elif device.startswith("cuda") and not accelerators().devices:
        found = Without(accelerators().why or "no GPU is there")
    else:
        found = jpeg_decoder(device)
    if isinstance(found, Without):
        _log.warning('decoder="card": pictures are decoded by the processor: %s', found.why)
        return None
    return found


class CardPictures(Decoded[np.ndarray]):
    """Pictures reduced to `short_side`, uint8 of [h, w, 3], as `tamis.image.decode.decode` turns
    them. `host` decodes the bytes of a row that the card does not; it refuses what is too large.

    Whoever asks for a row has those after it decoded with it, and other threads find them ready.
    """

    def __init__(
        self, media: Media, decoder: CardDecoder, host: Host, short_side: int | None,
        max_pixels: int,
    ) -> None:  # fmt: skip
        self._media, self._decoder, self._host = media, decoder, host
        self._side, self._most = short_side, max_pixels
        self._turn, self._batch = threading.Lock(), BATCH
        self._ready: dict[int, np.ndarray | bytes] = {}
        super().__init__(self._picture, len(media))

    def _picture(self, row: int) -> np.ndarray:
        with self._turn:
            if row not in self._ready:
                self._ready.clear()  # who asks elsewhere does not come back to what was ahead
                self._fill(row)
            found = self._ready.pop(row, None)
        if isinstance(found, np.ndarray):
            return found
        data = self._media[row] if found is None else found
        if data is None:
            code, _, detail = self._media.problems[row].partition(": ")
            raise BadRecord(code, detail)
        return self._media.told(row, lambda: self._host(data))

    def _fill(self, row: int) -> None:
        """Have the rows from this one on ready: pictures, or the bytes of those for the host."""
        asked = range(len(self)) if self.asked is None else self.asked.tolist()
        coming = [row, *(k for k in asked if k > row and k not in self._kept)]
        files: dict[int, bytes] = {}
        room, memory = PIXELS, BYTES
        for one in coming[: self._batch]:
            if memory < 0:
                break
            data = self._media[one]
            if data is None:
                continue
            pixels = self._size(data)
            if files and pixels > room:
                break
            self._ready[one] = data
            room, memory = room - pixels, memory - len(data)
            if pixels:
                files[one] = data
        self._ready.update(self._pictures(files))

    def _size(self, data: bytes) -> int:
        """How many pixels a file has that the card may be given, 0 of others."""
        try:
            found = segments(data) if sniff(data) == "jpeg" else None
        except BadRecord:  # the host says it again
            return 0
        if found is None:
            return 0
        count = found.header.width * found.header.height
        return count if count <= self._most and plain(data, found) else 0

    def _pictures(self, files: dict[int, bytes]) -> dict[int, np.ndarray]:
        """What the card makes of files; those that it refuses are not among them.

        A batch that fails is halved until it is known which file it was, or how many fit.
        """
        if not files or self._decoder.name in _broken:
            return {}
        try:
            return self._made(files)
        except Exception as error:  # a library's own, or CUDA's
            said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            full = out_of_memory(error)
        if full and len(files) > 1:
            self._batch = min(self._batch, len(files) // 2)
            _log.warning("out of memory on the card: %d pictures at a time", self._batch)
        elif "CUDA error" in said:  # what is asked of the card after it fails, too
            _broken.add(self._decoder.name)
            _log.warning("pictures are decoded by the processor from now on: %s", said)
            return {}
        if len(files) == 1:
            return {}
        rows = list(files)
        halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
        return {
            row: one
            for half in halves
            for row, one in self._pictures({k: files[k] for k in half}).items()
        }

    def _made(self, files: dict[int, bytes]) -> dict[int, np.ndarray]:
        torch = self._decoder.torch
        sent: dict[int, tuple[Any, int]] = {}
        with torch.inference_mode():
            for (row, data), whole in zip(
                files.items(), self._decoder.decode(list(files.values())), strict=True
            ):
                kind = segments(data).header
                width, height = kind.stored
                if whole is None or tuple(whole.shape) != (height, width, 3):
                    continue
                wanted = reduced(height, width, self._side)
                scale = scale_of(height, width, *wanted)
                small = squares_on(torch, whole, scale)
                small = reduce_on(torch, small, *wanted, (height / scale, width / scale))
                sent[row] = small, kind.orientation
            return {
                row: turn(np.ascontiguousarray(small.cpu().numpy()), turned)
                for row, (small, turned) in sent.items()
            }


_broken: set[str] = set()  # decoders of this process that are not asked again
