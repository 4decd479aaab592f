"""Safety by Llama Guard with NVIDIA's Aegis adapters, and poisoned instructions by its states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.named_files import states
from tamis.op import measure, view
from tamis.text.class_presets import Preset
from tamis.text.classified import ROWS, Classified, Precision

CATEGORIES = tuple(f"O{number}" for number in range(1, 14))
LABELS = ("safe", *CATEGORIES, "unknown")
NEEDS = {"text-models": ("torch", "transformers", "peft", "accelerate")}
ASKED = Preset("", "")


@view(rows=ROWS, needs=NEEDS)
def safety_answered(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str,
    adapter: str,
    prompt: str,
    revision: str | None = None,
    adapter_revision: str | None = None,
    max_chars: int = 6000,
    precision: Precision = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> Classified:
    """What Llama Guard answers about texts; see `text.safety_label`."""

    def load() -> Any:
        return _guard(model, revision, adapter, adapter_revision, device, precision, batch)

    def say(guard: Any, texts: list[str]) -> Any:
        return guard.answers(_template(prompt), [one[:max_chars] for one in texts])

    return Classified(text, blank, adapter, ASKED, load, say)


@view(rows=ROWS, needs=NEEDS)
def guard_states(
    text: pd.Series,
    blank: np.ndarray,
    *,
    model: str,
    adapter: str,
    head: str,
    revision: str | None = None,
    adapter_revision: str | None = None,
    head_revision: str | None = None,
    max_chars: int | None = None,
    precision: Precision = "auto",
    batch: int | None = None,
    device: str | None = None,
) -> Classified:
    """What Instruction Data Guard says of the hidden states of texts."""

    def load() -> Any:
        from tamis.text.safety_models import poisoning_head

        guard = _guard(model, revision, adapter, adapter_revision, device, precision, batch)
        return guard, poisoning_head(head, head_revision, tuple(states(head)))

    def say(both: Any, texts: list[str]) -> Any:
        guard, network = both
        return network(guard.states([one[:max_chars] for one in texts]))

    return Classified(text, blank, head, ASKED, load, say)


@measure(dtype="string", null_where="blank", heavy=True, values=LABELS)
def safety_label(
    safety_answered: Classified, *, model: str, adapter: str, prompt: str
) -> list[str | None]:
    """Whether a text is safe by Llama Guard with Aegis: "safe", "O1" to "O13" or "unknown".

    `model` is meta-llama/LlamaGuard-7b and `adapter` one of
    nvidia/Aegis-AI-Content-Safety-LlamaGuard-Defensive-1.0 and -Permissive-1.0: folders, or these
    names with the commits of `revision` and `adapter_revision`. `prompt` is a file with the prompt
    of the adapter's model card, in which `{text}` stands where the text goes; it is not part of
    tamis. Of a text `max_chars` are shown, and less where 4,096 tokens have no room for both.

    The likeliest tokens are taken, no others drawn. The first line of the answer is "safe" or
    "unsafe", the second the one category; everything else is "unknown" (`text.safety_answer` has
    the words). bfloat16 on a GPU and float32 on a CPU. Needs `pip install 'tamis[text-models]'`.
    Source: S. Ghosh et al., 2024 (Aegis); read as NeMo Curator's AegisClassifier does.
    """
    return [None if said is None else parsed(said) for said in safety_answered.of_all()]


@measure(dtype="string", null_where="blank", heavy=True)
def safety_answer(
    safety_answered: Classified, *, model: str, adapter: str, prompt: str
) -> list[str | None]:
    """The beginning of what Llama Guard answered, of which `text.safety_label` reads the label."""
    return list(safety_answered.of_all())


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True)
def poisoning_score(guard_states: Classified, *, model: str, adapter: str, head: str) -> np.ndarray:
    """How likely an instruction with its answer is poisoned, by Instruction Data Guard: 0 to 1.

    The text is "Instruction: … Input: … Response: …", in English; from 0.5 it is called poisoned,
    with false positives to look at. `head` is nvidia/instruction-data-guard (`head_revision`),
    which reads the last hidden state of the last token of `model` with `adapter`, the defensive one
    of `text.safety_label`. Source: NeMo Curator, InstructionDataGuardClassifier.
    """
    found = [np.nan if value is None else float(value) for value in guard_states.of_all()]
    return np.array(found, np.float64)


def parsed(answer: str) -> str:
    """The label that an answer of Llama Guard gives.

    >>> parsed("safe"), parsed("unsafe\\nO3"), parsed("unsafe\\nO3, O4"), parsed("I am not sure")
    ('safe', 'O3', 'unknown', 'unknown')
    """
    first, *others = (line.strip() for line in answer.split("\n"))
    if first == "unsafe" and others and others[0] in CATEGORIES:
        return others[0]
    return "safe" if first == "safe" else "unknown"


def _guard(
    model: str, revision: str | None, adapter: str, adapter_revision: str | None,
    device: str | None, precision: str, batch: int | None,
) -> Any:  # fmt: skip
    from tamis.text.safety_models import guard_model

    files = tuple(states((model, adapter)))
    return guard_model(model, revision, adapter, adapter_revision, device, precision, batch, files)


def _template(file: str) -> str:
    try:
        template = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"prompt={file!r} cannot be read ({error}); it is a file with the prompt of the model "
            "card, in which {text} stands for the text"
        ) from None
    if template.count("{text}") != 1:
        raise SettingError(
            f"prompt={file!r} names {{text}} {template.count('{text}')} times, not once"
        )
    return template
