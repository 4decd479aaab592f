"""The examples in the docstrings of modules that users call."""

import doctest
import importlib

import pytest

MODULES = [
    "audio.decode",
    "audio.formats",
    "audio.header",
    "audio.views",
    "decontamination.pieces",
    "decontamination.step",
    "accelerator",
    "engines",
    "dedup.duplicates",
    "dedup.exact",
    "dedup.fuzzy",
    "dedup.hashes",
    "dedup.looking",
    "dedup.perceptual",
    "dedup.radius",
    "difference",
    "exhibits.sheet",
    "exhibits.subject",
    "image.caption_prompts",
    "image.header",
    "video.frame_windows",
    "doctor",
    "media.resizing",
    "places",
    "image.training",
    "audio.encode",
    "io.braces",
    "io.download_address",
    "io.download_http",
    "io.extensions",
    "io.media_paths",
    "io.nemo_rows",
    "io.sample_names",
    "io.speech_rows",
    "io.transcripts",
    "media.ahead",
    "media.pieces",
    "media.reader",
    "media.sandbox",
    "media.sandbox_wire",
    "named_files",
    "prompting.limits",
    "prompting.pictures",
    "prompting.step",
    "prompting.template",
    "results",
    "sets.blending",
    "sets.buckets",
    "sets.ids",
    "sets.reassembling",
    "sets.repartitioning",
    "sets.sampling",
    "sets.shuffling",
    "sets.splitting",
    "showing",
    "training.fasttext",
    "training.linear",
    "training.metrics",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    done = doctest.testmod(importlib.import_module(f"tamis.{name}"), optionflags=doctest.ELLIPSIS)
    assert done.attempted and not done.failed
