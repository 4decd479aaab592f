"""Decoding on a card beside all cores: JPEG, H.264, and spectra of speech.

    PYTHONPATH=src python benchmarks/gpu/media.py [--device cuda] [--seconds 6]

Prints what decodes on a card, then rates: pictures of 2 megapixels decoded and reduced to 256
pixels, frames of 720p decoded and reduced, hours of speech as Whisper's spectra and as librosa's.
`--device cpu` runs the same code without a card: nvImageCodec and the readers on the processor.
What is not installed, or does not work there, is passed by with a line.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tamis.decoders_on_card import decoders_on_card
from tamis.image.card_decoders import Without, jpeg_decoder
from tamis.image.decode import MAX_PIXELS, decode
from tamis.image.on_card import CardPictures
from tamis.media.ahead import ahead, cores
from tamis.media.columns import Held
from tamis.media.pointers import ROWS, Media
from tamis.video import readers
from tamis.video.views import read_frames

SIDE, RATE = 256, 16_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each rate")
    chosen = parser.parse_args()
    there = {name: trial.decoder or trial.why for name, trial in decoders_on_card().items()}
    tell("decoders", there)
    for name, part in (("jpeg", jpeg), ("video", video), ("spectra", spectra)):
        try:
            for row in part(chosen.device, chosen.seconds):
                tell(name, row)
        except Exception as error:
            tell(name, f"not run: {type(error).__name__}: {error}"[:300])


def tell(name: str, what: Any) -> None:
    print(json.dumps({name: what}), flush=True)


def rate(run: Callable[[], float], seconds: float) -> float:
    """What one call does a second; the first is not counted."""
    run()
    done, start = 0.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        done += run()
    return round(done / (time.perf_counter() - start), 2)


def jpeg(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    files = pictures(32)
    with ThreadPoolExecutor(cores()) as pool:

        def host() -> float:
            return len(list(pool.map(lambda data: decode(data, short_side=SIDE), files * 2)))

        yield {"decoder": "host", "threads": cores(), "pictures/s": rate(host, seconds)}
    decoder = jpeg_decoder(device)
    if isinstance(decoder, Without):
        yield {"decoder": device, "passed by": decoder.why}
        return

    def made() -> CardPictures:
        media = Media([Held(data) for data in itertools.islice(itertools.cycle(files), ROWS)])
        host = lambda data: decode(data, short_side=SIDE)  # noqa: E731
        return CardPictures(media, decoder, host, SIDE, MAX_PIXELS)

    def card() -> float:
        return len(list(ahead(made(), np.ndarray.mean, range(ROWS), 32)))

    away = [np.abs(one.astype(int) - decode(data, short_side=SIDE)).mean()
            for one, data in zip(made(), files, strict=False)]  # fmt: skip
    yield {"decoder": decoder.name, "device": device, "pictures/s": rate(card, seconds),
           "mean levels away": round(float(np.mean(away)), 3)}  # fmt: skip


def pictures(count: int) -> list[bytes]:
    """Soft shapes with the noise of a sensor, 1632 by 1224, some 300 kB each."""
    from PIL import Image

    generator, found = np.random.default_rng(0), []
    for _ in range(count):
        coarse = generator.integers(0, 256, (24, 32, 3)).astype(np.uint8)
        soft = Image.fromarray(coarse).resize((1632, 1224), Image.Resampling.BICUBIC)
        noisy = np.asarray(soft) + generator.normal(0, 4, (1224, 1632, 1))
        file = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=87)
        found.append(file.getvalue())
    return found


def video(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    file, trials = clip(), decoders_on_card()
    yield from _frames("pyav, processor", {"reader": "pyav"}, file, cores(), seconds)
    for reader in readers.READERS:
        if device == "cpu":
            yield from _frames(f"{reader}, processor", {"reader": reader}, file, 1, seconds)
        elif not trials[reader].decoder:
            yield {"decoder": f"{reader}, NVDEC", "passed by": trials[reader].why}
        else:
            for threads in (1, 4):
                how = {"reader": reader, "hwaccel": "cuda"}
                yield from _frames(f"{reader}, NVDEC", how, file, threads, seconds)


def _frames(
    name: str, how: dict[str, Any], file: bytes, threads: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """Frames a second of so many threads, each with a video of its own."""
    with ThreadPoolExecutor(threads) as pool:

        def one(_: int) -> int:
            return len(read_frames(file, short_side=SIDE, isolate=False, **how).times)

        try:
            found = rate(lambda: sum(pool.map(one, range(threads))), seconds)
            yield {"decoder": name, "threads": threads, "frames/s": found}
        except Exception as error:
            yield {"decoder": name, "passed by": f"{error}"[:200]}


def clip(count: int = 125) -> bytes:
    """Five seconds of 720p in H.264: a soft picture that moves, with noise."""
    import av

    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (40, 60, 3)).astype(np.uint8)
    soft = av.VideoFrame.from_ndarray(coarse, "rgb24").reformat(1600, 900)
    wide = soft.to_ndarray(format="rgb24")
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for k in range(count):
            seen = wide[k : k + 720, 2 * k : 2 * k + 1280].astype(np.int16)
            seen = seen + generator.integers(-3, 4, (720, 1280, 1), np.int16)
            pixels = np.ascontiguousarray(seen.clip(0, 255).astype(np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def spectra(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    import torch

    from tamis.audio import spectra as there

    sound = np.random.default_rng(0).standard_normal((16, 30 * RATE)).astype(np.float32) / 10
    hours = len(sound) * 30 / 3600

    def counted(function: Callable[[], Any]) -> Callable[[], float]:
        def run() -> float:
            made = function()
            if hasattr(made, "is_cuda") and made.is_cuda:
                torch.cuda.synchronize()
            return hours

        return run

    def rows(name: str, host: Callable[[], Any], card: Callable[[], Any]) -> Iterator[Any]:
        yield {"spectra": name, "where": "host", "hours/s": rate(counted(host), seconds)}
        try:
            yield {"spectra": name, "where": device, "hours/s": rate(counted(card), seconds)}
        except Exception as error:
            yield {"spectra": name, "where": device, "passed by": f"{error}"[:200]}

    where = torch.device(device)
    try:
        from tamis.torchvision import mend_torchvision

        mend_torchvision(torch)
        from transformers import WhisperFeatureExtractor
    except ImportError as error:
        yield {"spectra": "Whisper", "passed by": str(error)}
    else:
        extractor = WhisperFeatureExtractor()
        pieces = list(sound)
        made: list[Any] = []

        def on_device() -> Any:
            if not made:
                made.append(there.WhisperSpectra(torch, extractor, where))
            return made[0](pieces)

        yield from rows("Whisper", lambda: extractor(pieces, sampling_rate=RATE), on_device)
    try:
        import librosa
    except ImportError as error:
        yield {"spectra": "log mel", "passed by": str(error)}
    else:

        def host() -> Any:
            power = librosa.feature.melspectrogram(y=sound, sr=RATE)
            return librosa.power_to_db(power)

        yield from rows(
            "log mel", host, lambda: there.log_mel(torch, torch.from_numpy(sound).to(where), RATE)
        )


if __name__ == "__main__":
    main()
