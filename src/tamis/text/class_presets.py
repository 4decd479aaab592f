"""Published classifiers of text: how much of a text each reads, and what its numbers mean.

What is not in a model's own files stands here. As NeMo Curator calls them (v0.9 and 1.x), and as
remembered of the model cards where that says nothing.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Crop = Literal["start", "centre"]
Name = Literal[
    "domain-classifier",
    "multilingual-domain-classifier",
    "quality-classifier-deberta",
    "content-type-classifier-deberta",
    "prompt-task-and-complexity-classifier",
    "fineweb-edu-classifier",
    "nemocurator-fineweb-mixtral-edu-classifier",
    "nemocurator-fineweb-nemotron-4-edu-classifier",
    "finemath-classifier",
]
EDUCATION = (0.0, 5.0)


class Preset(NamedTuple):
    """How a published classifier is asked."""

    hub: str
    about: str
    max_chars: int | None = None
    tokens: int | None = 512
    crop: Crop = "start"
    bounds: tuple[float, float] | None = None  # a value beyond is brought to the nearest
    split: float | None = None  # of a value: from here "high_quality", below "low_quality"


HALVES = ("low_quality", "high_quality")
PRESETS = {
    preset.hub.rpartition("/")[2]: preset
    for preset in (
        Preset("nvidia/domain-classifier", "26 domains of English pages", 2000),
        Preset("nvidia/multilingual-domain-classifier", "26 domains in 52 languages", 2000),
        Preset("nvidia/quality-classifier-deberta", "High, Medium, Low", 6000, 1024),
        Preset("nvidia/content-type-classifier-deberta", "11 types of speech", 5000, 1024),
        Preset("nvidia/prompt-task-and-complexity-classifier", "8 heads on prompts", 2000),
        Preset(
            "HuggingFaceFW/fineweb-edu-classifier", "educational value",
            bounds=EDUCATION, split=2.5,
        ),
        Preset(
            "nvidia/nemocurator-fineweb-mixtral-edu-classifier", "educational value",
            bounds=EDUCATION, split=2.5,
        ),
        Preset(
            "nvidia/nemocurator-fineweb-nemotron-4-edu-classifier", "educational value",
            bounds=EDUCATION, split=2.5,
        ),
        Preset(
            "HuggingFaceTB/finemath-classifier", "mathematical value", 10_000, crop="centre",
            bounds=EDUCATION,
        ),
    )
}  # fmt: skip

BACKBONES = {
    name: {
        "model_type": "deberta-v2", "vocab_size": words, "hidden_size": 768,
        "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "max_position_embeddings": 512, "type_vocab_size": 0, "layer_norm_eps": 1e-7,
        "relative_attention": True, "position_buckets": 256, "norm_rel_ebd": "layer_norm",
        "share_att_key": True, "pos_att_type": ["p2c", "c2p"], "max_relative_positions": -1,
        "position_biased_input": False,
    }
    for name, words in (("microsoft/deberta-v3-base", 128_100),
                        ("microsoft/mdeberta-v3-base", 251_000))
}  # fmt: skip
"""The shapes of backbones that NVIDIA's classifiers name, and of which they hold the weights."""


def preset_of(preset: Name | None, model: str) -> Preset:
    """The preset that is named, else that of a model's name on the hub, else one of no rules."""
    if preset is None:
        known = {one.hub: one for one in PRESETS.values()}
        return known.get(model, Preset("", "", tokens=None))
    return PRESETS[preset]


def labels_of(config: dict[str, Any]) -> tuple[str, ...]:
    """The labels of a config.json, in the order of the outputs."""
    names = config.get("id2label") or {}
    if names:
        return tuple(str(names[key]) for key in sorted(names, key=int))
    numbers = config.get("label2id") or {}
    return tuple(str(name) for name in sorted(numbers, key=numbers.__getitem__))


def heads_labels(config: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The labels of heads that a config.json names: `labels`, and NVIDIA's `task_type_map`."""
    found = {name: tuple(map(str, names)) for name, names in config.get("labels", {}).items()}
    tasks = config.get("task_type_map") or {}
    if tasks:
        found["task_type"] = tuple(str(tasks[key]) for key in sorted(tasks, key=int))
    return found
