"""Which fields of published benchmarks make their texts, named as the Hugging Face hub has them.

A field is a path: `choices.text` is `text` within `choices`; of a list every item is a text. `a+b`
joins `a` with each of `b` by a space, as a cloze task is read. Passages that questions are asked
about are mostly of Wikipedia, news or books: what holds them has not seen the task, so they are
texts only where asked for. The tasks are those of NeMo Curator's decontamination (all but one,
"NumDasc", of which no data set of that name is known) and others that are much reported.
"""

from __future__ import annotations

from typing import NamedTuple


class Task(NamedTuple):
    """Fields of a benchmark: those that are its own, and the passages that it asks about."""

    fields: tuple[str, ...]
    passages: tuple[str, ...] = ()


def _task(fields: str, passages: str = "") -> Task:
    return Task(tuple(fields.split()), tuple(passages.split()))


_PAIR = _task("premise hypothesis premise+hypothesis")
_CHOICES = _task("question choices.text question+choices.text")
_COPA = _task("premise choice1 choice2 premise+choice1 premise+choice2")

TASKS: dict[str, Task] = {
    "agieval": _task("question options question+options", "passage"),
    "anli": _task("hypothesis", "premise"),
    "arc_challenge": _CHOICES,
    "arc_easy": _CHOICES,
    "bbh": _task("input target"),
    "bigbench": _task("inputs targets"),
    "boolq": _task("question", "passage"),
    "cb": _PAIR,
    "cola": _task("sentence"),
    "commonsense_qa": _CHOICES,
    "copa": _COPA,
    "coqa": _task("questions", "story"),
    "drop": _task("question", "passage"),
    "gpqa": _task("Question Explanation"),
    "gsm8k": _task("question answer question+answer"),
    "hellaswag": _task("ctx endings ctx+endings"),
    "humaneval": _task("prompt canonical_solution prompt+canonical_solution"),
    "ifeval": _task("prompt"),
    "lambada": _task("text"),
    "logiqa": _task("query options query+options", "context"),
    "math": _task("problem solution problem+solution"),
    "mbpp": _task("text prompt code"),
    "medmcqa": _task("question opa opb opc opd exp"),
    "medqa": _task("question question+answer"),
    "mgsm": _task("question answer question+answer"),
    "mmlu": _task("question choices question+choices"),
    "mmlu_pro": _task("question options question+options"),
    "mnli": _PAIR,
    "mrpc": _task("sentence1 sentence2"),
    "multilingual_lambada": _task("text"),
    "multirc": _task("question answer question+answer", "paragraph"),
    "nq_open": _task("question"),
    "openbookqa": _task("question_stem choices.text question_stem+choices.text"),
    "piqa": _task("goal sol1 sol2 goal+sol1 goal+sol2"),
    "pubmedqa": _task("question long_answer", "context.contexts"),
    "qnli": _task("question", "sentence"),
    "qqp": _task("question1 question2"),
    "quac": _task("questions", "context"),
    "race": _task("question options question+options", "article"),
    "record": _task("query", "passage"),
    "rte": _PAIR,
    "sciq": _task("question question+correct_answer", "support"),
    "siqa": _task("context question context+question answerA answerB answerC"),
    "squad": _task("question", "context"),
    "sst2": _task("sentence"),
    "story_cloze": _task(
        "input_sentence_1 input_sentence_2 input_sentence_3 input_sentence_4 sentence_quiz1 "
        "sentence_quiz2 input_sentence_1+input_sentence_2+input_sentence_3+input_sentence_4"
    ),
    "triviaqa": _task("question"),
    "truthfulqa": _task("question best_answer correct_answers incorrect_answers"),
    "web_questions": _task("question"),
    "wic": _task("sentence1 sentence2"),
    "winogrande": _task("sentence"),
    "wsc": _task("text"),
    "xcopa": _COPA,
    "xnli": _PAIR,
}
