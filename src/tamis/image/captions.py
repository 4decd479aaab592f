"""Captions of pictures by a vision-language model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tamis.image.captioner import (
    BATCH,
    TOKENS,
    Precision,
    Shown,
    caption_packages,
    captioner,
    whole,
)
from tamis.image.decode import MAX_PIXELS
from tamis.image.on_card import Decoder
from tamis.image.views import NEEDS, Isolate, by_card
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS, Media
from tamis.media.resizing import reduced, resize
from tamis.op import measure, view
from tamis.unanswered import answers, why

SIDE = 768  # pixels of the short side of what is captioned


@view(rows=ROWS, needs=NEEDS)
def captioned(
    media: Media,
    picture: Decoded[np.ndarray],
    *,
    side: int | None = SIDE,
    max_pixels: int = MAX_PIXELS,
    isolate: Isolate = "risky",
    decoder: Decoder = "host",
) -> Decoded[np.ndarray]:
    """Whole pictures reduced to `side`, or as a `decoder` on a card gives them (see `shrunk`)."""
    whole(side=1 if side is None else side)
    found = by_card(media, isolate, max_pixels, side, decoder)
    if found is not None:
        return found

    def small(row: int) -> np.ndarray:
        pixels = behind(picture, row)
        return resize(pixels, *reduced(pixels.shape[0], pixels.shape[1], side))

    return Decoded(small, len(picture))


@measure(dtype="string", heavy=True, needs=caption_packages, why=why)
def caption(
    captioned: Decoded[np.ndarray],
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    prompt: str = "default",
    refine: str | None = None,
    max_tokens: int = TOKENS,
    batch: int = BATCH,
    precision: Precision = "auto",
    device: str | None = None,
) -> list[str | None]:
    """What a vision-language model says of a picture: a caption.

    `model` is a folder, or a name on the Hugging Face hub with the commit of its `revision`, of any
    model that transformers loads as `AutoModelForImageTextToText` and that has a chat template
    (Qwen2.5-VL, Qwen3-VL, SmolVLM, LLaVA, …). `prompt` is "default" or words of your own. With
    `refine` ("default", or words with `{caption}` in them) the model is shown the picture and its
    first caption once more, and its second answer is kept. Pictures are reduced to `side` pixels on
    the short side, then as the model's own processor does it; `decoder="card"` decodes and reduces
    JPEG files on a GPU (see `image.embedding`).

    At every step the likeliest token is taken, up to `max_tokens`, so that a picture gets the same
    caption every time; in bfloat16 (`precision="auto"`: on a GPU that multiplies it) one token may
    turn on which `batch` pictures were computed together, with `batch=1` none does. Where memory
    ends, batches are halved. Unreadable pictures have none, nor those to which the
    model answers with nothing. Needs `pip install 'tamis[image-models,text-models]'`.

    >>> import tamis
    >>> step = tamis.Score("image.caption", model="SmolVLM-500M-Instruct", refine="default")
    """
    asked = captioner(
        "picture", model=model, revision=revision, prompt=prompt, refine=refine, tokens=max_tokens,
        batch=batch, frames_as="images", precision=precision, device=device,
        trusted=trust_remote_code,
    )  # fmt: skip

    def shown() -> Iterator[tuple[int, Shown]]:
        for row in range(len(captioned)):
            pixels = captioned[row]
            if pixels is not None:
                yield row, Shown(pixels[None])

    found: list[str | None] = [None] * len(captioned)
    said = dict(asked.captions(shown()))
    for row, text in zip(said, answers("caption", model, list(said.values())), strict=True):
        found[row] = text
    return found
