"""Frames by other decoders than PyAV's: the same pixels, where those packages are installed.

By NVDEC, if asked and they were built for it; frames are then made smaller on the card, and only
what is wanted comes back.

They open what they are given as their ffmpeg likes to, without lists of what may be opened; so the
bytes have been told to be a video before (`tamis.video.formats.sniff`), they are given bytes and
no name, and as everything else they run in a process of their own.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tamis.card_faults import fault
from tamis.codes import BadRecord
from tamis.errors import MissingPackageError, SettingError
from tamis.media.area import reduce_on
from tamis.media.reader import Reader
from tamis.media.resizing import reduced, resize
from tamis.video import hardware
from tamis.video.formats import Header
from tamis.video.frames import Frames
from tamis.video.moments import shown_at
from tamis.video.packets import joined, packets

READERS = ("pyav", "decord", "torchcodec")
_MOST = 1 << 30  # bytes of a video that these are given
_BATCH = 16  # frames that are decoded at a time

At = Callable[[Sequence[int]], Any]


def check(reader: str) -> None:
    """A `SettingError` for a reader that there is not."""
    if reader not in READERS:
        raise SettingError(f"reader={reader!r}: one of {', '.join(READERS)}")


def blocks(
    file: Reader, header: Header, reader: str, start: float = 0.0, end: float | None = None, *,
    fps: float | None = None, times: tuple[float, ...] | None = None,
    short_side: int | None = 256, hwaccel: str | None = None,
) -> Iterator[Frames]:  # fmt: skip
    """Frames as `tamis.video.frames.blocks` gives them, decoded by `reader`.

    Which frames there are, the packets say; the reader gives those of some numbers, turned. It does
    not say whether they are damaged. `hwaccel` is "cuda" or None; what the card does not decode,
    the processor does, from wherever it failed.
    """
    shown = joined(packets(file, header))
    within = shown.between(start, end).times
    if not len(within):
        raise BadRecord("video.empty", "it has no frames there")
    wanted = within.tolist()
    if fps is not None or times is not None:
        rate = header.fps
        moments = ((time, None) for time in wanted)
        wanted = [time for time, _ in shown_at(moments, start, end, fps, times, rate)]
    numbers = np.searchsorted(shown.times, np.asarray(wanted) - 1e-6)
    if len(file) > _MOST:
        detail = f"{len(file)} bytes; {reader} is given at most {_MOST}"
        raise BadRecord("media.too_long", detail)
    data = file.exactly(0, len(file))
    parts = [numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH)]
    if hwaccel is not None:
        note = hardware.gave_up(hwaccel, header.codec, reader)
        card = _on_card(data, header, reader, len(shown.times), parts, short_side, note)
        done = 0
        for done, pixels in enumerate(card, 1):
            yield Frames(shown.times[parts[done - 1]], pixels, np.zeros(len(pixels), bool))
        parts = parts[done:]
        if not parts:
            return
    count, at = _told(reader, lambda: OPENED[reader](data, None))
    if count != len(shown.times):
        detail = f"{reader} finds {count} frames where the packets are of {len(shown.times)}"
        raise BadRecord("decode.corrupt", detail)
    for some in parts:
        found = _told(reader, partial(at, some.tolist()))
        height, width = reduced(found.shape[1], found.shape[2], short_side)
        pixels = np.stack([resize(np.ascontiguousarray(one), height, width) for one in found])
        yield Frames(shown.times[some], pixels, np.zeros(len(some), bool))


def _on_card(
    data: bytes, header: Header, reader: str, count: int, parts: list[np.ndarray],
    short_side: int | None, note: Callable[[object], None],
) -> Iterator[np.ndarray]:  # fmt: skip
    """The pixels of some frames after another, until the card fails, which is noted."""
    if header.rotation:
        note("pictures that are to be turned")
        return
    try:
        torch = _needed("torch")
        there, at = OPENED[reader](data, "cuda")
        if there != count:
            raise ValueError(f"it finds {there} frames where the packets are of {count}")
        for some in parts:
            found = at(some.tolist())
            size = reduced(found.shape[1], found.shape[2], short_side)
            yield torch.stack([reduce_on(torch, one, *size) for one in found]).cpu().numpy()
    except MissingPackageError:
        raise
    except Exception as error:  # not built for it, a codec it has not, no memory: many kinds
        note(error)


def _decord(data: bytes, device: str | None) -> tuple[int, At]:
    decord = _needed("decord")
    if device is None:
        video = decord.VideoReader(io.BytesIO(data), num_threads=1)
        return len(video), lambda numbers: video.get_batch(numbers).asnumpy()
    there = decord.VideoReader(io.BytesIO(data), ctx=decord.gpu(0))
    tensors = importlib.import_module("torch.utils.dlpack")
    return len(there), lambda numbers: tensors.from_dlpack(there.get_batch(numbers).to_dlpack())


def _torchcodec(data: bytes, device: str | None) -> tuple[int, At]:
    decoders = _needed("torchcodec.decoders")
    made = decoders.VideoDecoder(
        data, dimension_order="NHWC", num_ffmpeg_threads=1, device=device or "cpu"
    )
    if device is None:
        return len(made), lambda numbers: made.get_frames_at(list(numbers)).data.numpy()
    if getattr(made, "cpu_fallback", False):
        raise ValueError(str(made.cpu_fallback))
    return len(made), lambda numbers: made.get_frames_at(list(numbers)).data


OPENED: dict[str, Callable[[bytes, str | None], tuple[int, At]]] = {
    "decord": _decord,
    "torchcodec": _torchcodec,
}
"""A video's bytes to how many frames there are, and to what gives those of some numbers: uint8 of
[n, h, w, 3], an array, or of a device ("cuda") a tensor on it."""


def _told(reader: str, function: Callable[[], Any]) -> Any:
    """What a function gives; what a reader says against a video, as `BadRecord`."""
    try:
        return function()
    except (MemoryError, MissingPackageError):
        raise
    except Exception as error:  # decord has a class of its own, torchcodec RuntimeError and others
        if fault(error) is not None:  # of the card that it decodes on, not of the video
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise BadRecord("decode.corrupt", f"{reader}: {said[-1][:200]}") from None


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:  # torchcodec: no ffmpeg of its own
        name = module.partition(".")[0]
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise MissingPackageError(
            f"reader={name!r} needs {name}: pip install 'tamis[video-readers]' ({first})"
        ) from None
