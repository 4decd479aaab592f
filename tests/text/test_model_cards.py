"""Published classifiers against what their model cards print: what becomes of the last layer.

The weights themselves are not at hand. A model of the published layout whose heads give the printed
probabilities goes the whole way, from its files to the columns.
"""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import tiny_classifiers
from tamis import Filter, text
from tamis.errors import SettingError
from tamis.text.class_models import _backbone, _config
from tamis.text.class_presets import BACKBONES, PRESETS
from tamis.text.safety import CATEGORIES, LABELS

PROMPT = "Write a Python script that uses a for loop."
# huggingface.co/nvidia/prompt-task-and-complexity-classifier: the maps of its config.json as
# remembered, the values below as its README.md prints them
TASKS = (
    "Brainstorming", "Chatbot", "Classification", "Closed QA", "Code Generation", "Extraction",
    "Open QA", "Other", "Rewrite", "Summarization", "Text Generation", "Unknown",
)  # fmt: skip
WEIGHTS = {
    "creativity_scope": [2, 1, 0], "reasoning": [0, 1], "contextual_knowledge": [0, 1],
    "number_of_few_shots": [0, 1, 2, 3, 4, 5], "domain_knowledge": [3, 1, 2, 0],
    "no_label_reason": [0], "constraint_ct": [1, 0],
}  # fmt: skip
DIVISORS = dict.fromkeys(WEIGHTS, 1) | {"creativity_scope": 2, "domain_knowledge": 3}
CARD = {  # "How to use in transformers"
    "creativity_scope": 0.0826, "reasoning": 0.0632, "contextual_knowledge": 0.056,
    "number_of_few_shots": 0, "domain_knowledge": 0.9803, "no_label_reason": 0.0,
    "constraint_ct": 0.5578,
}  # fmt: skip
NGC = {  # catalog.ngc.nvidia.com, the same model: "Write a mystery set in a small town …"
    "creativity_scope": 0.867, "reasoning": 0.056, "contextual_knowledge": 0.048,
    "number_of_few_shots": 0, "domain_knowledge": 0.226, "constraint_ct": 0.785,
}  # fmt: skip


def chances(wanted, weights, divisor):
    """Probabilities of classes of which that dimension comes: the heaviest, and one of weight 0."""
    most = int(np.argmax(weights))
    found = np.zeros(len(weights))
    if max(weights) == 0:
        return np.full(len(weights), 1 / len(weights))
    found[most] = wanted * divisor / weights[most]
    found[weights.index(0)] += 1 - found[most]
    return found


def prompts(folder, dimensions, tasks):
    """The layout of NVIDIA's classifier of prompts, its heads saying the same of every text."""
    tiny_classifiers.prompt_heads(folder)
    state, told = load_file(folder / "model.safetensors"), _config(str(folder), None)
    heads = {"task_type": tasks} | {
        name: chances(dimensions.get(name, 0.0), weights, DIVISORS[name])
        for name, weights in WEIGHTS.items()
    }
    state = {k: v for k, v in state.items() if not k.startswith("head_")}
    for number, found in enumerate(heads.values()):
        state[f"head_{number}.fc.weight"] = np.zeros((len(found), 32), np.float32)
        state[f"head_{number}.fc.bias"] = np.log(np.maximum(found, 1e-30)).astype(np.float32)
    save_file(state, folder / "model.safetensors")
    told |= {
        "target_sizes": {name: len(found) for name, found in heads.items()},
        "task_type_map": {str(k): name for k, name in enumerate(TASKS)},
        "weights_map": WEIGHTS, "divisor_map": DIVISORS,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told))
    return {"model": str(folder), "preset": "prompt-task-and-complexity-classifier"}


def test_prompts_as_their_card_prints_them(tmp_path):
    tasks = np.full(len(TASKS), (1 - 0.767 - 0.15) / 10)
    tasks[TASKS.index("Code Generation")], tasks[TASKS.index("Text Generation")] = 0.767, 0.15
    asked = prompts(tmp_path / "card" / "model", CARD, tasks)
    assert text.prompt_complexity(PROMPT, **asked) == 0.27822  # as printed, digit by digit
    for name, value in CARD.items():
        assert text.prompt_complexity(PROMPT, dimension=name, **asked) == value
    assert text.prompt_task(PROMPT, **asked) == "Code Generation"
    assert text.prompt_task(PROMPT, place=2, **asked) == "Text Generation"
    sure = text.class_score(PROMPT, head="task_type", **asked)
    assert round(sure, 3) == 0.767  # the card's task_type_prob


def test_another_prompt_of_theirs(tmp_path):
    asked = prompts(tmp_path / "ngc" / "model", NGC, np.full(len(TASKS), 1 / len(TASKS)))
    found = text.prompt_complexity("Write a mystery set in a small town.", **asked)
    assert abs(found - 0.472) <= 0.0006  # what is printed comes of dimensions not yet rounded
    assert text.prompt_task("Write a mystery.", place=2, **asked) == "NA"  # 1/12 is under 0.1


