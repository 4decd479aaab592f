"""What models answered: remarks before an answer, refusals, agreement of two verdicts, turns as
messages."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from tamis.frame import STRING
from tamis.op import edit, measure
from tamis.text.editing import rewritten

# "Sure! Here is the rewritten text:", "**Rewritten text:**", "Certainly. Below is a summary: …"
_WHAT = (
    r"text|version|translation|passage|summary|article|answer|question|message|task|statement"
    r"|rewrit|rephras|paraphras|condens|simplif|revis|translat"
)
_PREAMBLE = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^\n:]{0,40}[!,.:]\s*)?[*_#\s]*"
    rf"(?:(?:here(?:['’]s| is| are)|below (?:is|are))\b[^\n:]{{0,100}}?\b(?:{_WHAT})[^\n:]{{0,60}}"
    rf"|(?:(?:re|para)\w+ed|rewritten|condensed|simplified|translated)\s+(?:{_WHAT})|translation)"
    r"[*_]*:[*_]*[ \t]*(?:\r?\n+|(?=\S))",
    re.IGNORECASE,
)
_SURE = re.compile(r"\A\s*(?:sure|certainly|of course|absolutely)[!.][ \t]*\n+", re.IGNORECASE)


_SORRY = (
    r"(?:i(?:[’']m| am)? (?:so |very |really |deeply )?(?:sorry|afraid|apologi[sz]e)"
    r"|(?:my )?apologies|sorry|unfortunately)\b[^.\n]{0,80}?"
)
_ABLE = (
    r"\b(?:i can(?:not|[’']?t| not)|i(?: am|[’']m) (?:not able|unable) to"
    r"|i (?:won[’']?t|will not|must decline to))"
)
_DO = (
    r"(?:(?:assist|help|comply|engage|continue)\b(?! but)"
    r"|(?:provide|fulfil+|answer|complete|create|generate|write|rewrite|translate|summari[sz]e"
    r"|process|produce|discuss|do|see|find|access)"
    r"\b(?= (?:that|this|these|such|it|any|the|your|you|a|an)\b))"
)
_MACHINE = r"as an? (?:ai|artificial intelligence|(?:large )?language model)\b[^.\n]{0,60}\bi\b"
_NO_TEXT = (
    r"(?:it (?:seems|looks like|appears)(?: that)?|i notice|i[’']m sorry,? but|unfortunately,?) "
    r"(?:you|the|there|no)\b[^.\n]{0,60}\b(?:not|n[’']t|forgot|missing|empty|no)\b[^.\n]{0,40}"
    r"\b(?:text|passage|document|article|question|content)\b[^.\n]{0,60}"
)
_ASKS = (
    r"(?:please|could you(?: please)?|can you(?: please)?) (?:provide|share|send|paste)(?: me)?"
    r"(?: with)? (?:the|a|some|your) (?:\w+ ){0,2}(?:text|passage|document|article|content)\b"
)
_REFUSED = re.compile(
    r"\A[\s*_#\"“]*"
    rf"(?:(?:{_SORRY})?{_ABLE} {_DO}|(?:[^.\n]{{0,60}}\b)?{_MACHINE}|{_NO_TEXT}|{_ASKS})",
    re.IGNORECASE,
)


@measure(dtype="boolean")
def refusal(text: pd.Series) -> pd.Series:
    """Whether an answer begins by refusing, or by asking for the text that it was given.

    "I'm sorry, but I can't help with that.", "As an AI language model, I …", "It seems that you did
    not provide a text.": in English. Endpoints give such answers as any other. What only speaks of
    refusals, or refuses later, is none. Null if the text is null.

    >>> refusal("I'm sorry, but I can't assist with that request.")
    True
    >>> refusal("I can't help but smile: cats sleep all day.")
    False
    """
    said = [bool(_REFUSED.match(t)) if isinstance(t, str) else pd.NA for t in text.array]
    return pd.Series(said, text.index, dtype="boolean")


@edit()
def remove_preamble(text: pd.Series) -> pd.Series:
    """Cut off the remark with which a model begins an answer, where it ends with a colon.

    "Sure! Here is the rewritten text:", "**Translation:**", and "Certainly!" on a line of its own,
    in English. What begins otherwise stays as it is. NeMo Curator's Nemotron-CC stages cut off the
    prefixes that their prompts are known to lead to.

    >>> remove_preamble("Sure! Here is the rewritten text:\\n\\nCats sleep.")
    'Cats sleep.'
    >>> remove_preamble("Here is where cats sleep.")
    'Here is where cats sleep.'
    """
    return rewritten(text, np.ones(len(text), bool), _without)


def _without(text: str) -> str:
    for pattern in (_PREAMBLE, _SURE):
        found = pattern.match(text)
        if found is not None and text[found.end() :].strip():
            return text[found.end() :].lstrip()
    return text


@measure(dtype="string")
def agreed_winner(better: pd.Series, better_swapped: pd.Series) -> pd.Series:
    """Which of two answers won both times: "a", "b", "tie", or "unsure" where the order decided.

    `better` says of (a, b), `better_swapped` of (b, a), which was better: "first", "second" or
    "tie". Null if one of them is null or something else.
    Source: L. Zheng et al., 2023, arXiv:2306.05685 (a win counts if it stands in both orders).

    >>> agreed_winner("first", "second"), agreed_winner("first", "first")
    ('a', 'unsure')
    """
    one = better.map({"first": "a", "second": "b", "tie": "tie"})
    two = better_swapped.map({"first": "b", "second": "a", "tie": "tie"})
    found = one.where((one == two).fillna(False).to_numpy(bool), "unsure")
    known = (one.notna() & two.notna()).to_numpy(bool)
    return found.where(known, None).astype(STRING)


@measure(dtype="string")
def conversation(
    question: pd.Series,
    answer: pd.Series,
    question_2: pd.Series,
    answer_2: pd.Series,
    question_3: pd.Series,
    answer_3: pd.Series,
) -> pd.Series:
    """Three turns of a user and an assistant as messages, in JSON: `[{"role", "content"}, …]`.

    It ends before the first turn that is null or empty; null where the first one is. In this form
    chat models are trained and asked.

    >>> conversation("Hi", "Hello", "Bye", "See you", None, None)[-44:]
    '{"role": "assistant", "content": "See you"}]'
    """
    turns = zip(
        question.array, answer.array, question_2.array, answer_2.array, question_3.array,
        answer_3.array, strict=True,
    )  # fmt: skip
    return pd.Series([_messages(turn) for turn in turns], question.index, dtype=STRING)


def _messages(turns: tuple[object, ...]) -> str | None:
    said: list[dict[str, str]] = []
    for asked, told in zip(turns[::2], turns[1::2], strict=True):
        if not (isinstance(asked, str) and isinstance(told, str) and asked and told):
            break
        said += [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
    return json.dumps(said, ensure_ascii=False) if said else None
