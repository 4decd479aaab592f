"""Decoders of JPEG on a card, loaded at most once per process: nvImageCodec's, or torchvision's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.errors import TamisError
from tamis.resources import resource
from tamis.torchvision import mend_torchvision

MEAN, MOST = 2, 48
"""Levels by which a soft picture's pixels may differ: decoders round, and enlarge colours, each in
its way."""


class CardDecoder(NamedTuple):
    """`decode(files)` gives tensors, uint8 of [h, w, 3] on `device`, None for what it refuses.

    It may raise whatever the library raises; then nothing of the batch was decoded.
    """

    name: str
    torch: Any
    device: Any
    decode: Callable[[Sequence[bytes]], list[Any]]


class Without(NamedTuple):
    """Why there is no decoder."""

    why: str


@resource
def jpeg_decoder(device: str) -> CardDecoder | Without:
    """The first library that decodes a small file on the `device` ("cuda", "cpu"), or why none."""
    try:
        import torch
    except ImportError:
        return Without("torch is not installed")
    where = torch.device(device)
    told = []
    for name, make in (("nvImageCodec", _nvimagecodec), ("torchvision", _torchvision)):
        try:
            found = CardDecoder(name, torch, where, make(torch, where))
            _tried(found)
        except Exception as error:  # each library, and CUDA, has kinds of its own
            said = str(error).strip().splitlines() or [type(error).__name__]
            told.append(f"{name}: {said[0][:120]}")
        else:
            return found
    return Without("; ".join(told))


def _nvimagecodec(torch: Any, where: Any) -> Callable[[Sequence[bytes]], list[Any]]:
    """By nvidia-nvimgcodec-cu12 or -cu13; on "cpu" by its own libjpeg-turbo."""
    from nvidia import nvimgcodec

    parameters = nvimgcodec.DecodeParams(
        apply_exif_orientation=False,
        color_spec=nvimgcodec.ColorSpec.SRGB,
        sample_format=nvimgcodec.SampleFormat.I_RGB,
    )
    if where.type == "cpu":
        decoder = nvimgcodec.Decoder(
            device_id=nvimgcodec.NVIMGCODEC_DEVICE_CPU_ONLY, max_num_cpu_threads=1,
            backends=[nvimgcodec.Backend(nvimgcodec.CPU_ONLY)],
        )  # fmt: skip
    else:
        number = torch.cuda.current_device() if where.index is None else where.index
        # Colours are enlarged as libjpeg-turbo does it, not repeated.
        decoder = nvimgcodec.Decoder(device_id=number, options=":fancy_upsampling=1")
    one_at_a_time = threading.Lock()

    def decode(files: Sequence[bytes]) -> list[Any]:
        streams: list[Any] = []
        for data in files:
            try:
                streams.append(nvimgcodec.CodeStream(data))
            except RuntimeError:  # what it cannot read the header of
                streams.append(None)
        known = [one for one in streams if one is not None]
        with one_at_a_time:
            made = iter(decoder.decode(known, params=parameters) if known else [])
        found = [None if one is None else next(made) for one in streams]
        if where.type == "cpu":  # DLPack asks CUDA even of what is on the host
            return [None if one is None else torch.from_numpy(np.array(one)) for one in found]
        return [None if one is None else torch.from_dlpack(one) for one in found]

    return decode


def _torchvision(torch: Any, where: Any) -> Callable[[Sequence[bytes]], list[Any]]:
    """By `torchvision.io.decode_jpeg`: nvJPEG, where torchvision was built with it."""
    if mend_torchvision(torch) is None:
        raise TamisError("it is not installed")
    from torchvision import io

    def decode(files: Sequence[bytes]) -> list[Any]:
        given = [torch.frombuffer(bytearray(data), dtype=torch.uint8) for data in files]
        made = io.decode_jpeg(given, mode=io.ImageReadMode.RGB, device=where)
        return [one.permute(1, 2, 0) for one in made]

    return decode


def _tried(decoder: CardDecoder) -> None:
    """Have a picture of soft colours decoded, and look at what comes."""
    import simplejpeg

    rows, columns = np.mgrid[:48, :64]
    soft = np.stack([4 * columns, 5 * rows, 255 - 4 * columns], axis=-1).clip(0, 255)
    data = simplejpeg.encode_jpeg(soft.astype(np.uint8), 95, colorsubsampling="420")
    (found,) = decoder.decode([data])
    if found is None:
        raise TamisError("it refuses a small JPEG")
    away = np.abs(found.cpu().numpy().astype(int) - simplejpeg.decode_jpeg(data).astype(int))
    if found.device.type != decoder.device.type or away.mean() > MEAN or away.max() > MOST:
        raise TamisError(f"it makes another picture of a small JPEG, {away.max()} levels away")
