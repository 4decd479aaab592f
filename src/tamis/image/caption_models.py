"""Vision-language models of transformers, each loaded at most once per process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tamis.checkpoints import greedy, packages, pinned, understood
from tamis.errors import DataError, SettingError
from tamis.image.captioner import Shown
from tamis.media.turns import turns_on
from tamis.own_code import allowed
from tamis.processor import torch_device
from tamis.resources import resource
from tamis.torchvision import mend_torchvision

EXTRA = "pip install 'tamis[image-models,text-models]'"


@resource
def caption_model(
    model: str, revision: str | None, device: str | None, precision: str, frames_as: str,
    files: tuple[Any, ...], trusted: bool = False,
) -> VisionLanguage:  # fmt: skip
    """A model in a folder, or on the hub at a pinned `revision`, with its processor.

    `files` are the state of those in the folder, so that what has changed is loaded anew. Weights
    are read as safetensors or as weights only; code that a model brings along is run only if
    `trusted`.
    """
    pinned(model, revision)
    with packages(model, EXTRA), understood(model, None, revision):
        import torch

        mend_torchvision(torch)
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging

        logging.disable_progress_bar()  # of weights; a run has a bar of its own
        where = torch_device(torch, device)
        able = where.type == "cuda" and torch.cuda.is_bf16_supported()
        half = precision == "bfloat16" or (precision == "auto" and able)
        code = allowed(model, revision, trusted)
        more: dict[str, Any] = {"revision": revision, "trust_remote_code": code}
        processor = AutoProcessor.from_pretrained(model, **more)
        found: Any = AutoModelForImageTextToText.from_pretrained(
            model, dtype=torch.bfloat16 if half else torch.float32, output_loading_info=True, **more
        )
    network, told = found
    if told["missing_keys"]:
        lacking = ", ".join(sorted(told["missing_keys"])[:4])
        raise DataError(f"the model {model!r} is not complete: it lacks {lacking}")
    if not getattr(processor, "chat_template", None):
        raise DataError(f"the model {model!r} has no chat template, so it cannot be asked")
    moving = getattr(processor, "video_processor", None) is not None
    if frames_as == "video" and not moving:
        raise SettingError(
            f'the model {model!r} takes no videos: frames_as="images" gives it their frames'
        )
    return VisionLanguage(
        torch, network.to(where).eval(), processor, where, moving and frames_as != "images"
    )


class VisionLanguage:
    """A network on its device with its processor; `moving`: frames are given to it as a video."""

    def __init__(self, torch: Any, network: Any, processor: Any, where: Any, moving: bool) -> None:
        self.torch, self.network, self.processor = torch, network, processor
        self.where, self.moving = where, moving
        self._turns = turns_on(torch, where.type)
        tokenizer = processor.tokenizer
        tokenizer.padding_side = "left"  # what is said goes on from the end
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._settings = greedy(network, tokenizer)

    def say(self, shown: Sequence[Shown], asked: Sequence[str], tokens: int) -> list[str]:
        """What the model says of each, its likeliest token at every step, `tokens` at most."""
        given = self.inputs(shown, asked).to(self.where, dtype=self.network.dtype)
        with self._turns, self.torch.inference_mode():
            made = self.network.generate(**given, max_new_tokens=tokens, **self._settings)
        said = made[:, given["input_ids"].shape[1] :]
        decoded = self.processor.tokenizer.batch_decode(said, skip_special_tokens=True)
        return [text.strip() for text in decoded]

    def inputs(self, shown: Sequence[Shown], asked: Sequence[str]) -> Any:
        """What the network takes: all of them are videos, or all pictures."""
        video = self.moving and shown[0].fps is not None
        texts = [self._text(s, words, video) for s, words in zip(shown, asked, strict=True)]
        more: dict[str, Any] = {}
        if video:
            more = {
                "videos": [one.pixels for one in shown],
                "video_metadata": [_metadata(one) for one in shown],
                "do_sample_frames": False,  # they have been chosen
            }
        else:
            more = {"images": [list(one.pixels) for one in shown]}
        return self.processor(
            text=texts, padding=True, return_tensors="pt", input_data_format="channels_last", **more
        )

    def _text(self, shown: Shown, words: str, video: bool) -> str:
        parts = [{"type": "video"}] if video else [{"type": "image"}] * len(shown.pixels)
        message = {"role": "user", "content": [*parts, {"type": "text", "text": words}]}
        text: str = self.processor.apply_chat_template(
            [message], add_generation_prompt=True, tokenize=False
        )
        return text


def _metadata(shown: Shown) -> dict[str, Any]:
    count, height, width = shown.pixels.shape[:3]
    fps = shown.fps or 1.0
    return {
        "total_num_frames": count, "fps": fps, "duration": count / fps, "height": height,
        "width": width, "frames_indices": list(range(count)),
    }  # fmt: skip
