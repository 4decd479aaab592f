"""Captions of clips by a vision-language model, window by window."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.codes import BadRecord
from tamis.image.captioner import (
    BATCH,
    TOKENS,
    FramesAs,
    Precision,
    Shown,
    caption_packages,
    captioner,
)
from tamis.media.decoded import Decoded
from tamis.op import measure
from tamis.unanswered import answers, why
from tamis.video.frame_windows import FrameWindows


@measure(dtype="string", heavy=True, needs=caption_packages, why=why, namespace="video")
def caption(
    frame_windows: Decoded[FrameWindows],
    *,
    model: str,
    revision: str | None = None,
    trust_remote_code: bool = False,
    prompt: str = "default",
    refine: str | None = None,
    max_tokens: int = TOKENS,
    batch: int = BATCH,
    frames_as: FramesAs = "auto",
    precision: Precision = "auto",
    device: str | None = None,
) -> list[str | None]:
    """What a vision-language model says of a clip: the captions of its windows.

    A window has `window` frames (256; what is left behind the last is one from `remainder`, 128,
    on), and `fps` of them a second are shown to the model, reduced to `short_side` pixels. Each
    gets a caption of its own; the captions of a clip are joined by an empty line. Where a row each
    is wanted, cut clips with `video.windows` first.

    `model`, `revision`, `refine`, `max_tokens`, `batch`, `precision` and `device` are those of
    `image.caption`. `prompt` is "default", "av" (taken from a vehicle), "av-surveillance" (by a
    camera that watches traffic), or words of your own. `frames_as` gives frames as a "video" to
    models that take such ("auto"), else, or with "images", as so many pictures. Unreadable videos
    have none; a window to which the model answers with nothing is left out. Needs
    `pip install 'tamis[video,image-models,text-models]'`. Source of the defaults of `fps`,
    `window`, `remainder` and `max_tokens`: NVIDIA NeMo Curator, which captions clips with
    Qwen2.5-VL-7B-Instruct.

    >>> import tamis
    >>> step = tamis.Score("video.caption", model="Qwen2.5-VL-7B-Instruct", prompt="av")
    """
    asked = captioner(
        "video", model=model, revision=revision, prompt=prompt, refine=refine, tokens=max_tokens,
        batch=batch, frames_as=frames_as, precision=precision, device=device,
        trusted=trust_remote_code,
    )  # fmt: skip
    broken: dict[int, BadRecord] = {}

    def shown() -> Iterator[tuple[int, Shown]]:
        for row in range(len(frame_windows)):
            clip = frame_windows[row]
            try:
                for window, frames in () if clip is None else clip:
                    yield row, Shown(frames.pixels, window.rate(len(frames.times)))
            except BadRecord as bad:
                broken[row] = bad

    said: dict[int, list[str]] = {}
    for row, text in asked.captions(shown()):
        said.setdefault(row, []).extend([text] if text.strip() else [])
    for row, bad in broken.items():
        frame_windows.refuse(row, bad)
        said.pop(row, None)
    for row in range(len(frame_windows)):
        if row not in said and row not in broken and frame_windows[row] is not None:
            nothing = BadRecord("video.empty", "no frame could be decoded")
            frame_windows.refuse(row, nothing)
    captions = answers("caption", model, ["\n\n".join(windows) for windows in said.values()])
    found = dict(zip(said, captions, strict=True))
    return [found.get(row) for row in range(len(frame_windows))]
