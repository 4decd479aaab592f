"""One question to a model, and what comes of it: asked again where the form is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tamis.codes import BadRecord
from tamis.prompting.form import Form
from tamis.prompting.reply import Unfit, encodable
from tamis.prompting.thoughts import unthought

CHAT, PLAIN = "chat/completions", "completions"
_BEYOND = 1_000_000  # more samples than a row has: seeds of those asked for anew are nobody else's
_FORMAT = (
    "response_format",
    "json_schema",
    "json_object",
    "guided",
    "structured output",
    "grammar",
)


@dataclass
class Told:
    """What came of a question: a text, its data where it has a form, or why there is nothing."""

    text: str | None = None
    data: Any = None
    why: BadRecord | None = None
    skipped: str | None = None  # why nothing was asked
    tokens_in: int | None = None
    tokens_out: int | None = None
    items: list[Any] = field(default_factory=list)  # what rows are made of
    guessed: bool = False  # by a plan, which asks nobody

    @property
    def reason(self) -> str | None:
        """Why there is no answer: `<code>: <detail>`."""
        return self.skipped if self.why is None else f"{self.why.code}: {self.why.detail}"

    def spend(self, tokens_in: int | None, tokens_out: int | None) -> None:
        """Count the tokens of one request more."""
        if tokens_in is not None:
            self.tokens_in = (self.tokens_in or 0) + tokens_in
        if tokens_out is not None:
            self.tokens_out = (self.tokens_out or 0) + tokens_out


@dataclass(frozen=True)
class Question:
    """The messages for one row (or one of several samples of it), as the API has them."""

    api: str
    settings: dict[str, Any]  # of the body of the request: model, temperature, …
    messages: Sequence[dict[str, Any]]
    sample: int = 0
    form: Form | None = None
    repairs: int = 0
    truncated: str = "fail"
    empty: str = "fail"
    thoughts: str = "drop"

    async def settle(self, asker: Any) -> Told:
        """Ask, check, ask for another answer where it does not fit; never raises `BadRecord`."""
        told, asking = Told(), self
        try:
            messages = list(self.messages)
            for attempt in range(self.repairs + 1):
                reply = await asking._ask(asker, messages)
                told.spend(reply.tokens_in, reply.tokens_out)
                text = reply.usable(self.truncated).text
                if self.thoughts == "drop" or self.form is not None:
                    text = unthought(text)
                if not text.strip() and (self.form is not None or self.empty == "fail"):
                    if attempt == self.repairs:
                        raise BadRecord("prompt.empty", "the model answered with nothing")
                    asking = asking._anew()
                    continue
                if self.form is None:
                    told.text = text
                    break
                try:
                    told.data = self.form.read(text)
                    told.text = encodable(json.dumps(told.data, ensure_ascii=False))
                    break
                except BadRecord as bad:
                    if attempt == self.repairs:
                        raise
                    messages += _again(text, bad)
        except BadRecord as bad:
            told.why = BadRecord(bad.code, bad.detail)  # without what only the model is told
        return told

    def _anew(self) -> Question:
        """The same asked as another sample is: by another seed, where it has one."""
        if "seed" in self.settings:
            seed = self.settings["seed"] + _BEYOND
            return replace(self, settings=self.settings | {"seed": seed})
        return replace(self, sample=self.sample + _BEYOND)

    async def _ask(self, asker: Any, messages: Sequence[dict[str, Any]]) -> Any:
        """One reply, by the response format where the endpoint takes that, else in words."""
        format = None if self.form is None else self.form.asked()
        model = str(self.settings["model"])
        if format is not None and self.api == "chat" and model not in asker.unstructured:
            body = self.body(messages) | {"response_format": format}
            try:
                return await asker.ask(CHAT, body, self.sample)
            except BadRecord as bad:
                if bad.code != "prompt.request" or not _about_format(_full(bad)):
                    raise
                asker.unstructured.add(model)
        if self.form is not None and self.form.structured != "object":
            messages = [{"role": "system", "content": self.form.words()}, *messages]
        path = CHAT if self.api == "chat" else PLAIN
        return await asker.ask(path, self.body(messages), self.sample)

    def body(self, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The body of a request."""
        if self.api == "chat":
            return self.settings | {"messages": _joined(messages)}
        return self.settings | {"prompt": "\n\n".join(m["content"] for m in messages)}


def _again(text: str, bad: BadRecord) -> list[dict[str, Any]]:
    """What is said to an answer that does not fit."""
    asked = f"That does not fit: {_full(bad)}. Answer once more, with JSON alone that fits."
    return [{"role": "assistant", "content": text}, {"role": "user", "content": asked}]


def _full(bad: BadRecord) -> str:
    return bad.full if isinstance(bad, Unfit) else bad.detail


def _joined(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two system messages at the beginning as one: some templates of models take only that."""
    if len(messages) > 1 and messages[0]["role"] == messages[1]["role"] == "system":
        both = f"{messages[1]['content']}\n\n{messages[0]['content']}"
        return [{"role": "system", "content": both}, *messages[2:]]
    return list(messages)


def _about_format(detail: str) -> bool:
    return any(word in detail.lower() for word in _FORMAT)