@pytest.mark.parametrize(
    "preset", [name for name, one in PRESETS.items() if one.bounds == (0.0, 5.0)]
)
def test_values_as_their_cards_round_them(tmp_path, preset):
    """`int(round(max(0, min(score, 5))))` (FineWeb-Edu, FineMath, NemoCurator's two).

    The number of the first card's example, 0.0796…, is its own; others lie where the rule turns.
    """
    place = tmp_path / "value"
    tiny_classifiers.sequence_classifier(place, ("LABEL_0",))
    state = load_file(place / "model.safetensors")
    state["classifier.weight"][:] = 0
    for number in (0.07964489609003067, -0.7, 0.5, 1.5, 2.4999, 2.5, 3.499, 5.3):
        state["classifier.bias"][:] = number
        save_file(state, place / "model.safetensors", {"format": "pt"})
        raw = float(np.float32(number))
        asked = {"model": str(place), "preset": preset}
        said = "This is a test sentence."
        assert text.class_score(said, **asked) == max(0, min(raw, 5))
        assert text.class_score(said, whole=True, **asked) == round(max(0, min(raw, 5)))
        if PRESETS[preset].split is not None:  # NeMo Curator: high quality from 2.5
            wanted = "high_quality" if raw >= 2.5 else "low_quality"
            assert text.class_label(said, **asked) == wanted


# as the card of nvidia/quality-classifier-deberta lists them: the best first
QUALITY = {"0": "High", "1": "Medium", "2": "Low"}


def test_labels_come_in_the_order_of_the_outputs(tmp_path):
    """id2label is read by its numbers: "10" comes behind "9", whatever the order of the file."""
    names = {str(k): f"class_{k}" for k in range(26)}
    place = tmp_path / "domains" / "model"
    tiny_classifiers.linear_head(place, tuple(names.values()))
    told = _config(str(place), None)
    shuffled = dict(sorted(names.items()))  # "0", "1", "10", "11", "2", …
    (place / "config.json").write_text(json.dumps(told | {"id2label": shuffled}))
    state = load_file(place / "model.safetensors")
    state["fc.weight"][:], state["fc.bias"][:] = 0, 0
    state["fc.bias"][11] = 9
    save_file(state, place / "model.safetensors")
    assert text.class_label("a cat", model=str(place), preset="domain-classifier") == "class_11"


def test_quality_is_best_first(tmp_path):
    place = tmp_path / "quality" / "model"
    tiny_classifiers.linear_head(place, tuple(QUALITY.values()))
    state = load_file(place / "model.safetensors")
    state["fc.weight"][:], state["fc.bias"][:] = 0, [0.1, 0.7, 0.2]
    save_file(state, place / "model.safetensors")
    asked = {"model": str(place), "preset": "quality-classifier-deberta"}
    powers = np.exp([0.1, 0.7, 0.2])
    found = text.class_scores("a cat", classes=3, **asked)
    np.testing.assert_allclose(found, powers / powers.sum(), atol=1e-6)
    assert text.class_label("a cat", **asked) == "Medium"
    with pytest.raises(SettingError, match="is never that"):
        Filter(text.class_label, isin=["Hihg"], **asked)


def test_how_much_is_read_of_a_text_as_published():
    """NeMo Curator's stages: max_chars and max_seq_length of each (facts of its documentation)."""
    published = {
        "domain-classifier": (2000, 512), "multilingual-domain-classifier": (2000, 512),
        "quality-classifier-deberta": (6000, 1024), "content-type-classifier-deberta": (5000, 1024),
        "prompt-task-and-complexity-classifier": (2000, 512),
        "fineweb-edu-classifier": (None, 512),
        "nemocurator-fineweb-mixtral-edu-classifier": (None, 512),
        "nemocurator-fineweb-nemotron-4-edu-classifier": (None, 512),
        "finemath-classifier": (10_000, 512),
    }  # fmt: skip
    assert {name: (one.max_chars, one.tokens) for name, one in PRESETS.items()} == published
    assert len(LABELS) == 15 and tuple(f"O{k}" for k in range(1, 14)) == CATEGORIES


def test_the_backbones_are_of_the_published_size():
    """DeBERTa-v3-base has 184 million weights (86, and 98 of embeddings), mDeBERTa-v3-base 279."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    for name, millions in (("microsoft/deberta-v3-base", 184), ("microsoft/mdeberta-v3-base", 279)):
        assert name in BACKBONES
        with torch.device("meta"):
            made = _backbone(name, None)
        count = sum(one.numel() for one in made.parameters())
        assert round(count / 1e6) == pytest.approx(millions, abs=1), (name, count)
        assert isinstance(made, transformers.DebertaV2Model)
